"""Video panoptic quality (VPQ) over windows of k frames, as the official VIPSeg evaluation computes it.

Kim et al., Video Panoptic Segmentation, arXiv:2006.11339, section 4; official code `eval_vpq_vspw.py`. In
every window of k consecutive annotated frames, a segment id is one tube. A predicted and a ground-truth tube
of the same category match if their IoU is above 0.5; PQ = sum of IoU / (TP + FP / 2 + FN / 2) per category.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import INT32_IN, INT64_IN, compiled
from evaluator.files.words import counted
from evaluator.panoptic.tubes import ABSENT, UNLISTED, VOID, VideoTubes

_OK = 0
_ABSENT, _VOID, _UNLISTED = np.int32(ABSENT), np.int32(VOID), np.int32(UNLISTED)
_CATEGORIES_IN = "Array(int32, 2, 'C', readonly=True)"
_FLAGS_IN = "Array(uint8, 2, 'C', readonly=True)"
_AREAS_IN = "Array(int64, 2, 'C', readonly=True)"


class AreasImpossible(ValueError):
    """A ground-truth area is smaller than what its pixels allow: an IoU would exceed 1."""

    def __init__(self, segment_id: int, frame: int, window: int) -> None:
        self.segment_id = segment_id
        self.frame = frame
        self.window = window
        super().__init__(
            f"The areas of segment {segment_id} in {counted(window, 'frame')} from frame {frame} on are too "
            "small for the pixels that it shares with a prediction"
        )


@dataclass(frozen=True, slots=True)
class PqStat:
    """Sums per window size and category, [W, K]; `counts` has TP, FP, FN in a third dimension."""

    iou: NDArray[np.float64]
    counts: NDArray[np.float64]

    @classmethod
    def empty(cls, windows: int, categories: int) -> PqStat:
        shape = (windows, categories)
        return cls(np.zeros(shape), np.zeros((*shape, 3)))

    def quality(self, row: int) -> NDArray[np.float64]:
        """Return the PQ of every category [K] in windows of one size; NaN where there is nothing to find."""
        weights = self.counts[row] @ np.array([1.0, 0.5, 0.5])
        quality = np.full(len(weights), np.nan)
        np.divide(self.iou[row], weights, out=quality, where=weights > 0)
        return quality

    def mean(self, row: int, chosen: NDArray[np.bool_] | None = None) -> float | None:
        """Return the mean PQ over the (chosen) categories that occur; None if none does."""
        quality = self.quality(row) if chosen is None else self.quality(row)[chosen]
        defined = quality[~np.isnan(quality)]
        return float(defined.sum() / len(defined)) if len(defined) else None

    def mean_over(self, rows: Sequence[int], chosen: NDArray[np.bool_] | None = None) -> float | None:
        """Return the mean of `mean` over window sizes; None if it is undefined for any of them."""
        means = [self.mean(row, chosen) for row in rows]
        defined = [value for value in means if value is not None]
        return sum(defined) / len(defined) if len(defined) == len(means) else None


def compute_vpq(tubes: VideoTubes, windows: Sequence[int], categories: int) -> PqStat:
    """Return the sums of one video; categories of the listings are 0..categories - 1.

    Raises:
        AreasImpossible: the ground truth's areas contradict its pixels.
    """
    stat = PqStat.empty(len(windows), categories)
    truth, predicted = tubes.truth, tubes.predicted
    for row, k in enumerate(windows):
        status, frame, column = _count_windows(
            k,
            tubes.first_row,
            tubes.row_pair,
            tubes.row_pixels,
            tubes.pair_truth,
            tubes.pair_predicted,
            truth.category,
            truth.crowd,
            truth.area,
            truth.position,
            predicted.category,
            stat.iou[row],
            stat.counts[row],
        )
        if status != _OK:
            raise AreasImpossible(int(truth.ids[column]), frame, k)
    return stat


@compiled()
def _first_listed(category: NDArray[np.int32], start: int, k: int, column: int) -> int:
    for t in range(start, start + k):
        if category[t, column] != _ABSENT:
            return t
    return -1


@compiled()
def _find_crowds(
    crowd: NDArray[np.uint8],
    position: NDArray[np.int32],
    category: NDArray[np.int32],
    first: NDArray[np.int64],
    crowd_of: NDArray[np.int64],
) -> None:
    """Write the crowd tube of each category to `crowd_of`."""
    crowd_of[:] = -1
    for g in range(first.size):
        t = first[g]
        if t < 0 or crowd[t, g] == 0:
            continue
        other = crowd_of[category[t, g]]
        # Official quirk: of several crowd tubes of a category, only the one listed last counts.
        if other < 0 or (t, position[t, g]) > (first[other], position[first[other], other]):
            crowd_of[category[t, g]] = g


@compiled(
    f"Tuple((int64, int64, int64))(int64, {INT64_IN}, {INT32_IN}, {INT64_IN}, {INT32_IN}, {INT32_IN}, "
    f"{_CATEGORIES_IN}, {_FLAGS_IN}, {_AREAS_IN}, {_CATEGORIES_IN}, {_CATEGORIES_IN}, "
    "float64[::1], float64[:, ::1])"
)
def _count_windows(
    k: int,
    first_row: NDArray[np.int64],
    row_pair: NDArray[np.int32],
    row_pixels: NDArray[np.int64],
    pair_truth: NDArray[np.int32],
    pair_predicted: NDArray[np.int32],
    category: NDArray[np.int32],
    crowd: NDArray[np.uint8],
    area: NDArray[np.int64],
    position: NDArray[np.int32],
    predicted_category: NDArray[np.int32],
    iou_sum: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> tuple[int, int, int]:
    """Add the windows of k frames to `iou_sum` [K] and `counts` [K, 3]; see VideoTubes for the rest.

    Returns (_OK, 0, 0), or (1, first frame, column) of a ground-truth tube whose areas are impossible.
    """
    frames, n_truth, n_predicted = category.shape[0], category.shape[1], predicted_category.shape[1]
    pixels = np.zeros(pair_truth.size, np.int64)
    first, predicted_first = np.empty(n_truth, np.int64), np.empty(n_predicted, np.int64)
    truth_area, predicted_area = np.empty(n_truth, np.int64), np.empty(n_predicted, np.int64)
    on_void, on_crowd = np.empty(n_predicted, np.int64), np.empty(n_predicted, np.int64)
    matched, predicted_matched = np.empty(n_truth, np.bool_), np.empty(n_predicted, np.bool_)
    crowd_of = np.empty(iou_sum.size, np.int64)
    for start in range(frames - k + 1):
        added = start if start == 0 else start + k - 1
        for row in range(first_row[added], first_row[start + k]):
            pixels[row_pair[row]] += row_pixels[row]
        if start > 0:
            for row in range(first_row[start - 1], first_row[start]):
                pixels[row_pair[row]] -= row_pixels[row]
        for g in range(n_truth):
            first[g] = _first_listed(category, start, k, g)
            # Official quirk: areas of the ground truth come from its JSON, not from its pixels.
            truth_area[g] = area[start : start + k, g].sum()
        for p in range(n_predicted):
            predicted_first[p] = _first_listed(predicted_category, start, k, p)
        _find_crowds(crowd, position, category, first, crowd_of)
        matched[:], predicted_matched[:] = False, False
        predicted_area[:], on_void[:], on_crowd[:] = 0, 0, 0
        for pair in range(pixels.size):
            p = pair_predicted[pair]
            if p >= 0:
                predicted_area[p] += pixels[pair]
                if pair_truth[pair] == _VOID:
                    on_void[p] = pixels[pair]
        for pair in range(pixels.size):
            g, p, shared = pair_truth[pair], pair_predicted[pair], pixels[pair]
            if shared == 0 or g < 0 or p < 0 or first[g] < 0 or predicted_first[p] < 0:
                continue
            # A tube has the category, and is a crowd or not, as its first frame in the window says.
            c = predicted_category[predicted_first[p], p]
            if crowd[first[g], g] != 0:
                if crowd_of[c] == g:
                    on_crowd[p] = shared
                continue
            if category[first[g], g] != c:
                continue
            union = predicted_area[p] + truth_area[g] - shared - on_void[p]
            if shared > union:
                return 1, start, g
            if 2 * shared > union:
                iou_sum[c] += shared / union
                counts[c, 0] += 1
                matched[g], predicted_matched[p] = True, True
        for g in range(n_truth):
            if first[g] >= 0 and not matched[g] and crowd[first[g], g] == 0:
                counts[category[first[g], g], 2] += 1
        for p in range(n_predicted):
            ignored = 2 * (on_void[p] + on_crowd[p]) > predicted_area[p]
            if predicted_first[p] >= 0 and not predicted_matched[p] and not ignored:
                counts[predicted_category[predicted_first[p], p], 1] += 1
    return _OK, 0, 0
