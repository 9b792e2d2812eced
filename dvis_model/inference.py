"""Runs the model over a video, window by window, online or offline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from dvis_model.layers import mask_product
from dvis_model.memory import is_out_of_memory, out_of_memory
from dvis_model.model import Dvis
from dvis_model.outputs import SegmenterOutput, TrackerOutput, TrackerState
from dvis_model.progress import Progress
from dvis_model.spool import TensorSpool


class NotFinite(ArithmeticError):
    """The network's output is not a number."""


@dataclass(frozen=True, slots=True)
class OnlineState:
    """The memory that the next window of a video needs of all windows before it.

    Attributes:
        tracker: the tracker's state after the last frame.
        class_logit_sum: [Q, K + 1], the sum over all frames so far.
        num_frames: number of frames accumulated so far.
    """

    tracker: TrackerState
    class_logit_sum: Tensor
    num_frames: int

    @property
    def class_logits(self) -> Tensor:
        """The mean over all frames so far [Q, K + 1], which decides the video's classes."""
        return self.class_logit_sum / self.num_frames


@dataclass(frozen=True, slots=True)
class OnlineOutput:
    """A window of T frames.

    Attributes:
        segmented: the frames, each on its own.
        tracked: the same, query k one object through the whole video.
        mask_features: [T, D, h, w], to go with the tracks' mask embeddings.
    """

    segmented: SegmenterOutput
    tracked: TrackerOutput
    mask_features: Tensor

    @property
    def mask_logits(self) -> Tensor:
        """[Q, T, h, w], a quarter of the padded frames' size."""
        return mask_product(self.tracked.mask_embeddings, self.mask_features).transpose(0, 1)


class MaskWindows(Protocol):
    """Mask logits of a whole video, made window by window when they are asked for."""

    @property
    def num_frames(self) -> int:
        """The number of frames of the whole video."""

    def __call__(self, query_ids: Tensor) -> Iterator[Tensor]:
        """Yield the logits [N, t, h, w] of N queries, one window after another."""


@dataclass(frozen=True, slots=True)
class VideoOutput:
    """A whole video.

    Attributes:
        class_logits: [Q, K + 1].
        online_class_logits: [Q, K + 1], the tracker's mean, where `class_logits` are the refiner's.
        masks: a quarter of the padded frames' size.
        tracker: state after the last frame.
    """

    class_logits: Tensor
    online_class_logits: Tensor | None
    masks: MaskWindows
    tracker: TrackerState


def online_step(
    model: Dvis, frames: Tensor, state: OnlineState | None, progress: Progress | None = None
) -> tuple[OnlineOutput, OnlineState]:
    """Segment and track the next frames of a live video.

    Args:
        frames: [T, 3, H, W], normalised and padded; T = 1 is fine.
        state: returned by the call before; None at the start of a video.
        progress: where seconds are counted.

    Raises:
        NotFinite: the network's output is not a number.
    """
    progress = progress or Progress()
    with progress.timed("segmenter", frames.device):
        segmented = model.segment(frames)
    with progress.timed("tracker", frames.device):
        tracked, tracker = model.tracker(segmented, None if state is None else state.tracker)
        features = model.tracker.project(segmented.mask_features)
    logits = tracked.class_logits.float()
    if not torch.isfinite(logits).all():
        raise NotFinite(
            "The class logits are not finite. Check the weights, and the range if the type is short."
        )
    total = logits.sum(dim=0)
    output = OnlineOutput(segmented, tracked, features)
    if state is not None and state.num_frames:
        total = state.class_logit_sum + total
    return output, OnlineState(tracker, total, len(frames) + (0 if state is None else state.num_frames))


def run_online(
    model: Dvis,
    windows: Iterable[Tensor],
    spool: TensorSpool,
    tracker: TrackerState | None = None,
    progress: Progress | None = None,
) -> VideoOutput:
    """Run segmenter and tracker over a video.

    Args:
        windows: [T, 3, H, W] each.
        spool: where the frames' features wait until all classes are known.
        tracker: to continue a video: the state after its last frame.
        progress: follows each window.

    Raises:
        ValueError: no frame.
    """
    state = None
    for output, after in _steps(model, windows, tracker, progress or Progress()):
        state = after
        spool.append(output.mask_features, output.tracked.mask_embeddings)
    if state is None:
        raise ValueError("Expected at least one frame, but got none")
    return VideoOutput(state.class_logits, None, _OnlineMasks(spool, state.num_frames), state.tracker)


def run_offline(
    model: Dvis,
    windows: Iterable[Tensor],
    spool: TensorSpool,
    tracker: TrackerState | None = None,
    progress: Progress | None = None,
) -> VideoOutput:
    """Run segmenter and tracker over a video, then the refiner over all of it; see `run_online`."""
    if model.refiner is None:
        raise ValueError("Expected a model with a temporal refiner, but this one has none")
    progress = progress or Progress()
    device = model.example.device
    state, queries, memory = None, [], []
    for output, after in _steps(model, windows, tracker, progress):
        state = after
        spool.append(output.segmented.mask_features)
        queries.append(output.tracked.queries)
        with progress.timed("refiner", device):
            memory.append(model.tracker.frame_memory(output.segmented))
    if state is None:
        raise ValueError("Expected at least one frame, but got none")
    with progress.timed("refiner", device):
        refined = model.refiner(torch.cat(queries), torch.cat(memory))
    progress.advance("refiner", state.num_frames, device)
    masks = _OfflineMasks(spool, refined.mask_embeddings)
    return VideoOutput(refined.class_logits.float(), state.class_logits, masks, state.tracker)


def _steps(
    model: Dvis, windows: Iterable[Tensor], tracker: TrackerState | None, progress: Progress
) -> Iterator[tuple[OnlineOutput, OnlineState]]:
    """Yield each window's output and the state after it.

    The first window continues `tracker`, but not its classes: those are of this video alone. If memory runs
    out, the window is split, and so are all after it; once.
    """
    state = None if tracker is None else OnlineState(tracker, torch.zeros(()), 0)
    limit: int | None = None
    for window in windows:
        waiting = list(window.split(limit or len(window)))
        while waiting:
            part = waiting.pop(0)
            try:
                output, state = online_step(model, part, state, progress)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if limit is not None or len(part) == 1:
                    raise out_of_memory(error, len(part), *part.shape[-2:]) from error
                limit = len(part) // 2
                waiting[:0] = part.split(limit)
                continue
            yield output, state
            progress.advance("segmenter", len(part), part.device)


@dataclass(frozen=True, slots=True)
class _OnlineMasks:
    spool: TensorSpool
    num_frames: int

    def __call__(self, query_ids: Tensor) -> Iterator[Tensor]:
        for index in range(len(self.spool)):
            features, embeddings = self.spool[index]
            yield mask_product(embeddings[:, query_ids], features).transpose(0, 1)


@dataclass(frozen=True, slots=True)
class _OfflineMasks:
    spool: TensorSpool
    embeddings: Tensor

    @property
    def num_frames(self) -> int:
        return len(self.embeddings)

    def __call__(self, query_ids: Tensor) -> Iterator[Tensor]:
        chosen = self.embeddings[:, query_ids]
        start = 0
        for index in range(len(self.spool)):
            (features,) = self.spool[index]
            yield mask_product(chosen[start : start + len(features)], features).transpose(0, 1)
            start += len(features)
