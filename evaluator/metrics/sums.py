"""Adds up what was measured on each video: records whose fields are all arrays of sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Stat = TypeVar("Stat", bound="DataclassInstance")


def stack(stats: Sequence[Stat]) -> Stat:
    """Return the records of V videos, at least one, as one whose fields have a first dimension V."""
    first = stats[0]
    return type(first)(
        **{field.name: np.stack([getattr(stat, field.name) for stat in stats]) for field in fields(first)}
    )


def weigh(stacked: Stat, weights: NDArray[np.float64]) -> Stat:
    """Return the sums over videos, each counted as often as `weights` [V] says.

    Rows are added one after another, so the result is the same on every machine.
    """

    def total(values: NDArray[Any]) -> NDArray[Any]:
        column = weights.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray((values * column).sum(axis=0))

    return type(stacked)(**{field.name: total(getattr(stacked, field.name)) for field in fields(stacked)})
