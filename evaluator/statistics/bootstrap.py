"""Computes how certain a number is, by a bootstrap over videos; docs/statistics.md gives the reasons.

Videos are drawn with replacement, as many as there are, and every metric is computed on the drawn ones as
on all of them (one drawn twice counts twice). Videos, not predictions, were sampled when the benchmark was
made, so they are what chance would change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metrics = Mapping[str, float | None]
DrawnMetrics = Callable[[Floats], dict[str, Floats]]
"""Turns [B, V], how often each video counts in each draw, into metrics [B]; NaN where one is undefined."""

_AT_ONCE = 50


def draw_videos(videos: int, resamples: int, seed: int) -> Floats:
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
    metrics_of: DrawnMetrics,
    videos: int,
    resamples: int,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> dict[str, Floats]:
    """Return for each metric its value in every resample, [resamples]; nothing without resamples.

    The values of a metric are stretched about their mean until they scatter as much as leaving out one video
    at a time says (`stretch`).

    Args:
        metrics_of: computes the metrics of some draws at once.
        videos, resamples, seed: see `draw_videos`.
        progress: called now and then; what it raises ends the computation.
    """
    weights = draw_videos(videos, resamples, seed)
    if not resamples:
        return {}
    numbers = np.arange(videos)

    def evaluate(count: int, rows: Callable[[slice], Floats]) -> dict[str, Floats]:
        parts = []
        for start in range(0, count, _AT_ONCE):
            if progress is not None:
                progress()
            parts.append(metrics_of(rows(slice(start, start + _AT_ONCE))))
        return {key: np.concatenate([part[key] for part in parts]) for key in (parts[0] if parts else ())}

    drawn = evaluate(resamples, lambda some: weights[some])
    without = evaluate(videos, lambda some: 1.0 * (numbers[some, np.newaxis] != numbers))
    return {key: stretch(values, without[key]) if without else values for key, values in drawn.items()}


def stretch(draws: Floats, without: Floats) -> Floats:
    """Return draws [B] of a metric with the jackknife's standard error as their standard deviation.

    Draws of the videos scatter too little where a metric is a mean over categories of which some occur in few
    videos: drawing one video twice adds nothing about the videos that might have been there instead. Leaving
    out each video in turn scatters too much rather than too little (Efron and Stein, The Jackknife Estimate
    of Variance, Annals of Statistics 9, 1981).

    Args:
        draws: NaN where the metric is undefined.
        without: [V], the metric of all videos but one; NaN likewise.
    """
    defined, left = draws[~np.isnan(draws)], without[~np.isnan(without)]
    if len(defined) < 2 or len(left) < 2 or not np.ptp(defined):
        return draws
    error = math.sqrt((len(left) - 1) * float(left.var()))
    mean = defined.mean()
    return np.asarray(mean + (draws - mean) * (error / defined.std(ddof=1)))


def columns(draws: Iterable[Metrics], keys: Sequence[str]) -> dict[str, Floats]:
    """Return [B] of each metric from the metrics of B draws, one by one."""
    rows = [[math.nan if (value := found[key]) is None else value for key in keys] for found in draws]
    return dict(zip(keys, np.array(rows, np.float64).reshape(-1, len(keys)).T, strict=True))


def intervals(values: Mapping[str, Floats], metrics: Metrics) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each metric that is defined, within [0, 1].

    Args:
        values: the metrics in every resample, as `bootstrap` gives them.
        metrics: the metrics on all videos.
    """
    bounds = {}
    for key, column in values.items():
        value = metrics[key]
        defined = column[~np.isnan(column)]
        if value is not None and len(defined):
            bounds[key] = centred_interval(value, defined)
    return bounds


def centred_interval(value: float, draws: Floats) -> tuple[float, float]:
    """Return the 95 % interval of a metric from its draws [B], moved so that their mean is its value."""
    moved = np.sort(draws) + (value - draws.mean())
    tail = max(
        1, (len(moved) + 1) // 40
    )  # the ends are those of `evaluator.statistics.comparison.difference`
    low, high = min(float(moved[tail - 1]), value), max(float(moved[-tail]), value)
    return max(0.0, low), min(1.0, high)


def samples(values: Mapping[str, Floats]) -> dict[str, list[float | None]]:
    """Return the values of all resamples as `Report.samples` holds them."""
    return {
        key: [None if math.isnan(value) else value for value in column.tolist()]
        for key, column in values.items()
    }
