"""Average precision and recall of tracklets: greedy matching and accumulation.

Follows youtubevos/cocoapi f3f9948 (`ytvoseval.py`) and, for occlusion ranges, qjy981010/cocoapi 886baff
(`oviseval.py`) number by number. Where those do something unexpected, it is kept and named in a comment.

Words used below: *tables* have one row per prediction, ordered by video, category and rank; `rank` counts the
predictions of one video and category from the best (0). K categories, S splits, T thresholds, N predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import FLOAT64_IN, INT32_IN, INT64_IN, compiled
from evaluator.tracklets.kernels import MAX_RANK
from evaluator.tracklets.occlusion import OCCLUSION_RANGES

Bounds = NDArray[np.int32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]

# As doubles, the ninth threshold is 0.8999999999999999; it decides at IoU 0.9, so it stays.
IOU_THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)
# Ten of these are one ulp above i / 100, which decides where a recall lies exactly on a threshold.
RECALL_THRESHOLDS: Final = np.linspace(0.0, 1.0, 101)
# Official quirk: the limits hold per video AND category, not per video.
RECALL_LIMITS: Final = np.array([1, 10, MAX_RANK])

FALSE_POSITIVE: Final = 0
TRUE_POSITIVE: Final = 1
IGNORED: Final = 2

EPS: Final = 2.220446049250313e-16  # np.spacing(1): why a perfect result is 0.9999999999999998
_EVERY_AREA: Final = (0.0, 1e10)


@dataclass(frozen=True, slots=True)
class Split:
    """A part of the ground truth by mean area in pixels and occlusion score; both ends belong to a range."""

    key: str
    area: tuple[float, float] = _EVERY_AREA
    occlusion: tuple[float, float] | None = None


# Official quirk: an area of exactly 128² counts as small and as medium (and 256² as medium and large).
AREA_SPLITS: Final = (
    Split("all"),
    Split("small", area=(0.0, 128.0**2)),
    Split("medium", area=(128.0**2, 256.0**2)),
    Split("large", area=(256.0**2, 1e10)),
)
OCCLUSION_SPLITS: Final = tuple(
    Split(f"occlusion_{key}", occlusion=bounds) for key, bounds in OCCLUSION_RANGES.items()
)


@compiled()
def _match(
    iou: Floats,
    first: int,
    last: int,
    g_first: int,
    g_last: int,
    ignored: Flags,
    crowd: Flags,
    threshold: float,
    taken: Flags,
    outside: Flags,
    outcome: Flags,
) -> None:
    """Match the predictions first..last (by rank) of one category greedily at one threshold."""
    taken[g_first:g_last] = 0
    for n in range(first, last):
        best = min(threshold, 1 - 1e-10)
        found = -1
        for pass_ignored in range(2):  # ground truth that counts comes first, each part in file order
            if pass_ignored and found >= 0:
                break
            for g in range(g_first, g_last):
                if ignored[g] != pass_ignored or (taken[g] and not crowd[g]):
                    continue
                # Official quirk: of two with equal IoU the later one wins.
                if iou[n, g] >= best:
                    best = iou[n, g]
                    found = g
        if found >= 0:
            taken[found] = 1
            outcome[n] = IGNORED if ignored[found] else TRUE_POSITIVE
        else:
            outcome[n] = IGNORED if outside[n] else FALSE_POSITIVE


@compiled(
    f"void(float64[:, ::1], float64[::1], {INT32_IN}, {INT32_IN}, Array(uint8, 1, 'C', readonly=True),"
    "Array(uint8, 2, 'A', readonly=True), Array(float64, 2, 'C', readonly=True),"
    f"{FLOAT64_IN}, uint8[:, :, :])"
)
def match_video(
    iou: Floats,
    mean_area: Floats,
    p_category: Bounds,
    g_category: Bounds,
    g_crowd: Flags,
    g_ignored: Flags,
    area_ranges: Floats,
    thresholds: Floats,
    outcome: Flags,
) -> None:
    """Decide for every prediction of one video whether it is a true or false positive, or ignored.

    Args:
        iou, mean_area: [N, G] and [N], as `evaluator.tracklets.kernels.compare_video` fills them.
        p_category: [N], ascending, and by rank within a category; g_category, g_crowd: [G], ascending.
        g_ignored: [S, G], 1 where a ground truth does not count in a split.
        area_ranges: [S, 2]; thresholds: [T].
        outcome: [S, T, N], receives FALSE_POSITIVE, TRUE_POSITIVE or IGNORED for ranks below MAX_RANK.
    """
    taken = np.empty(g_category.size, np.uint8)
    outside = np.empty(p_category.size, np.uint8)
    for s in range(area_ranges.shape[0]):
        for n in range(p_category.size):
            outside[n] = mean_area[n] < area_ranges[s, 0] or mean_area[n] > area_ranges[s, 1]
        first = 0
        g_first = 0
        while first < p_category.size:
            category = p_category[first]
            last = first
            while last < p_category.size and p_category[last] == category:
                last += 1
            while g_first < g_category.size and g_category[g_first] < category:
                g_first += 1
            g_last = g_first
            while g_last < g_category.size and g_category[g_last] == category:
                g_last += 1
            ranked = min(last, first + MAX_RANK)
            for t in range(thresholds.size):
                _match(
                    iou,
                    first,
                    ranked,
                    g_first,
                    g_last,
                    g_ignored[s],
                    g_crowd,
                    thresholds[t],
                    taken,
                    outside,
                    outcome[s, t],
                )
            first = last


@compiled()
def mean_precision(count: int, precision: Floats, recall: Floats, recalls: Floats) -> float:
    """Interpolate the first `count` values in place, and return their mean over the recall thresholds."""
    for i in range(count - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    total = 0.0
    i = 0
    for r in range(recalls.size):
        while i < count and recall[i] < recalls[r]:
            i += 1
        if i == count:  # beyond the recall that was reached the precision is 0
            break
        total += precision[i]
    return total / recalls.size


@compiled()
def _precision(
    rows: Ints,
    rank: Bounds,
    outcome: Flags,
    weight: Floats,
    positives: float,
    recalls: Floats,
    precision: Floats,
    recall: Floats,
) -> float:
    """Return the mean of the interpolated precision over the recall thresholds."""
    true = 0.0
    false = 0.0
    count = 0
    for i in range(rows.size):
        n = rows[i]
        if rank[n] >= MAX_RANK:
            continue
        if outcome[n] == TRUE_POSITIVE:
            true += weight[n]
        elif outcome[n] == FALSE_POSITIVE:
            false += weight[n]
        recall[count] = true / positives
        precision[count] = true / (false + true + EPS)
        count += 1
    return mean_precision(count, precision, recall, recalls)


@compiled(
    f"void({INT64_IN}, {INT64_IN}, {INT32_IN}, Array(uint8, 3, 'C', readonly=True), {FLOAT64_IN},"
    f"Array(float64, 2, 'C', readonly=True), {FLOAT64_IN}, {INT64_IN}, float64[:, :, ::1],"
    "float64[:, :, :, ::1])"
)
def accumulate(
    rows: Ints,
    starts: Ints,
    rank: Bounds,
    outcome: Flags,
    weight: Floats,
    positives: Floats,
    recalls: Floats,
    limits: Ints,
    ap: Floats,
    ar: Floats,
) -> None:
    """Turn outcomes into average precision and final recall, for many groups of predictions at once.

    Args:
        rows: predictions of all groups, one group after the other, each by descending score.
        starts: [groups + 1], where each group begins in `rows`.
        rank, weight: [N]; a weight says how often the prediction's video counts (1, or a bootstrap's number).
        outcome: [S, T, N].
        positives: [groups, S], weighted number of ground truths that count; NaN comes out where it is 0.
        limits: [M], the ranks below which predictions count for recall.
        ap: [groups, S, T], receives the mean of precision over `recalls`.
        ar: [groups, S, M, T], receives the final recall.
    """
    precision = np.empty(rows.size)
    recall = np.empty(rows.size)
    for group in range(starts.size - 1):
        members = rows[starts[group] : starts[group + 1]]
        for s in range(outcome.shape[0]):
            if positives[group, s] == 0:
                ap[group, s, :] = np.nan
                ar[group, s, :, :] = np.nan
                continue
            for t in range(outcome.shape[1]):
                ap[group, s, t] = _precision(
                    members, rank, outcome[s, t], weight, positives[group, s], recalls, precision, recall
                )
                for m in range(limits.size):
                    true = 0.0
                    for i in range(members.size):
                        n = members[i]
                        if rank[n] < limits[m] and outcome[s, t, n] == TRUE_POSITIVE:
                            true += weight[n]
                    ar[group, s, m, t] = true / positives[group, s]
