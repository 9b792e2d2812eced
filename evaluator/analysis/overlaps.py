"""Counts the pixels that masks of one video share, frame by frame, for tracking metrics and error analysis.

N predictions, G ground truths, T frames. Masks stay run-lengths throughout; see
`evaluator.tracklets.kernels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import INT32_IN, compiled
from evaluator.tracklets.kernels import shared_pixels
from evaluator.tracklets.scorer import TrackletScorer

Bounds = NDArray[np.int32]
Ints = NDArray[np.int64]

_MATRIX_IN: Final = "Array(int64, 2, 'C', readonly=True)"


@dataclass(frozen=True, slots=True)
class VideoOverlaps:
    """Pixels of one video.

    Attributes:
        shared: int32 [N, G, T], pixels in both masks, whatever their categories.
        p_areas, g_areas: int64 [N, T] and [G, T], pixels of each mask; 0 where there is none.
        p_given, g_given: bool [N, T] and [G, T], whether a mask was written down, even one without pixels.
    """

    shared: NDArray[np.int32]
    p_areas: NDArray[np.int64]
    g_areas: NDArray[np.int64]
    p_given: NDArray[np.bool_]
    g_given: NDArray[np.bool_]


@compiled(
    f"void(int32[::1], {_MATRIX_IN}, {_MATRIX_IN}, {_MATRIX_IN}, {INT32_IN}, {_MATRIX_IN},"
    f"Array(int32, 2, 'C', readonly=True), {_MATRIX_IN}, int32[:, :, ::1])"
)
def _share_video(
    p_bounds: Bounds,
    p_first: Ints,
    p_runs: Ints,
    p_areas: Ints,
    g_bounds: Bounds,
    g_first: Ints,
    g_runs: Bounds,
    g_areas: Ints,
    shared: Bounds,
) -> None:
    for n in range(shared.shape[0]):
        for g in range(shared.shape[1]):
            for t in range(shared.shape[2]):
                shared[n, g, t] = 0
                if p_areas[n, t] and g_areas[g, t]:
                    shared[n, g, t] = shared_pixels(
                        p_bounds, p_first[n, t], p_runs[n, t], g_bounds, g_first[g, t], g_runs[g, t]
                    )


def video_overlaps(scorer: TrackletScorer, index: int) -> VideoOverlaps:
    """Compare every prediction of one video with every ground truth of it, in every frame.

    Args:
        scorer: after `score_video(index)`, which has found the predictions readable. Their order is kept.
        index: of the video.
    """
    masks = scorer.decode(index)
    arrays = scorer.ground_truth.tracklets
    first_tracklet, last_tracklet = arrays.first_tracklet[index : index + 2].tolist()
    first_mask, last_mask = arrays.first_mask[index : index + 2].tolist()
    shape = (last_tracklet - first_tracklet, scorer.ground_truth.videos[index].length)
    g_first, g_runs, g_areas = (
        values[first_mask:last_mask].reshape(shape) for values in (arrays.first, arrays.runs, arrays.areas)
    )
    end = arrays.first[last_mask] if last_mask < len(arrays.first) else len(arrays.bounds)
    g_written = np.diff(arrays.first[first_mask:last_mask], append=end)
    shared = np.empty((len(masks.areas), *shape), np.int32)
    _share_video(
        masks.bounds, masks.first, masks.runs, masks.areas, arrays.bounds, g_first, g_runs, g_areas, shared
    )
    return VideoOverlaps(shared, masks.areas, g_areas, masks.given, (g_written > 0).reshape(shape))
