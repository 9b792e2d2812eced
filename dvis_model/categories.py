"""From the model's class indices to the ids that the data sets' files use."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from dvis_model.config import DvisConfig
from dvis_model.words import counted

NUM_VIPSEG: Final = 124
# VIPSeg's and VSPW's things; all other ids below NUM_VIPSEG are stuff.
VIPSEG_THINGS: Final = (
    *(2, 4, 8, 10, 41, 43, 44, 46, 47, 48, 49, 50, 51, 52, 54, 55, 56, 60, 61, 62, 63, 64, 65, 72, 74),
    *(76, 77, 78, 79, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 95, 96, 97, 99, 100, 101, 102),
    *(106, 107, 108, 109, 114, 115, 116, 117, 118, 122, 123),
)


def category_ids(config: DvisConfig, listed: Iterable[int] | None = None) -> tuple[int, ...]:
    """Return the data set's id of each class: class i has the i-th of the sorted ids.

    VIPSeg's and VSPW's classes are in another order, as the model has their things first.

    Args:
        listed: the ids of a data set's categories. None: those of the official data sets: YouTube-VIS and
            OVIS count from 1, VIPSeg and VSPW from 0.

    Raises:
        ValueError: the model has another number of classes; an id is listed twice.
    """
    first = 1 if config.task == "vis" else 0
    ids = sorted(range(first, first + config.num_classes) if listed is None else listed)
    if twice := [one for one, other in pairwise(ids) if one == other]:
        raise ValueError(f"two categories have the id {twice[0]}")
    if len(ids) != config.num_classes:
        raise ValueError(
            f"it lists {counted(len(ids), 'category', 'categories')}, but the model {config.name} has "
            f"{counted(config.num_classes, 'class', 'classes')}. "
            "Use a configuration and weights that were trained for this data set"
        )
    return tuple(ids[rank] for rank in _ranks(config))


def _ranks(config: DvisConfig) -> Iterable[int]:
    """Return, for each class, how many ids of the data set are smaller than its own."""
    if config.task == "vis" or config.num_classes != NUM_VIPSEG:
        return range(config.num_classes)
    return (*VIPSEG_THINGS, *(i for i in range(NUM_VIPSEG) if i not in VIPSEG_THINGS))
