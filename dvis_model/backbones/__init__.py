"""Frames to feature maps at strides 4, 8, 16 and 32, called res2 to res5."""
