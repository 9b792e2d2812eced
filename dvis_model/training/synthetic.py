"""Videos of the synthetic benchmark as training data, made in memory when they are needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dvis_model.categories import category_ids
from dvis_model.config import DvisConfig
from dvis_model.training.samples import Sample
from dvis_model.words import counted
from evaluator.catalog import BENCHMARKS
from evaluator.synthetic.clips.clip import Clip, make_clip
from evaluator.synthetic.clips.names import STUFF, THINGS, VIPSEG_NAMES, VOID

FRAMES: Final = 30
# A sample is of one of the newest videos, and one video more is drawn after this many steps: a video is drawn
# once, and serves for a while. So drawing takes a few hundredths of the time of a step.
NEWEST: Final = 64
STEPS_PER_VIDEO: Final = 2


class SyntheticVideos:
    """An endless row of synthetic videos, of which a step sees a part that moves on."""

    count: int | None = None

    def __init__(self, seed: int, config: DvisConfig, size: tuple[int, int], first: int = 0) -> None:
        """Draw videos of a seed, from number `first` on, of a size (height, width) in pixels.

        Raises:
            ValueError: the configuration has other classes.
        """
        self.seed, self.config, self.size, self.first = seed, config, size, first
        _classes(config)
        self._kept: OrderedDict[int, Clip] = OrderedDict()
        self._lock = Lock()

    def sample(self, rng: np.random.Generator, step: int, frames: int) -> Sample:
        """See `Videos`."""
        number = self.first + step // STEPS_PER_VIDEO + int(rng.integers(NEWEST))
        start = int(rng.integers(FRAMES - frames + 1))
        return to_sample(self._clip(number), self.config, slice(start, start + frames))

    def whole(self, number: int) -> Sample:
        """See `Videos`."""
        clip = make_clip(self.seed, self.first + number, frames=FRAMES, size=self.size)
        return to_sample(clip, self.config, slice(None))

    def _clip(self, number: int) -> Clip:
        with self._lock:
            if number not in self._kept:
                self._kept[number] = make_clip(self.seed, number, frames=FRAMES, size=self.size)
            self._kept.move_to_end(number)
            while len(self._kept) > 2 * NEWEST:
                self._kept.popitem(last=False)
            return self._kept[number]


def to_sample(clip: Clip, config: DvisConfig, window: slice) -> Sample:
    """Return some frames of a clip with the objects of a task: things, things and stuff, or classes."""
    of_thing, of_stuff = _classes(config)
    things = clip.things[window]
    kinds = np.array([of_thing[category] for category in clip.categories], dtype=np.int64)
    labels, masks = kinds, _masks(things, range(1, len(kinds) + 1))
    if config.task != "vis":
        behind = np.where(things > 0, VOID, clip.stuff[window])
        labels = np.concatenate([kinds, of_stuff])
        masks = np.concatenate([masks, _masks(behind, range(len(STUFF)))])
    if config.task == "vss":
        labels, number = np.unique(labels, return_inverse=True)
        masks = np.stack([masks[number == index].any(axis=0) for index in range(len(labels))])
    seen = masks.any(axis=(1, 2, 3))
    return Sample(clip.frames[window], labels[seen], masks[seen])


def _masks(numbers: NDArray[np.uint8], wanted: Iterable[int]) -> NDArray[np.bool_]:
    """Return where a map [T, H, W] has each of the numbers, [N, T, H, W]."""
    return np.stack([numbers == number for number in wanted])


@lru_cache(maxsize=8)
def _classes(config: DvisConfig) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the model's class of each of THINGS and of each of STUFF.

    Raises:
        ValueError: the model has other classes than the benchmark.
    """
    names = THINGS if config.task == "vis" else BENCHMARKS["vipseg"].classes
    if len(names) != config.num_classes:
        raise ValueError(
            f"The synthetic videos have {counted(len(names), 'class', 'classes')}, but {config.name} has "
            f"{config.num_classes}: use a configuration synthetic/{config.task}/..."
        )
    if config.task == "vis":
        return tuple(range(len(THINGS))), ()
    of_id = {number: index for index, number in enumerate(category_ids(config))}
    of_thing = [of_id[names.index(VIPSEG_NAMES.get(name, name))] for name in THINGS]
    return tuple(of_thing), tuple(of_id[names.index(name)] for name in STUFF)
