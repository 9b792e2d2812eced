"""Looks at the masks of a submission of which almost nothing fits: along rows, or of other categories?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.files.words import counted
from evaluator.problems import Problem, Where, problem
from evaluator.tracklets.average_precision import TRUE_POSITIVE
from evaluator.tracklets.scorer import TrackletScorer

_FITS: Final = 0.5
_FEW: Final = 0.1
_VIDEOS: Final = 8
_PREDICTIONS: Final = 12
_TIMES_BETTER: Final = 3


def warn_of_misread(scorer: TrackletScorer, file: str) -> tuple[Problem, ...]:
    """Return a warning if hardly any object is found because masks or categories were written otherwise.

    Args:
        scorer: after all videos were scored.
        file: the submission.
    """
    objects = int((scorer.ignored[0] == 0).sum())
    if int((scorer.outcome[0, 0] == TRUE_POSITIVE).sum()) > _FEW * objects:
        return ()
    looked_at = right = by_row = other = 0
    first_tracklet = scorer.ground_truth.tracklets.first_tracklet
    both = (np.diff(scorer.first_prediction) > 0) & (np.diff(first_tracklet) > 0)
    for index in np.flatnonzero(both)[:_VIDEOS].tolist():
        for same, written, rows in _fits(scorer, index):
            looked_at += 1
            right += same >= _FITS
            by_row += written < _FITS <= rows
            other += same < _FITS <= written
    where = Where(file=file)
    if by_row > looked_at / 3 and by_row > _TIMES_BETTER * right:
        message = (
            f"{by_row} of {counted(looked_at, 'mask')} looked at {_fit(by_row)} an object only if read row "
            "by row: runs seem to go along rows, and RLE goes down columns."
        )
        return (problem("masks-row-by-row", where, message),)
    if other > looked_at / 2 and other > _TIMES_BETTER * right:
        message = (
            f"{other} of {counted(looked_at, 'mask')} looked at {_fit(other)} an object of another category."
        )
        return (problem("categories-mixed-up", where, message),)
    return ()


def _fit(masks: int) -> str:
    return "fits" if masks == 1 else "fit"


def _fits(scorer: TrackletScorer, index: int) -> list[tuple[float, float, float]]:
    """Return for the best predictions of a video how well each fits, in the frame where it is largest.

    That is the largest IoU with an object of its category, with any, and with any if read row by row.
    """
    mine = scorer.predictions(index)
    best = np.argsort(-scorer.score[mine], kind="stable")[:_PREDICTIONS]
    masks = scorer.decode(index)
    video = scorer.ground_truth.videos[index]
    arrays = scorer.ground_truth.tracklets
    tracklets = range(int(arrays.first_tracklet[index]), int(arrays.first_tracklet[index + 1]))
    start = int(arrays.first_mask[index])
    found = []
    for row in best.tolist():
        frame = int(masks.areas[row].argmax())
        if not masks.areas[row, frame]:
            continue
        pixels = (video.height, video.width)
        flat = _flat(masks.bounds, int(masks.first[row, frame]), int(masks.runs[row, frame]), pixels)
        readings = (flat, flat.reshape(pixels).ravel(order="F"))
        same = written = by_row = 0.0
        for number, tracklet in enumerate(tracklets):
            at = start + number * video.length + frame
            truth = _flat(arrays.bounds, int(arrays.first[at]), int(arrays.runs[at]), pixels)
            as_is, turned = (_iou(reading, truth) for reading in readings)
            written, by_row = max(written, as_is), max(by_row, turned)
            if arrays.category[tracklet] == scorer.category[mine][row]:
                same = max(same, as_is)
        found.append((same, written, by_row))
    return found


def _flat(bounds: NDArray[np.int32], first: int, runs: int, pixels: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask as it is written, column by column."""
    flat = np.zeros(pixels[0] * pixels[1], np.bool_)
    for run in range(runs):
        flat[bounds[first + 2 * run] : bounds[first + 2 * run + 1]] = True
    return flat


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 0.0
