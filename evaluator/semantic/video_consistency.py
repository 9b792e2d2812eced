"""Video consistency (VC), as the official VSPW evaluation computes it (`VC_perclip.py`).

Miao et al., VSPW, CVPR 2021: of the pixels whose ground truth stays the same for n frames, the share whose
prediction stays the same too, averaged over the windows of n frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import BYTES_IN, compiled

_OLDEST = np.uint8(255)
Map = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ConsistencyStat:
    """Per window length, float64 [W]: the sum of the scores of all windows, and how many these are."""

    score: NDArray[np.float64]
    windows: NDArray[np.float64]

    @classmethod
    def empty(cls, windows: int) -> ConsistencyStat:
        return cls(np.zeros(windows), np.zeros(windows))

    def vc(self, row: int) -> float | None:
        """Return the mean over the windows of one length (of all videos alike); None if there is none."""
        return float(self.score[row] / self.windows[row]) if self.windows[row] else None


class ConsistencyMeter:
    """Measures one video of `length` frames in a single pass; the sums are in `stat`."""

    def __init__(self, length: int, windows: Sequence[int]) -> None:
        self.stat = ConsistencyStat.empty(len(windows))
        self._length = length
        self._windows = windows
        self._frame = 0
        self._before: tuple[Map, Map] | None = None
        self._ages: tuple[Map, Map] | None = None

    def add(self, truth: Map, predicted: Map) -> None:
        """Add the next frame: the values [pixels] of both maps. Void is a value like others."""
        if self._before is None or self._ages is None:
            self._ages = (np.zeros_like(truth), np.zeros_like(predicted))
        else:
            _grow(truth, self._before[0], self._ages[0])
            _grow(predicted, self._before[1], self._ages[1])
        self._before = (truth, predicted)
        for row, n in enumerate(self._windows):
            # Official quirk: the last window of a video is left out, so one of n frames has none at all.
            if n - 1 <= self._frame <= self._length - 2:
                self._end_window(row, n, *self._ages)
        self._frame += 1

    def _end_window(self, row: int, n: int, truth_age: Map, predicted_age: Map) -> None:
        base, common = _count(truth_age, predicted_age, n - 1)
        # Official quirk: a window in which no pixel keeps its true value is skipped, and whether a prediction
        # that stays the same is right or wrong does not matter.
        if base:
            self.stat.score[row] += common / base
            self.stat.windows[row] += 1


@compiled(f"void({BYTES_IN}, {BYTES_IN}, uint8[::1])")
def _grow(now: Map, past: Map, age: Map) -> None:
    """Write to `age` for how many frames before this one a pixel has had its value, at most 255."""
    for i in range(age.size):
        older = age[i] + np.uint8(1) if age[i] < _OLDEST else _OLDEST
        age[i] = np.uint8(older) if now[i] == past[i] else np.uint8(0)


@compiled(f"UniTuple(int64, 2)({BYTES_IN}, {BYTES_IN}, int64)")
def _count(truth_age: Map, predicted_age: Map, least: int) -> tuple[int, int]:
    """Return how many pixels have had their true value, and both their values, for `least` frames before."""
    limit = np.uint8(least)
    base, common = 0, 0
    for start in range(0, truth_age.size, 128):
        # Counting 128 pixels in bytes first lets the compiler use whole vectors.
        stop = min(start + 128, truth_age.size)
        some, both = np.uint8(0), np.uint8(0)
        for i in range(start, stop):
            old = np.uint8(truth_age[i] >= limit)
            some = np.uint8(some + old)
            both = np.uint8(both + (old & np.uint8(predicted_age[i] >= limit)))
        base += int(some)
        common += int(both)
    return base, common
