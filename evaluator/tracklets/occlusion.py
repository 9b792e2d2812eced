"""Computes the occlusion score of a ground-truth tracklet, and defines the three ranges of OVIS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

# Weight of each level of the annotation files.
OCCLUSION_LEVELS: Final = {"no_occlusion": 0.0, "slight_occlusion": 0.25, "severe_occlusion": 0.75}

# Both ends belong to a range: a score of exactly 0.25 or 0.5 counts in two of them.
OCCLUSION_RANGES: Final = {"light": (0.0, 0.25), "medium": (0.25, 0.5), "heavy": (0.5, 1.0)}

# Numbers of the levels, frame by frame; 0 where the file says nothing.
LEVEL_NUMBERS: Final[dict[str | None, int]] = {
    None: 0,
    **{level: number for number, level in enumerate(OCCLUSION_LEVELS, start=1)},
}


def occlusion_score(levels: Sequence[str | None]) -> float:
    """Return how occluded one tracklet is, in [0, 1].

    Mean weight of the more occluded half of its visible frames (half rounded up), as in the official OVIS
    evaluation (qjy981010/cocoapi 886baff, `oviseval.py`).

    Args:
        levels: T entries, one per frame; None where the object is not visible.

    Raises:
        ValueError: the object is visible in no frame, or a level is unknown.

    >>> occlusion_score(["no_occlusion", None, "severe_occlusion"])
    0.75
    """
    weights = []
    for level in levels:
        if level is None:
            continue
        if level not in OCCLUSION_LEVELS:
            known = ", ".join(OCCLUSION_LEVELS)
            raise ValueError(f"Expected one of {known}, but got {level!r}")
        weights.append(OCCLUSION_LEVELS[level])
    if not weights:
        raise ValueError("Expected at least one visible frame, but every entry is null")
    weights.sort(reverse=True)
    upper_half = weights[: math.ceil(len(weights) / 2)]
    return sum(upper_half) / len(upper_half)
