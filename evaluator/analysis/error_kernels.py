"""Says of every prediction of one video what is wrong with it, if it is; see docs/error-analysis.md.

The numbers of the kinds are indices in `evaluator.analysis.errors.KINDS`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import INT32_IN, compiled

Ints = NDArray[np.int64]
Bounds = NDArray[np.int32]
Flags = NDArray[np.uint8]
Floats = NDArray[np.float64]

FOUND: Final = 0.5  # the track IoU, and the IoU in a frame, from which something counts as found
TOUCHED: Final = 0.1  # the track IoU from which a prediction is about an object

CLASSIFICATION, SWITCH, FRAGMENT, TEMPORAL, SPATIAL, DUPLICATE, BOTH, BACKGROUND = range(8)
NONE: Final = -1


@compiled()
def _followed(shared: Any, p_areas: Ints, g_areas: Ints, g_crowd: Flags, n: Any, follows: Any) -> None:
    """Write to `follows` [T] which object the prediction lies on in each frame, -1 for none."""
    for t in range(follows.size):
        follows[t] = -1
        best = FOUND
        for g in range(g_areas.shape[0]):
            both = shared[n, g, t]
            if both and not g_crowd[g]:
                iou = both / (p_areas[n, t] + g_areas[g, t] - both)
                if iou > best or (iou == best and follows[t] < 0):
                    best = iou
                    follows[t] = g


@compiled(
    "void(Array(int32, 3, 'C', readonly=True), Array(int64, 2, 'C', readonly=True),"
    "Array(int64, 2, 'C', readonly=True), Array(uint8, 1, 'C', readonly=True), int64[:, ::1])"
)
def follow_video(
    shared: NDArray[np.int32], p_areas: Ints, g_areas: Ints, g_crowd: Flags, follows: Ints
) -> None:
    """Find on which object every prediction of a video lies in each frame: IoU of 0.5 or more there.

    Args:
        shared, p_areas, g_areas: see `evaluator.analysis.overlaps.VideoOverlaps`.
        g_crowd: [G], 1 for what no prediction can lie on.
        follows: [N, T], receives an index in [0, G), or NONE.
    """
    for n in range(follows.shape[0]):
        _followed(shared, p_areas, g_areas, g_crowd, n, follows[n])


@compiled()
def _track_iou(shared: Any, p_areas: Ints, g_areas: Ints, n: Any, g: Any) -> float:
    both = np.int64(0)
    total = np.int64(0)
    for t in range(p_areas.shape[1]):
        both += shared[n, g, t]
        total += p_areas[n, t] + g_areas[g, t]
    return both / (total - both) if both else 0.0


@compiled()
def _is_about(iou: Any, areas: Ints, follows: Any, g: Any) -> Any:
    """Return whether a prediction is about an object: IoU of 0.1, or on it in half of its frames."""
    if iou >= TOUCHED:
        return True
    frames = 0
    on_it = 0
    for t in range(areas.size):
        frames += areas[t] > 0
        on_it += follows[t] == g
    return on_it > 0 and 2 * on_it >= frames


@compiled()
def _switch_iou(shared: Any, p_areas: Ints, g_areas: Ints, n: Any, g: Any, follows: Any) -> float:
    """Return the track IoU if the prediction were right wherever it lies on another object; 0 if nowhere."""
    both = np.int64(0)
    either = np.int64(0)
    on_it = 0
    elsewhere = 0
    for t in range(follows.size):
        if follows[t] >= 0 and follows[t] != g:
            elsewhere += 1
            both += g_areas[g, t]
            either += g_areas[g, t]
        else:
            on_it += follows[t] == g
            both += shared[n, g, t]
            either += p_areas[n, t] + g_areas[g, t] - shared[n, g, t]
    return both / either if on_it and elsewhere else 0.0


@compiled()
def _continues(follows: Any, p_areas: Ints, other: Any, n: Any, g: Any) -> Any:
    """Return whether a prediction is on the object where the other is absent, and seldom together with it."""
    mine = 0
    together = 0
    alone = 0
    for t in range(p_areas.shape[1]):
        mine += follows[n, t] == g
        if follows[other, t] == g:
            together += follows[n, t] == g
            alone += p_areas[n, t] == 0
    return mine > 0 and alone > 0 and 2 * together <= mine


@compiled()
def _joined_iou(
    shared: Any,
    p_areas: Ints,
    g_areas: Ints,
    n: Any,
    g: Any,
    follows: Any,
    p_category: Bounds,
    p_rank: Bounds,
) -> float:
    """Return the track IoU of the prediction joined with others that continue it; 0 if none does."""
    frames = p_areas.shape[1]
    best_both = np.zeros(frames, np.int64)
    best_either = g_areas[g].copy()
    joined = False
    for other in range(p_category.size):
        if other == n or p_category[other] != p_category[n] or p_rank[other] < 0:
            continue
        if not _continues(follows, p_areas, other, n, g):
            continue
        joined = True
        for t in range(frames):
            if p_areas[n, t] or follows[other, t] != g:
                continue
            both = np.int64(shared[other, g, t])
            either = p_areas[other, t] + g_areas[g, t] - both
            if best_both[t] == 0 or both / either > best_both[t] / best_either[t]:
                best_both[t] = both
                best_either[t] = either
    if not joined:
        return 0.0
    for t in range(frames):
        if p_areas[n, t]:
            best_both[t] = shared[n, g, t]
            best_either[t] = p_areas[n, t] + g_areas[g, t] - shared[n, g, t]
    joined_iou: float = best_both.sum() / best_either.sum()
    return joined_iou


@compiled()
def _extent(shared: Any, p_areas: Ints, g_areas: Ints, n: Any, g: Any) -> Any:
    """Return TEMPORAL or SPATIAL: which of the two, fixed alone, would give the larger track IoU."""
    both = np.int64(0)
    either = np.int64(0)
    whole = np.int64(0)
    alone = np.int64(0)
    for t in range(p_areas.shape[1]):
        if p_areas[n, t] and g_areas[g, t]:
            both += shared[n, g, t]
            either += p_areas[n, t] + g_areas[g, t] - shared[n, g, t]
            whole += g_areas[g, t]
        else:
            alone += p_areas[n, t] + g_areas[g, t]
    return TEMPORAL if both / either > whole / (whole + alone) else SPATIAL


@compiled(
    "void(Array(int32, 3, 'C', readonly=True), Array(int64, 2, 'C', readonly=True),"
    f"Array(int64, 2, 'C', readonly=True), {INT32_IN}, {INT32_IN}, {INT32_IN},"
    "Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1])"
)
def explain_video(
    shared: NDArray[np.int32],
    p_areas: Ints,
    g_areas: Ints,
    p_category: Bounds,
    p_rank: Bounds,
    g_category: Bounds,
    g_crowd: Flags,
    kind: Ints,
    target: Ints,
) -> None:
    """Find the kind of every prediction's error, and the object that it is about.

    Args:
        shared, p_areas, g_areas: see `evaluator.analysis.overlaps.VideoOverlaps`.
        p_category, g_category: [N], [G]; g_crowd: [G], 1 for what no prediction can be about.
        p_rank: [N], negative for predictions that do not count.
        kind, target: [N], receive a kind or NONE, and an index in [0, G) or NONE.
    """
    count, truths, frames = shared.shape
    follows = np.empty((count, frames), np.int64)
    for n in range(count):
        _followed(shared, p_areas, g_areas, g_crowd, n, follows[n])
    for n in range(count):
        kind[n] = NONE
        target[n] = NONE
        if p_rank[n] < 0:
            continue
        same = NONE
        other = NONE
        same_iou = -1.0
        other_iou = -1.0
        for g in range(truths):
            if g_crowd[g]:
                continue
            iou = _track_iou(shared, p_areas, g_areas, n, g)
            if not _is_about(iou, p_areas[n], follows[n], g):
                continue
            if g_category[g] == p_category[n]:
                if iou > same_iou:
                    same = g
                    same_iou = iou
            elif iou > other_iou:
                other = g
                other_iou = iou
        if same_iou >= FOUND:
            kind[n] = DUPLICATE
            target[n] = same
        elif other_iou >= FOUND:
            kind[n] = CLASSIFICATION
            target[n] = other
        elif same >= 0:
            target[n] = same
            if _switch_iou(shared, p_areas, g_areas, n, same, follows[n]) >= FOUND:
                kind[n] = SWITCH
            elif _joined_iou(shared, p_areas, g_areas, n, same, follows, p_category, p_rank) >= FOUND:
                kind[n] = FRAGMENT
            else:
                kind[n] = _extent(shared, p_areas, g_areas, n, same)
        elif other >= 0:
            kind[n] = BOTH
            target[n] = other
        else:
            kind[n] = BACKGROUND


@compiled(
    "void(Array(int32, 3, 'C', readonly=True), Array(int64, 2, 'C', readonly=True),"
    f"Array(int64, 2, 'C', readonly=True), {INT32_IN}, {INT32_IN}, Array(bool, 1, 'C', readonly=True),"
    "Array(uint8, 1, 'C', readonly=True), int64[::1])"
)
def find_matches(
    shared: NDArray[np.int32],
    p_areas: Ints,
    g_areas: Ints,
    p_category: Bounds,
    g_category: Bounds,
    right: NDArray[np.bool_],
    ignored: Flags,
    match: Ints,
) -> None:
    """Repeat the matching of the right predictions, to learn which object each was matched with.

    Args:
        shared, p_areas, g_areas: see `evaluator.analysis.overlaps.VideoOverlaps`.
        p_category: [N], by rank within a category; g_category: [G].
        right: [N], which predictions are true positives at IoU 0.5.
        ignored: [G], 1 where a ground truth does not count.
        match: [N], receives an index in [0, G), or NONE for predictions that are not right.
    """
    taken = np.zeros(g_category.size, np.uint8)
    for n in range(p_category.size):
        match[n] = NONE
        if not right[n]:
            continue
        best = FOUND
        for g in range(g_category.size):
            if g_category[g] != p_category[n] or ignored[g] or taken[g]:
                continue
            iou = _track_iou(shared, p_areas, g_areas, n, g)
            if (
                iou >= best
            ):  # of two with equal IoU the later one wins, as in `evaluator.tracklets.average_precision`
                best = iou
                match[n] = g
        if match[n] >= 0:
            taken[match[n]] = 1
