"""Adds up what was measured on each video: records whose fields are all arrays of sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import compiled

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Stat = TypeVar("Stat", bound="DataclassInstance")
Floats = NDArray[np.float64]

_PLANE_IN = "Array(float64, 2, 'C', readonly=True)"
_COLUMNS = 256  # as many of all videos stay in the cache of a core


def stack(stats: Sequence[Stat]) -> Stat:
    """Return the records of V videos, at least one, as one whose fields have a first dimension V."""
    first = stats[0]
    return type(first)(
        **{field.name: np.stack([getattr(stat, field.name) for stat in stats]) for field in fields(first)}
    )


def weigh(stacked: Stat, weights: NDArray[np.float64]) -> Stat:
    """Return the sums over videos, each counted as often as `weights` [V] says.

    Videos are added one after another, so the result is the same on every machine.
    """
    return next(weigh_draws(stacked, weights[np.newaxis]))


def weigh_draws(stacked: Stat, weights: Floats) -> Iterator[Stat]:
    """Yield the sums over videos of each draw; `weights` [B, V] say how often it counts each video."""
    sums = {}
    for field in fields(stacked):
        values: NDArray[Any] = getattr(stacked, field.name)
        total = np.zeros((len(weights), values[0].size))
        table = np.ascontiguousarray(values.reshape(len(values), -1), np.float64)
        _add_weighted(table, np.ascontiguousarray(weights), total)
        sums[field.name] = total.reshape(len(weights), *values.shape[1:])
    for draw in range(len(weights)):
        yield type(stacked)(**{name: values[draw] for name, values in sums.items()})


@compiled(f"void({_PLANE_IN}, {_PLANE_IN}, float64[:, ::1])")
def _add_weighted(values: Floats, weights: Floats, total: Floats) -> None:
    """Add to `total` [B, C] the rows of `values` [V, C], each as often as `weights` [B, V] says."""
    for start in range(0, values.shape[1], _COLUMNS):
        stop = min(start + _COLUMNS, values.shape[1])
        for draw in range(weights.shape[0]):
            for video in range(weights.shape[1]):
                weight = weights[draw, video]
                if weight != 0:
                    for column in range(start, stop):
                        total[draw, column] += weight * values[video, column]
