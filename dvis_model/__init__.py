"""DVIS (arXiv:2306.03413) in plain PyTorch: video instance, panoptic and semantic segmentation."""

from dvis_model.assembly import build
from dvis_model.prediction import predict

__all__ = ["build", "predict"]
