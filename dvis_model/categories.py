"""From the model's class indices to the ids that the data sets' files use."""

from __future__ import annotations

from typing import Final

from dvis_model.config import DvisConfig

NUM_VIPSEG: Final = 124
# VIPSeg's and VSPW's things; all other ids below NUM_VIPSEG are stuff.
VIPSEG_THINGS: Final = (
    *(2, 4, 8, 10, 41, 43, 44, 46, 47, 48, 49, 50, 51, 52, 54, 55, 56, 60, 61, 62, 63, 64, 65, 72, 74),
    *(76, 77, 78, 79, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 95, 96, 97, 99, 100, 101, 102),
    *(106, 107, 108, 109, 114, 115, 116, 117, 118, 122, 123),
)


def category_ids(config: DvisConfig) -> tuple[int, ...]:
    """Return the data set's id of each class.

    YouTube-VIS and OVIS count from 1. VIPSeg and VSPW count from 0; the model has their things first.
    """
    if config.task == "vis":
        return tuple(range(1, config.num_classes + 1))
    if config.num_classes != NUM_VIPSEG:
        return tuple(range(config.num_classes))
    return (*VIPSEG_THINGS, *(i for i in range(NUM_VIPSEG) if i not in VIPSEG_THINGS))
