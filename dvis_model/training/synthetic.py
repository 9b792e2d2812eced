"""Videos of the synthetic benchmark as training data, made in memory when they are needed."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

import numpy as np

from dvis_model.config import Task
from dvis_model.training.samples import Sample
from evaluator.synthetic.clips.clip import Clip, make_clip
from evaluator.synthetic.clips.names import STUFF, VOID

FRAMES: Final = 30
# A sample is of one of the newest videos, and one video more is drawn after this many steps: a video is drawn
# once, and serves for a while. So drawing takes a few hundredths of the time of a step.
NEWEST: Final = 64
STEPS_PER_VIDEO: Final = 2


class SyntheticVideos:
    """An endless row of synthetic videos, of which a step sees a part that moves on."""

    def __init__(self, seed: int, task: Task, size: tuple[int, int], first: int = 0) -> None:
        """Draw videos of a seed, from number `first` on, of a size (height, width) in pixels."""
        self.seed, self.task, self.size, self.first = seed, task, size, first
        self._kept: OrderedDict[int, Clip] = OrderedDict()
        self._lock = Lock()

    def sample(self, rng: np.random.Generator, step: int, frames: int) -> Sample:
        """See `Videos`."""
        number = self.first + step // STEPS_PER_VIDEO + int(rng.integers(NEWEST))
        start = int(rng.integers(FRAMES - frames + 1))
        return to_sample(self._clip(number), self.task, slice(start, start + frames))

    def _clip(self, number: int) -> Clip:
        with self._lock:
            if number not in self._kept:
                self._kept[number] = make_clip(self.seed, number, frames=FRAMES, size=self.size)
            self._kept.move_to_end(number)
            while len(self._kept) > 2 * NEWEST:
                self._kept.popitem(last=False)
            return self._kept[number]


def to_sample(clip: Clip, task: Task, window: slice) -> Sample:
    """Return some frames of a clip with the objects of a task: things, things and stuff, or classes."""
    things = clip.things[window]
    labels = np.array(clip.categories, dtype=np.int64)
    numbers = np.arange(1, len(labels) + 1)
    masks = things[None] == numbers[:, None, None, None].astype(np.uint8)
    seen = masks.any(axis=(1, 2, 3))
    return Sample(clip.frames[window], labels[seen], masks[seen])


__all__ = ["STUFF", "VOID", "SyntheticVideos", "to_sample"]
