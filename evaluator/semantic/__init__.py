"""Video semantic segmentation: reading, checking, mIoU and VC."""
