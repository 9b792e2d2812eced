"""Intervals of metrics that are functions of sums over videos (tasks vps and vss)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics import draw_videos, intervals

Metrics = dict[str, float | None]
_REPORT_EVERY = 25


def bootstrap_sums(
    metrics_of: Callable[[NDArray[np.float64]], Metrics],
    keys: Sequence[str],
    videos: int,
    resamples: int,
    seed: int,
    progress: Callable[[], None] | None,
) -> dict[str, NDArray[np.float64]]:
    """Return each metric in every resample; see `evaluator.statistics.bootstrap`.

    Args:
        metrics_of: the metrics where every video counts as often as the given weights [videos] say.
        keys: those wanted.
        videos, resamples, seed: see `evaluator.statistics.draw_videos`.
        progress: called now and then; what it raises ends the computation.
    """
    values = {key: np.full(resamples, np.nan) for key in keys}
    for index, weights in enumerate(draw_videos(videos, resamples, seed)):
        if progress is not None and index % _REPORT_EVERY == 0:
            progress()
        found = metrics_of(weights)
        for key in keys:
            value = found[key]
            values[key][index] = np.nan if value is None else value
    return values


def bootstrap_intervals(
    metrics_of: Callable[[NDArray[np.float64]], Metrics],
    keys: Sequence[str],
    videos: int,
    resamples: int,
    seed: int,
    progress: Callable[[], None] | None,
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each metric; the arguments are those of `bootstrap_sums`."""
    return intervals(bootstrap_sums(metrics_of, keys, videos, resamples, seed, progress))
