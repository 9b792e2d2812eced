"""Which rows of a large board surely beat which: `comparison.rank_intervals` and `tie_groups` of 10,000 rows.

A row surely beats another if its lead is more than z standard deviations of the paired difference in the
draws. What is kept for each row are two counts, of those that surely beat it and of those that it surely
beats: a new row changes them by one vector of comparisons, and a removed one by the same vector. z is
Bonferroni's for a board of the next power of two of rows, so that it stays as it is while a board grows, and
is never less strict than that of the rows there are. Draws in which one of a pair is undefined are left out
of that pair alone.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evaluator.statistics.comparison import SIGNIFICANT

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Rows that are compared with all others at once: blocks of 2 MB for 1,000 draws.
_BLOCK: Final = 512
# Of a sum of squares in single precision; what lies closer to the threshold is computed in double precision.
_ROUNDING: Final = 4e-6


def power_for(rows: int) -> int:
    """Return for how many rows the threshold of a board is made: the next power of two, at least 2.

    >>> power_for(0), power_for(2), power_for(3), power_for(10_000)
    (2, 2, 4, 16384)
    """
    return max(2, 1 << (rows - 1).bit_length()) if rows > 0 else 2


def threshold(power: int) -> float:
    """Return z, in standard deviations, for a board of `power` rows.

    >>> round(threshold(2), 2), round(threshold(16384), 2)
    (1.96, 6.2)
    """
    return NormalDist().inv_cdf(1 - SIGNIFICANT / (power * (power - 1)))


@dataclass(frozen=True, slots=True)
class Draws:
    """Rows of a board with one metric, in any order.

    Attributes:
        values: the metric on all videos, float64, shape (rows,); higher is better.
        centred: the metric in each draw less the row's mean, 0 where it is undefined, float32, shape (rows,
            draws).
        defined: where it is defined, or None where it is defined everywhere.
    """

    values: npt.NDArray[np.float64]
    centred: Floats
    defined: Flags | None

    @classmethod
    def of(cls, values: Any, samples: Any, *, higher_is_better: bool = True) -> "Draws":
        """Prepare rows.

        Args:
            values: floats, shape (rows,).
            samples: floats, NaN where undefined, shape (rows, draws); of the same draws.

        Raises:
            ValueError: the shapes do not agree.
        """
        turned = np.asarray(values, np.float64) * (1 if higher_is_better else -1)
        table = np.asarray(samples, np.float32)
        if table.ndim != 2 or turned.shape != table.shape[:1]:
            raise ValueError(
                f"Expected draws of each value, but got the shapes {turned.shape} and {table.shape}"
            )
        undefined = np.isnan(table)
        if not undefined.any():
            return cls(
                turned, table - table.mean(1, dtype=np.float64, keepdims=True).astype(np.float32), None
            )
        filled = np.where(undefined, np.float32(0), table)
        number = np.maximum(1, table.shape[1] - undefined.sum(1, keepdims=True))
        mean = (filled.sum(1, dtype=np.float64, keepdims=True) / number).astype(np.float32)
        return cls(turned, np.where(undefined, np.float32(0), table - mean), ~undefined)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Any) -> "Draws":
        """Return some of the rows: indices, a mask or a slice."""
        return Draws(
            self.values[rows], self.centred[rows], None if self.defined is None else self.defined[rows]
        )


def counts(draws: Draws, z: float) -> tuple[Counts, Counts]:
    """Compare all pairs: how many rows surely beat each one, and how many it surely beats, shape (rows,)."""
    order = np.argsort(-draws.values, kind="stable")
    ordered = draws.take(order)
    above, below = np.zeros(len(draws), np.int64), np.zeros(len(draws), np.int64)
    for start in range(0, len(draws), _BLOCK):
        block = ordered.take(slice(start, start + _BLOCK))
        for other in range(start, len(draws), _BLOCK):
            beats = _beats(block, ordered.take(slice(other, other + _BLOCK)), z)
            below[order[start : start + _BLOCK]] += beats.sum(1)
            above[order[other : other + _BLOCK]] += beats.sum(0)
    return above, below


def against(draws: Draws, one: Draws, z: float) -> tuple[Flags, Flags]:
    """Compare a single row with all of a board: which ones surely beat it, and which it surely beats."""
    better, worse = np.zeros(len(draws), np.bool_), np.zeros(len(draws), np.bool_)
    for start in range(0, len(draws), _BLOCK):
        part = slice(start, start + _BLOCK)
        better[part] = _beats(draws.take(part), one, z)[:, 0]
        worse[part] = _beats(one, draws.take(part), z)[0]
    return better, worse


def groups(draws: Draws, z: float) -> npt.NDArray[np.int64]:
    """Return the number of each row's tie group, from 0, the best first; see `comparison.tie_groups`."""
    order = np.argsort(-draws.values, kind="stable")
    ordered = draws.take(order)
    numbers = np.zeros(len(draws), np.int64)
    for number, (begin, end) in enumerate(_spans(ordered, z)):
        numbers[order[begin:end]] = number
    return numbers


def _spans(ordered: Draws, z: float) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each group of rows that are sorted, the best first."""
    begin = 0
    while begin < len(ordered):
        leader, end = ordered.take(slice(begin, begin + 1)), len(ordered)
        for start in range(begin + 1, len(ordered), _BLOCK):
            beaten = _beats(leader, ordered.take(slice(start, start + _BLOCK)), z)[0]
            if beaten.any():
                end = start + int(beaten.argmax())
                break
        yield begin, end
        begin = end


def _beats(first: Draws, second: Draws, z: float) -> Flags:
    """Return whether each row of `first` surely beats each of `second`, shape (first, second)."""
    lead = first.values[:, None] - second.values
    number, scatter, size = _scatter(first, second)
    # lead > z * sqrt(scatter / (number - 1)), without a root.
    allowed = np.square(lead) * np.maximum(number - 1, 0) / z**2
    sure: Flags = (lead > 0) & (number > 1) & (scatter < allowed)
    close = (lead > 0) & (number > 1) & (np.abs(scatter - allowed) <= _ROUNDING * size)
    for i, j in zip(*np.nonzero(close), strict=True):
        sure[i, j] = _scatter_exactly(first, second, int(i), int(j)) < allowed[i, j]
    return sure


def _scatter(first: Draws, second: Draws) -> tuple[Any, Floats, Floats]:
    """Return, of each pair: draws with both, the difference's sum of squares in them, its largest term."""
    a, b = first.centred, second.centred
    product = a @ b.T
    if first.defined is None and second.defined is None:
        size = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
        return a.shape[1], np.maximum(size - 2 * product, 0), size
    here = np.ones(a.shape, np.float32) if first.defined is None else first.defined.astype(np.float32)
    there = np.ones(b.shape, np.float32) if second.defined is None else second.defined.astype(np.float32)
    number = here @ there.T
    size = np.square(a) @ there.T + here @ np.square(b).T
    total = a @ there.T - here @ b.T
    return number, np.maximum(size - 2 * product - np.square(total) / np.maximum(number, 1), 0), size


def _scatter_exactly(first: Draws, second: Draws, i: int, j: int) -> float:
    """Return the sum of squares of one pair, in double precision."""
    difference = first.centred[i].astype(np.float64) - second.centred[j]
    for side, row in ((first, i), (second, j)):
        if side.defined is not None:
            difference[~side.defined[row]] = math.nan
    found: float = np.nansum(np.square(difference - np.nanmean(difference)))
    return found
