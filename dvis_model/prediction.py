"""Frames in, results out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from numbers import Integral
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from dvis_model.config import DvisConfig
from dvis_model.inference import MaskWindows, VideoOutput, run_offline, run_online
from dvis_model.memory import freed_memory_kept, spool_bytes
from dvis_model.model import Dvis
from dvis_model.outputs import VideoResult
from dvis_model.postprocess import class_scores, to_instances, to_panoptic, to_semantic
from dvis_model.preprocess import (
    Frame,
    FrameProblem,
    FrameSizes,
    checked_frames,
    frame_sizes,
    network_input,
    windows,
)
from dvis_model.progress import Progress
from dvis_model.spool import TensorSpool

Precision = Literal["float32", "float16", "bfloat16"]


@torch.no_grad()
def predict(
    model: Dvis,
    frames: Iterable[Any],
    *,
    height: int | None = None,
    width: int | None = None,
    short_side: int | None = None,
    window_size: int | None = None,
    precision: Precision = "float32",
    progress: Progress | None = None,
) -> VideoResult:
    """Segment a video.

    Frames are taken one window at a time. Without a refiner, memory does not grow with their number; with
    one, only by the queries'. A result of more than 16 MiB is an array that a file without a name holds.

    Args:
        model: on whichever device; `model.double()` decides every threshold as exact numbers would.
        frames: uint8 RGB, [T, h, w, 3] or an iterable of [h, w, 3], all of one size.
        height, width: of the result in pixels; None: of the frames.
        short_side: to which frames are resized; None: as the configuration says; 0: not at all.
        window_size: frames segmented together; None: as the configuration says. Does not change the result.
            If memory runs out, half as many are tried, once.
        precision: the shorter types are faster where the processor has them. float16, the official results'
            type, rounds eight times less than bfloat16, but overflows beyond 65,504. The pixel decoder and
            matching stay in float32.
        progress: follows each window, counts seconds and memory by stage, and may stop the prediction.

    Raises:
        ValueError: no such precision, or a size or window that is not a number of pixels or frames.
        FrameProblem: no frame, or one that is not as it must be.
        OutOfMemory: not even a smaller window fits.
        NotFinite: the network's output is not a number.
    """
    if precision not in get_args(Precision):
        raise ValueError(
            f"Expected precision to be one of {', '.join(get_args(Precision))}, but got {precision!r}"
        )
    lengths = {"height": height, "width": width, "window_size": window_size}
    for name, length in lengths.items():
        if length is not None and not (isinstance(length, Integral) and length >= 1):
            raise ValueError(f"Expected {name} to be at least 1, but got {length!r}")
    if short_side is not None and short_side < 0:
        raise ValueError(f"Expected short_side to be at least 0, but got {short_side}")
    progress = progress or Progress()
    example = model.example
    device = example.device
    progress.restart(device)
    stream = checked_frames(frames)
    first = next(stream, None)
    if first is None:
        raise FrameProblem("Expected at least one frame, but got none")
    original = (first.shape[0], first.shape[1])
    sizes = frame_sizes(original, model.config, short_side=short_side, output=(height, width))
    inputs = _inputs(
        windows(chain([first], stream), window_size or model.config.window_size),
        sizes,
        model.config,
        example,
        progress,
    )
    shorter = torch.autocast(device.type, getattr(torch, precision), enabled=precision != "float32")
    with freed_memory_kept(), TensorSpool(spool_bytes(device)) as spool:
        run = run_online if model.refiner is None else run_offline
        with shorter:
            video = run(model, inputs, spool, progress=progress)
        watched = replace(video, masks=_WatchedMasks(video.masks, progress, device))
        with progress.timed("masks", device):
            return to_result(watched, sizes, model.config)


def _inputs(
    parts: Iterator[list[Frame]],
    sizes: FrameSizes,
    config: DvisConfig,
    example: Tensor,
    progress: Progress,
) -> Iterator[Tensor]:
    while True:
        with progress.timed("input", example.device):
            part = next(parts, None)
            if part is None:
                return
            window = network_input(part, sizes, config, example)
        yield window


@dataclass(frozen=True, slots=True)
class _WatchedMasks:
    """Mask windows whose reading can be followed, and stopped."""

    masks: MaskWindows
    progress: Progress
    device: torch.device

    @property
    def num_frames(self) -> int:
        return self.masks.num_frames

    def __call__(self, query_ids: Tensor) -> Iterator[Tensor]:
        for window in self.masks(query_ids):
            yield window
            self.progress.advance("masks", window.shape[1], self.device)


def to_result(video: VideoOutput, sizes: FrameSizes, config: DvisConfig) -> VideoResult:
    """Return the result of a configuration's task."""
    scores = class_scores(video.class_logits, video.online_class_logits)
    match config.task:
        case "vis":
            return to_instances(scores, video.masks, sizes, max_num=config.max_num)
        case "vps":
            return to_panoptic(
                scores,
                video.masks,
                sizes,
                num_things=config.num_things,
                object_mask_threshold=config.object_mask_threshold,
                overlap_threshold=config.overlap_threshold,
            )
        case "vss":
            return to_semantic(scores, video.masks, sizes)
