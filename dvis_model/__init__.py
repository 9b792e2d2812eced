"""DVIS (arXiv:2306.03413) in plain PyTorch: video instance, panoptic and semantic segmentation."""

from dvis_model.assembly import build
from dvis_model.checkpoint import CheckpointMismatch, load_checkpoint
from dvis_model.convert import CheckpointRefused
from dvis_model.inference import NotFinite, online_step
from dvis_model.memory import OutOfMemory
from dvis_model.outputs import VideoInstances, VideoPanoptic, VideoSemantic
from dvis_model.prediction import predict
from dvis_model.preprocess import FrameProblem

__all__ = [
    "CheckpointMismatch",
    "CheckpointRefused",
    "FrameProblem",
    "NotFinite",
    "OutOfMemory",
    "VideoInstances",
    "VideoPanoptic",
    "VideoSemantic",
    "build",
    "load_checkpoint",
    "online_step",
    "predict",
]
