"""Compares two submissions, or all rows of a leaderboard, by their bootstrap (see docs/statistics.md).

A *sample* is what a metric was in every draw of the videos (`Report.samples`), None where it was undefined.
Samples of one split with the same number of draws and seed come from the same draws, so they are compared
draw by draw: what makes a draw hard for both cancels out.

A light module (standard library alone): the site computes these for its pages.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import Final, Generic, TypeVar

Sample = Sequence[float | None]
Key = TypeVar("Key", bound=Hashable)

SIGNIFICANT: Final = 0.05
"""A difference counts as one up to this p, which is when 0 lies outside of its 95 % interval."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The lead of A over B: `delta` with its 95 % interval, and the two-sided `p` of no difference.

    `resamples` is the number of draws that it rests on: those in which both are defined.
    """

    delta: float
    low: float
    high: float
    p: float
    resamples: int

    @property
    def significant(self) -> bool:
        return self.p <= SIGNIFICANT

    @property
    def p_text(self) -> str:
        """p with two significant digits: "0.004", "0.012", "0.4"; "< 0.002" where no draw crossed zero.

        So many draws cannot show a smaller one.
        """
        text = f"{self.p:.2g}"
        return f"< {text}" if self.p <= 2 / (self.resamples + 1) else text

    @property
    def p_phrase(self) -> str:
        """The same as sentences have it: "p = 0.04", "p < 0.002"."""
        return f"p {self.p_text}" if self.p_text.startswith("<") else f"p = {self.p_text}"


@dataclass(frozen=True, slots=True)
class RankInterval:
    """A rank counted from 1, and the best and worst rank that the data leave possible."""

    rank: int
    low: int
    high: int


def difference(a: float, b: float, samples_a: Sample, samples_b: Sample) -> Difference | None:
    """Compare two submissions to one split by a metric; None if no draw has both of them.

    The differences of the draws, moved so that their mean is `a - b`, show how far the difference would
    scatter around its true value (moved, because some metrics lie higher in every draw than on all videos).
    With B draws and k of these differences at 0 or beyond, p = 2 (k + 1) / (B + 1), at most 1 and never 0
    (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 4.4). The interval ends at
    the (B + 1) / 40-th smallest and largest: it holds 0 exactly where p is above 0.05.

    Args:
        a, b: the metric on all videos.
        samples_a, samples_b: the metric in each draw, of the same draws.

    Raises:
        ValueError: the samples differ in length, so they are not of the same draws.

    >>> found = difference(0.5, 0.4, [0.52, 0.5, 0.48] * 33, [0.41, 0.4, 0.39] * 33)
    >>> round(found.low, 3), round(found.high, 3), found.p
    (0.09, 0.11, 0.02)
    """
    _check_lengths((samples_a, samples_b))
    pairs = zip(samples_a, samples_b, strict=True)
    found = [first - second for first, second in pairs if first is not None and second is not None]
    if not found:
        return None
    delta = a - b
    shift = delta - fmean(found)
    moved = sorted(value + shift for value in found)
    beyond = min(sum(value <= 0 for value in moved), sum(value >= 0 for value in moved))
    p = min(1.0, 2 * (beyond + 1) / (len(moved) + 1))
    tail = max(1, (len(moved) + 1) // 40)
    return Difference(delta, moved[tail - 1], moved[-tail], p, len(moved))


def rank_intervals(
    values: Mapping[Key, float], samples: Mapping[Key, Sample], *, higher_is_better: bool = True
) -> dict[Key, RankInterval]:
    """Return the rank of each row of a board and the ranks that are possible, at 95 % for all rows at once.

    A row comes after all rows that are surely better than it and before all that it surely beats, which
    leaves the ranks between (Mogstad, Romano, Shaikh and Wilhelm, Inference for Ranks, Review of Economic
    Studies, 2024). "Surely" is meant for the whole board: see `tie_groups`. Equal values share a rank.

    Args:
        values: the metric of each row on all videos.
        samples: the metric of the same rows in each draw, of the same draws.

    Raises:
        ValueError: the keys differ, or the lengths of the samples.
    """
    board = _Board(values, samples, higher_is_better)
    ranks = {}
    for key, value in board.values.items():
        better = sum(other > value for other in board.values.values())
        above = sum(board.beats(other, key) for other in board.values)
        below = sum(board.beats(key, other) for other in board.values)
        ranks[key] = RankInterval(better + 1, above + 1, len(board.values) - below)
    return ranks


def tie_groups(
    values: Mapping[Key, float], samples: Mapping[Key, Sample], *, higher_is_better: bool = True
) -> list[list[Key]]:
    """Return the rows of a board, best first, in groups whose leader does not surely beat the others.

    The first row leads a group; the first one that the leader surely beats leads the next. A row surely
    beats another if its lead is more than z standard deviations of the paired difference in the draws, where
    z leaves a chance of 5 % that any of the n (n - 1) / 2 pairs of the board is declared different by mistake
    (Bonferroni): among many equal methods the best and the worst differ a lot by chance alone, so the test
    of a single pair, as `difference` has it, would split almost every long board.

    Args, Raises: as for `rank_intervals`.
    """
    board = _Board(values, samples, higher_is_better)
    groups: list[list[Key]] = []
    for key in sorted(board.values, key=lambda key: -board.values[key]):
        if groups and not board.beats(groups[-1][0], key):
            groups[-1].append(key)
        else:
            groups.append([key])
    return groups


class _Board(Generic[Key]):
    """Rows with their draws; `values` are turned so that higher is better."""

    def __init__(
        self, values: Mapping[Key, float], samples: Mapping[Key, Sample], higher_is_better: bool
    ) -> None:
        if values.keys() != samples.keys():
            raise ValueError(f"Expected samples of the rows {list(values)}, but got {list(samples)}")
        rows = [samples[key] for key in values]
        _check_lengths(rows)
        self.values: dict[Key, float] = {
            key: value if higher_is_better else -value for key, value in values.items()
        }
        complete = [draw for draw in zip(*rows, strict=True) if None not in draw]
        columns = zip(*complete, strict=True) if complete else ((),) * len(values)
        self._scatter = {key: _centre(column) for key, column in zip(values, columns, strict=True)}
        pairs = max(1, len(values) * (len(values) - 1) // 2)
        z = NormalDist().inv_cdf(1 - SIGNIFICANT / 2 / pairs)
        # With fewer than two draws nothing is known of the scatter, and nothing is sure.
        self._factor = z / math.sqrt(len(complete) - 1) if len(complete) > 1 else math.inf

    def beats(self, first: Key, second: Key) -> bool:
        """True if the first row is better than the second beyond chance."""
        lead = self.values[first] - self.values[second]
        if lead <= 0 or math.isinf(self._factor):
            return False
        return lead > self._factor * math.dist(self._scatter[first], self._scatter[second])


def pack_samples(sample: Sample) -> bytes:
    """Return a sample as bytes, for storage: a little-endian float32 each, NaN for None."""
    return struct.pack(f"<{len(sample)}f", *(math.nan if value is None else value for value in sample))


def unpack_samples(packed: bytes) -> list[float | None]:
    """Return what was packed, rounded to float32. Raises ValueError for bytes that are not whole numbers."""
    if len(packed) % 4:
        raise ValueError(f"Expected four bytes a draw, but got {len(packed)} bytes")
    return [None if math.isnan(value) else value for (value,) in struct.iter_unpack("<f", packed)]


def _centre(column: Sequence[float]) -> tuple[float, ...]:
    mean = fmean(column) if column else 0.0
    return tuple(value - mean for value in column)


def _check_lengths(samples: Sequence[Sample]) -> None:
    lengths = {len(sample) for sample in samples}
    if len(lengths) > 1:
        raise ValueError(f"Expected samples of the same draws, but got {sorted(lengths)} draws")
