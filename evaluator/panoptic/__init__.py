"""Video panoptic segmentation: reading, checking, VPQ and STQ."""
