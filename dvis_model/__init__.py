"""DVIS (arXiv:2306.03413) in plain PyTorch: video instance, panoptic and semantic segmentation.

A run over many videos, which may be stopped and continued:

    model = build("ovis/DVIS_Offline_R50")
    load_checkpoint(model, "dvis.safetensors")
    model.to("cuda")
    progress = Progress(on_window=stop_if_cancelled)  # may raise; `predict` then ends with the same exception
    for video in find_videos(Path("frames/")):  # folders of pictures
        part = Path("parts", f"{video.name}.zip")
        if not part.exists():  # a part is written whole or not at all
            result = predict(model, video.frames(), precision="bfloat16", progress=progress)
            write_video(part, model.config, ids[video.name], video.frame_names(result.num_frames), result)
        parts.append(part)
    assemble(parts, Path("submission.zip"), model.config)
    progress.seconds, progress.peak_memory_bytes  # by stage; of the run

Live video goes frame by frame, the state of one step being an argument of the next:

    sizes = frame_sizes((height, width), model.config)
    output, state = online_step(model, network_input([frame], sizes, model.config, model.example), state)
    output.mask_logits, state.class_logits
"""

from dvis_model.assembly import build
from dvis_model.checkpoint import CheckpointMismatch, load_checkpoint
from dvis_model.convert import CheckpointHoldsCode, CheckpointRefused
from dvis_model.export import assemble, write_video
from dvis_model.inference import NotFinite, online_step
from dvis_model.memory import OutOfMemory
from dvis_model.outputs import VideoInstances, VideoPanoptic, VideoSemantic
from dvis_model.prediction import Precision, predict
from dvis_model.preprocess import FrameProblem, frame_sizes, network_input
from dvis_model.progress import Progress
from dvis_model.video_files import find_videos

__all__ = [
    "CheckpointHoldsCode",
    "CheckpointMismatch",
    "CheckpointRefused",
    "FrameProblem",
    "NotFinite",
    "OutOfMemory",
    "Precision",
    "Progress",
    "VideoInstances",
    "VideoPanoptic",
    "VideoSemantic",
    "assemble",
    "build",
    "find_videos",
    "frame_sizes",
    "load_checkpoint",
    "network_input",
    "online_step",
    "predict",
    "write_video",
]
