"""How sure a number is: the bootstrap over videos.

Videos are drawn with replacement, as many as there are, and every metric is computed on the drawn ones as
on all of them (one drawn twice counts twice). Videos, not predictions, were sampled when the benchmark was
made, so they are what chance would change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.metrics.tracklet_results import PooledPredictions

INTERVAL = (2.5, 97.5)
_REPORT_EVERY = 25


def draw_videos(videos: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return [resamples, videos], how often each video was drawn.

    The draws depend on nothing but the arguments: two submissions to one split meet the same ones, so their
    differences can be taken draw by draw (paired).

    Raises:
        ValueError: `resamples` is negative.
    """
    if resamples < 0:
        raise ValueError(f"Expected no fewer than 0 resamples, but got {resamples}")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, videos, (resamples, videos)) if videos else np.empty((resamples, 0), np.int64)
    return np.array([np.bincount(row, minlength=videos) for row in drawn], np.float64).reshape(
        resamples, videos
    )


def bootstrap(
    pooled: PooledPredictions,
    metrics: Sequence[str],
    resamples: int,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Return for each metric its value in every resample, [resamples]; NaN where it is undefined there.

    Args:
        pooled: the predictions of a submission.
        metrics: keys of `evaluator.catalog.METRICS`.
        resamples, seed: see `draw_videos`.
        progress: called now and then; what it raises ends the computation.
    """
    values = {key: np.full(resamples, np.nan) for key in metrics}
    videos = len(pooled.scorer.ground_truth.videos)
    for index, weights in enumerate(draw_videos(videos, resamples, seed)):
        if progress is not None and index % _REPORT_EVERY == 0:
            progress()
        results = pooled.results(weights)
        for key, column in values.items():
            value = results.metric(key)
            column[index] = np.nan if value is None else value
    return values


def intervals(values: dict[str, NDArray[np.float64]]) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile interval of each metric that is defined in any resample."""
    bounds = {}
    for key, column in values.items():
        defined = column[~np.isnan(column)]
        if len(defined):
            low, high = np.percentile(defined, INTERVAL)
            bounds[key] = (float(low), float(high))
    return bounds


def samples(values: dict[str, NDArray[np.float64]]) -> dict[str, list[float | None]]:
    """Return the values of all resamples as `Report.samples` holds them."""
    return {
        key: [None if math.isnan(value) else value for value in column.tolist()]
        for key, column in values.items()
        if len(column)
    }
