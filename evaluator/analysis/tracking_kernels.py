"""The inner loops of HOTA and IDF1, for one video and category.

HOTA: Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 2021. IDF1:
Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", 2016. Both as
TrackEval 1.3.0 computes them, number by number.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import FLOAT64_IN, INT64_IN, compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_EPS: Final = 2.220446049250313e-16  # a similarity so little below a threshold still reaches it
_IDENTITY_THRESHOLD: Final = 0.5

# Rows of what `hota_sums` fills.
TP, FN, FP, ASS_A, ASS_RE, ASS_PR, LOC = range(7)


@compiled()
def _assign(cost: Floats, column_of: Ints) -> None:
    """Give every row a column of its own so that the sum of costs is least; needs rows <= columns.

    Shortest augmenting paths after Jonker and Volgenant, in the form of Crouse, "On implementing 2D
    rectangular assignment algorithms", 2016. Columns are tried from the last to the first and free ones win
    ties: so SciPy's `linear_sum_assignment` chooses among equal sums, and TrackEval's numbers depend on it.
    """
    rows, columns = cost.shape
    row_price = np.zeros(rows)
    column_price = np.zeros(columns)
    row_of = np.full(columns, -1, np.int64)
    came_from = np.empty(columns, np.int64)
    distance = np.empty(columns)
    waiting = np.empty(columns, np.int64)
    column_of[:] = -1
    for start in range(rows):
        for j in range(columns):
            waiting[j] = columns - 1 - j
        distance[:] = np.inf
        left = columns
        row = start
        reached = 0.0
        end = -1
        while end < 0:
            nearest = -1
            least = np.inf
            for k in range(left):
                j = waiting[k]
                through = reached + cost[row, j] - row_price[row] - column_price[j]
                if through < distance[j]:
                    distance[j] = through
                    came_from[j] = row
                if distance[j] < least or (distance[j] == least and row_of[j] < 0):
                    least = distance[j]
                    nearest = k
            reached = least
            j = waiting[nearest]
            left -= 1
            waiting[nearest] = waiting[left]
            waiting[left] = j  # those from `left` on have been visited
            if row_of[j] < 0:
                end = j
            else:
                row = row_of[j]
        row_price[start] += reached
        for k in range(left, columns):
            j = waiting[k]
            if row_of[j] >= 0:
                row_price[row_of[j]] += reached - distance[j]
            column_price[j] -= reached - distance[j]
        j = end
        while True:
            row = came_from[j]
            row_of[j] = row
            j, column_of[row] = column_of[row], j
            if row == start:
                break


@compiled()
def _best_pairs(gain: Floats, prediction_of: Ints) -> None:
    """Pair rows (ground truths) and columns (predictions) for the largest sum; -1 for a row without one."""
    if gain.shape[0] <= gain.shape[1]:
        _assign(-gain, prediction_of)
        return
    truth_of = np.empty(gain.shape[1], np.int64)
    _assign(-gain.T, truth_of)
    prediction_of[:] = -1
    for n in range(truth_of.size):
        prediction_of[truth_of[n]] = n


@compiled("void(float64[:, ::1], int64[::1])")
def best_pairs(gain: Floats, prediction_of: Ints) -> None:
    """Pair the rows of `gain` with its columns, one to one, for the largest sum.

    Args:
        gain: [G, N], finite.
        prediction_of: [G], receives the column of each row, -1 where there are too few.
    """
    _best_pairs(gain, prediction_of)


@compiled()
def _members(given: Flags, rows: Ints, frame: Any, found: Ints) -> Any:
    """Write to `found` the indices in `rows` that have a mask in the frame; return how many."""
    count = 0
    for index in range(rows.size):
        if given[rows[index], frame]:
            found[count] = index
            count += 1
    return count


@compiled()
def _similarities(
    shared: Any, p_areas: Ints, g_areas: Ints, p_given: Flags, g_given: Flags, p_rows: Ints, g_rows: Ints
) -> Floats:
    """Return [T, G, N] the IoU of the masks of each frame, -1 where one of the two has none."""
    frames = p_areas.shape[1]
    result = np.full((frames, g_rows.size, p_rows.size), -1.0)
    for t in range(frames):
        for i in range(g_rows.size):
            g = g_rows[i]
            for k in range(p_rows.size):
                n = p_rows[k]
                if g_given[g, t] and p_given[n, t]:
                    both = shared[n, g, t]
                    # Official quirk: two masks without pixels are not alike, although nothing differs.
                    result[t, i, k] = both / (p_areas[n, t] + g_areas[g, t] - both) if both else 0.0
    return result


@compiled()
def _alignment(similarity: Floats, g_count: Ints, p_count: Ints) -> Floats:
    """Return [G, N] how well whole tracks go together, before any frame is matched."""
    frames, truths, predictions = similarity.shape
    together = np.zeros((truths, predictions))
    over_truths = np.empty(predictions)
    for t in range(frames):
        over_truths[:] = 0.0
        for i in range(truths):
            for k in range(predictions):
                over_truths[k] += max(similarity[t, i, k], 0.0)
        for i in range(truths):
            over_predictions = 0.0
            for k in range(predictions):
                over_predictions += max(similarity[t, i, k], 0.0)
            for k in range(predictions):
                here = similarity[t, i, k]
                if here > 0:
                    together[i, k] += here / (over_truths[k] + over_predictions - here)
    for i in range(truths):
        for k in range(predictions):
            either = g_count[i] + p_count[k] - together[i, k]
            together[i, k] = together[i, k] / either if either > 0 else 0.0
    return together


@compiled()
def _add_associations(matches: Ints, g_count: Ints, p_count: Ints, sums: Floats) -> None:
    """Add for every threshold, over its true positives, how well their two tracks are associated."""
    for a in range(matches.shape[0]):
        for i in range(matches.shape[1]):
            for k in range(matches.shape[2]):
                count = matches[a, i, k]
                if count:
                    sums[ASS_A, a] += count * (count / (g_count[i] + p_count[k] - count))
                    sums[ASS_RE, a] += count * (count / g_count[i])
                    sums[ASS_PR, a] += count * (count / p_count[k])


@compiled()
def _hota(
    similarity: Floats,
    p_given: Flags,
    g_given: Flags,
    p_rows: Ints,
    g_rows: Ints,
    alphas: Floats,
    sums: Floats,
) -> None:
    frames, truths, predictions = similarity.shape
    g_count = np.zeros(truths, np.int64)
    p_count = np.zeros(predictions, np.int64)
    for t in range(frames):
        for i in range(truths):
            g_count[i] += g_given[g_rows[i], t]
        for k in range(predictions):
            p_count[k] += p_given[p_rows[k], t]
    alignment = _alignment(similarity, g_count, p_count)
    matches = np.zeros((alphas.size, truths, predictions), np.int64)
    g_here = np.empty(truths, np.int64)
    p_here = np.empty(predictions, np.int64)
    prediction_of = np.empty(truths, np.int64)
    for t in range(frames):
        some_truths = _members(g_given, g_rows, t, g_here)
        some_predictions = _members(p_given, p_rows, t, p_here)
        sums[FN] += some_truths
        sums[FP] += some_predictions
        if some_truths == 0 or some_predictions == 0:
            continue
        gain = np.empty((some_truths, some_predictions))
        for row in range(some_truths):
            for column in range(some_predictions):
                i, k = g_here[row], p_here[column]
                gain[row, column] = alignment[i, k] * similarity[t, i, k]
        _best_pairs(gain, prediction_of[:some_truths])
        for row in range(some_truths):
            if prediction_of[row] < 0:
                continue
            i, k = g_here[row], p_here[prediction_of[row]]
            for a in range(alphas.size):
                if similarity[t, i, k] >= alphas[a] - _EPS:
                    sums[TP, a] += 1
                    sums[FN, a] -= 1
                    sums[FP, a] -= 1
                    sums[LOC, a] += similarity[t, i, k]
                    matches[a, i, k] += 1
    _add_associations(matches, g_count, p_count, sums)


@compiled()
def _identity(similarity: Floats) -> Any:
    """Return the largest number of frames that whole tracks, paired one to one, agree in."""
    frames, truths, predictions = similarity.shape
    agree = np.zeros((truths, predictions))
    for t in range(frames):
        for i in range(truths):
            for k in range(predictions):
                agree[i, k] += similarity[t, i, k] >= _IDENTITY_THRESHOLD
    prediction_of = np.empty(truths, np.int64)
    _best_pairs(agree, prediction_of)
    total = 0.0
    for i in range(truths):
        if prediction_of[i] >= 0:
            total += agree[i, prediction_of[i]]
    return total


@compiled(
    "float64(Array(int32, 3, 'C', readonly=True), Array(int64, 2, 'C', readonly=True),"
    "Array(int64, 2, 'C', readonly=True), Array(bool, 2, 'C', readonly=True),"
    f"Array(bool, 2, 'C', readonly=True), {INT64_IN}, {INT64_IN}, {FLOAT64_IN}, float64[:, ::1])"
)
def track(
    shared: NDArray[np.int32],
    p_areas: Ints,
    g_areas: Ints,
    p_given: Flags,
    g_given: Flags,
    p_rows: Ints,
    g_rows: Ints,
    alphas: Floats,
    sums: Floats,
) -> float:
    """Take the sums of HOTA and IDF1 over one video and category.

    Args:
        shared, p_areas, g_areas, p_given, g_given: see `evaluator.analysis.overlaps.VideoOverlaps`.
        p_rows, g_rows: the predictions and ground truths of the category; the order of the file decides ties.
        alphas: [A], thresholds of the IoU.
        sums: [7, A], zeros; receives the rows TP, FN, FP (masks), ASS_A, ASS_RE, ASS_PR and LOC (each summed
            over the true positives).

    Returns:
        IDTP, the masks that the best pairing of whole tracks explains.
    """
    similarity = _similarities(shared, p_areas, g_areas, p_given, g_given, p_rows, g_rows)
    _hota(similarity, p_given, g_given, p_rows, g_rows, alphas, sums)
    return _identity(similarity) if g_rows.size and p_rows.size else 0.0
