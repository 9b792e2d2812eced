"""Pictures of what a model saw: coloured masks over frames, to look at."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dvis_model.outputs import VideoInstances, VideoPanoptic, VideoResult, VideoSemantic

LEAST_SCORE: Final = 0.3
OPACITY: Final = 0.55
COLOURS: Final = (
    (230, 60, 60),
    (60, 150, 235),
    (70, 190, 90),
    (240, 170, 40),
    (160, 90, 220),
    (40, 190, 190),
    (235, 110, 180),
    (150, 120, 60),
)


def overlay(frames: NDArray[np.uint8], result: VideoResult, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return some frames side by side, uint8 [H, n * W, 3], with a colour for each object or class."""
    numbers = _numbers(result)
    table = np.array([(0, 0, 0), *COLOURS], dtype=np.float64)
    shown = []
    for index in chosen:
        number, frame = numbers[index], frames[index].astype(np.float64)
        colours = table[np.where(number > 0, (number - 1) % len(COLOURS) + 1, 0)]
        mixed = np.where((number > 0)[..., None], OPACITY * colours + (1 - OPACITY) * frame, frame)
        shown.append(mixed.round().astype(np.uint8))
    return np.concatenate(shown, axis=1)


def _numbers(result: VideoResult) -> NDArray[np.int64]:
    """Return a number from 1 for each object or class, [T, H, W]; 0 is nothing."""
    match result:
        case VideoPanoptic():
            return result.ids.astype(np.int64)
        case VideoSemantic():
            return result.labels.astype(np.int64) + 1
        case VideoInstances():
            numbers = np.zeros(result.masks.shape[1:], dtype=np.int64)
            # The surest lie on top; scores fall.
            for index in np.flatnonzero(result.scores >= LEAST_SCORE)[::-1]:
                numbers[np.asarray(result.masks[index])] = int(result.query_ids[index]) + 1
            return numbers
