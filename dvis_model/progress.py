"""Follows a prediction: how far it is, what each stage took, and whether to stop."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

import torch

Stage = Literal["input", "segmenter", "tracker", "refiner", "masks"]
# ru_maxrss counts in KiB, on macOS in bytes.
RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class Progress:
    """Follows `predict` through one video, or through several, one after another: seconds add up.

    Attributes:
        stage: the one at work, or the last one.
        frames: number of frames of the present video that have gone through this stage.
        seconds: by stage; input is reading, resizing and normalising frames, masks all that follows the
            network.
        peak_memory_bytes: the most that was in use: of the GPU since this object was made, else of the
            process since it was started.
    """

    def __init__(self, on_window: Callable[[Progress], None] | None = None) -> None:
        """Follow a prediction.

        Args:
            on_window: called after each window of the segmenter, after the refiner and after each window of
                the masks. What it raises stops the prediction and reaches the caller of `predict`.
        """
        self.stage: Stage = "input"
        self.frames = 0
        self.seconds: dict[Stage, float] = {}
        self.peak_memory_bytes = 0
        self._on_window = on_window

    @contextmanager
    def timed(self, stage: Stage, device: torch.device) -> Iterator[None]:
        """Count the time of what is done within, on a GPU too, where it is done later."""
        begin = time.perf_counter()
        try:
            yield
            if device.type == "cuda":
                torch.cuda.synchronize(device)
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin

    def advance(self, stage: Stage, frames: int, device: torch.device) -> None:
        """Count frames that have gone through a stage, and report it."""
        self.frames = frames + (self.frames if stage == self.stage else 0)
        self.stage = stage
        self.peak_memory_bytes = max(self.peak_memory_bytes, peak_memory_bytes(device))
        if self._on_window is not None:
            self._on_window(self)

    def restart(self, device: torch.device) -> None:
        """Begin a video."""
        self.stage, self.frames = "input", 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)


def peak_memory_bytes(device: torch.device) -> int:
    """Return the most memory that was in use: of the GPU since its count was reset, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
