"""HOTA and IDF1 of tracklets, per category and over categories, as TrackEval 1.3.0 reports them.

TrackEval takes every mask of a submission as a detection, whatever its score, and every prediction as a track
of its category; crowds count like other objects. So submissions made for AP, with many unsure predictions,
get low values unless these are left out (`min_score`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.analysis.overlaps import VideoOverlaps
from evaluator.analysis.tracking_kernels import ASS_A, ASS_PR, ASS_RE, FN, FP, LOC, TP, track
from evaluator.tracklets.scorer import TrackletScorer

ALPHAS: Final = np.arange(0.05, 0.99, 0.05)
TRACKING_METRICS: Final = (
    "HOTA", "DetA", "AssA", "LocA", "DetRe", "DetPr", "AssRe", "AssPr", "IDF1", "IDR", "IDP",
)  # fmt: skip

Metrics = dict[str, float | None]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrackingSums:
    """R rows, each a video and a category with masks in it.

    Attributes:
        video, category: int64 [R], indices in the lists of videos and categories.
        hota: float64 [R, 7, 19], see `evaluator.analysis.tracking_kernels.track`.
        identity: float64 [R, 3], IDTP, IDFN and IDFP.
        empty: int64 [R], predicted masks without a pixel.
    """

    video: NDArray[np.int64]
    category: NDArray[np.int64]
    hota: Floats
    identity: Floats
    empty: NDArray[np.int64]


Rows = list[tuple[int, int, Floats, Floats, int]]


def track_video(scorer: TrackletScorer, index: int, overlaps: VideoOverlaps, min_score: float) -> Rows:
    """Return the rows of one video, each with what `TrackingSums` holds of it."""
    mine = scorer.predictions(index)
    arrays = scorer.ground_truth.tracklets
    p_category = scorer.category[mine]
    g_category = arrays.category[arrays.first_tracklet[index] : arrays.first_tracklet[index + 1]]
    kept = np.flatnonzero(scorer.score[mine] >= min_score)
    kept = kept[np.argsort(scorer.order[mine][kept])]  # the order of the file
    rows: Rows = []
    for category in np.union1d(p_category[kept], g_category).tolist():
        if category < 0:  # the ground truth lacks it
            continue
        sums = np.zeros((7, len(ALPHAS)))
        same_class = kept[p_category[kept] == category]
        truths = np.flatnonzero(g_category == category)
        agreed = track(
            overlaps.shared,
            overlaps.p_areas,
            overlaps.g_areas,
            overlaps.p_given,
            overlaps.g_given,
            same_class,
            truths,
            ALPHAS,
            sums,
        )
        g_masks = np.count_nonzero(overlaps.g_given[truths])
        p_masks = np.count_nonzero(overlaps.p_given[same_class])
        empty = int(p_masks - np.count_nonzero(overlaps.p_areas[same_class]))
        identity = np.array([agreed, g_masks - agreed, p_masks - agreed])
        rows.append((index, category, sums, identity, empty))
    return rows


def join_rows(rows: Rows) -> TrackingSums:
    """Return the rows of all videos as arrays."""
    return TrackingSums(
        video=np.array([row[0] for row in rows], np.int64),
        category=np.array([row[1] for row in rows], np.int64),
        hota=np.array([row[2] for row in rows]).reshape(-1, 7, len(ALPHAS)),
        identity=np.array([row[3] for row in rows]).reshape(-1, 3),
        empty=np.array([row[4] for row in rows], np.int64),
    )


@dataclass(frozen=True, slots=True)
class TrackingResults:
    """HOTA and IDF1 of some videos, over K categories.

    Attributes:
        class_averaged: mean over all categories. Official quirk: without any mask, one counts as 0 (LocA: 1).
        present_class_averaged: mean over the categories with a mask; None if there are none.
        det_averaged: over all masks, whatever their category.
        by_category: [K], None for every metric of a category without a mask.
        empty_masks: predicted masks without a pixel. Official quirk: they count as wrong detections, where
            null would not.
    """

    class_averaged: Metrics
    present_class_averaged: Metrics
    det_averaged: Metrics
    by_category: list[Metrics]
    empty_masks: int


def summarise(sums: TrackingSums, categories: int, videos: NDArray[np.bool_]) -> TrackingResults:
    """Return the metrics of the videos that are marked in `videos`."""
    hota, identity = np.zeros((categories, 7, len(ALPHAS))), np.zeros((categories, 3))
    counted = videos[sums.video]
    np.add.at(hota, sums.category[counted], sums.hota[counted])
    np.add.at(identity, sums.category[counted], sums.identity[counted])
    each = [_metrics(hota[k], identity[k]) for k in range(categories)]
    present = (identity.sum(axis=1) > 0).tolist()
    return TrackingResults(
        class_averaged=_average(each),
        present_class_averaged=_average([found for found, here in zip(each, present, strict=True) if here]),
        det_averaged=dict(_metrics(hota.sum(axis=0), identity.sum(axis=0))),
        by_category=[
            dict(found) if here else dict.fromkeys(TRACKING_METRICS)
            for found, here in zip(each, present, strict=True)
        ],
        empty_masks=int(sums.empty[counted].sum()),
    )


def _metrics(hota: Floats, identity: Floats) -> dict[str, float]:
    """Return the metrics of sums [7, 19] and [3]; each of HOTA's is a mean over the 19 thresholds."""
    true = hota[TP]
    det_a = true / np.maximum(1, true + hota[FN] + hota[FP])
    ass_a, ass_re, ass_pr = (hota[row] / np.maximum(1, true) for row in (ASS_A, ASS_RE, ASS_PR))
    curves = {
        "HOTA": np.sqrt(det_a * ass_a),
        "DetA": det_a,
        "AssA": ass_a,
        # Official quirk: 1 at a threshold that no mask reaches.
        "LocA": np.maximum(1e-10, hota[LOC]) / np.maximum(1e-10, true),
        "DetRe": true / np.maximum(1, true + hota[FN]),
        "DetPr": true / np.maximum(1, true + hota[FP]),
        "AssRe": ass_re,
        "AssPr": ass_pr,
    }
    id_true, id_missed, id_false = identity.tolist()
    return {key: float(np.mean(curve)) for key, curve in curves.items()} | {
        "IDF1": id_true / max(1.0, id_true + id_missed / 2 + id_false / 2),
        "IDR": id_true / max(1.0, id_true + id_missed),
        "IDP": id_true / max(1.0, id_true + id_false),
    }


def _average(each: list[dict[str, float]]) -> Metrics:
    if not each:
        return dict.fromkeys(TRACKING_METRICS)
    return {key: float(np.mean([found[key] for found in each])) for key in TRACKING_METRICS}
