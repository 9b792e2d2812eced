"""From the outcomes of all predictions to the numbers of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BenchmarkSpec
from evaluator.tracklets.average_precision import (
    AREA_SPLITS,
    IOU_THRESHOLDS,
    OCCLUSION_SPLITS,
    RECALL_LIMITS,
    RECALL_THRESHOLDS,
    Split,
    accumulate,
)
from evaluator.tracklets.scorer import TrackletScorer

PER_VIDEO_METRICS: Final = ("AP", "AP50", "AP75", "AR1", "AR10")
_SPLIT_OF_SUFFIX: Final = {
    "": "all",
    "s": "small",
    "m": "medium",
    "l": "large",
    "so": "occlusion_light",
    "mo": "occlusion_medium",
    "ho": "occlusion_heavy",
}
_THRESHOLDS_OF: Final = {f"AP{50 + 5 * t}": slice(t, t + 1) for t in range(len(IOU_THRESHOLDS))}
_LIMITS_OF: Final = {"AR1": 0, "AR10": 1}


def split_of(metric: str) -> str:
    """Return the split that a metric is about."""
    return _SPLIT_OF_SUFFIX[metric.partition("_")[2]]


def splits_of(spec: BenchmarkSpec) -> tuple[Split, ...]:
    """Return the splits that a benchmark's metrics need."""
    return AREA_SPLITS + (OCCLUSION_SPLITS if spec.has_occlusion else ())


@dataclass(frozen=True, slots=True)
class TrackletResults:
    """Results by group, where a group is a category, or a video and category.

    Attributes:
        splits: names, in the order of the second axis.
        ap: [groups, S, T], mean precision over 101 recalls; NaN where there is no ground truth.
        ar: [groups, S, M, T], final recall for the best 1, 10 and 100 predictions; NaN likewise.
    """

    splits: tuple[str, ...]
    ap: NDArray[np.float64]
    ar: NDArray[np.float64]

    def metric(self, key: str) -> float | None:
        """Return one metric over all groups, or None if none of them has ground truth."""
        values = self._values(key).ravel()
        values = values[~np.isnan(values)]
        return float(np.mean(values)) if len(values) else None

    def by_threshold(self, split: str) -> list[float | None]:
        """Return AP of a split at each threshold, or None if it has no ground truth."""
        values = self.ap[:, self.splits.index(split)]
        defined = values[~np.isnan(values[:, 0])]
        if not len(defined):
            return [None] * self.ap.shape[2]
        return [float(value) for value in defined.mean(axis=0)]

    def by_group(self, key: str) -> NDArray[np.float64]:
        """Return one metric of each group [groups]; NaN where it has no ground truth."""
        return np.asarray(self._values(key).mean(axis=1))

    def _values(self, key: str) -> NDArray[np.float64]:
        """Return the values whose mean is the metric, with one row per group."""
        split = self.splits.index(split_of(key))
        if key.startswith("AP"):
            return self.ap[:, split, _THRESHOLDS_OF.get(key, slice(None))]
        return self.ar[:, split, _LIMITS_OF.get(key, -1)]


@dataclass(frozen=True, slots=True)
class PooledPredictions:
    """The predictions of all videos by category, ready to be accumulated repeatedly.

    `rows` holds them category by category, each by descending score, `starts` [K + 1] where one begins.
    """

    scorer: TrackletScorer
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]

    def results(self, video_weight: NDArray[np.float64] | None = None) -> TrackletResults:
        """Return the results with one group per category.

        Args:
            video_weight: [videos], how often each video counts; None is once each.
        """
        scorer = self.scorer
        if video_weight is None:
            video_weight = np.ones(len(scorer.ground_truth.videos))
        arrays = scorer.ground_truth.tracklets
        categories = len(scorer.ground_truth.categories)
        weight = video_weight[arrays.video]
        positives = np.empty((categories, len(scorer.splits)))
        for split, ignored in enumerate(scorer.ignored):
            counted = weight * (ignored == 0)
            positives[:, split] = np.bincount(arrays.category, weights=counted, minlength=categories)
        return _accumulate(scorer, self.rows, self.starts, positives, video_weight[scorer.video])


def pool(scorer: TrackletScorer) -> PooledPredictions:
    """Order the predictions of all videos by category and score."""
    # Stable: predictions with equal scores stay in the order of their videos.
    rows = np.lexsort((-scorer.score, scorer.category))
    starts = np.searchsorted(scorer.category[rows], np.arange(len(scorer.ground_truth.categories) + 1))
    return PooledPredictions(scorer, rows, starts)


def results_by_video(scorer: TrackletScorer) -> tuple[TrackletResults, NDArray[np.int64]]:
    """Score each video as if it were the only one, without splits.

    Returns:
        results with one group for each video and category that has ground truth, and [groups] their videos.
    """
    arrays = scorer.ground_truth.tracklets
    categories = len(scorer.ground_truth.categories)
    keys, tracklet_group = np.unique(
        arrays.video.astype(np.int64) * categories + arrays.category, return_inverse=True
    )
    prediction_keys = scorer.video.astype(np.int64) * categories + scorer.category
    # A category that the ground truth lacks is -1: keep it out of the others.
    known = scorer.category >= 0
    rows = np.flatnonzero(known & np.isin(prediction_keys, keys))
    starts = np.append(np.searchsorted(prediction_keys[rows], keys), len(rows))
    positives = np.zeros((len(keys), 1))
    np.add.at(positives[:, 0], tracklet_group, scorer.ignored[0] == 0)
    weight = np.ones(len(scorer.score))
    return _accumulate(scorer, rows, starts, positives, weight), keys // max(categories, 1)


def mean_by_video(
    values: NDArray[np.float64], group_videos: NDArray[np.int64], videos: int
) -> NDArray[np.float64]:
    """Return [videos] the mean over the groups of each that are defined; NaN where there is none."""
    defined = ~np.isnan(values)
    groups = np.bincount(group_videos[defined], minlength=videos)
    sums = np.bincount(group_videos[defined], weights=values[defined], minlength=videos)
    means = np.full(videos, np.nan)
    np.divide(sums, groups, out=means, where=groups > 0)
    return means


def _accumulate(
    scorer: TrackletScorer,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    positives: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> TrackletResults:
    groups, splits = positives.shape
    thresholds = scorer.outcome.shape[1]
    ap = np.empty((groups, splits, thresholds))
    ar = np.empty((groups, splits, len(RECALL_LIMITS), thresholds))
    accumulate(
        rows,
        starts,
        scorer.rank,
        scorer.outcome[:splits],
        weight,
        positives,
        RECALL_THRESHOLDS,
        RECALL_LIMITS,
        ap,
        ar,
    )
    return TrackletResults(tuple(split.key for split in scorer.splits[:splits]), ap, ar)
