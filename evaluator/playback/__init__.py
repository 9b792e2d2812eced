"""Masks of a submission or ground truth as a file that a browser reads piece by piece. See `store`."""
