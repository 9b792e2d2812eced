"""The metrics of named subsets, each as if the split had those videos alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BenchmarkSpec
from evaluator.options import Options
from evaluator.statistics.bootstrap import DrawnMetrics, bootstrap, intervals, samples
from evaluator.types import SubsetReport

Weights = NDArray[np.float64]
Metrics = dict[str, float | None]


def subset_reports(
    chosen: Mapping[str, Sequence[int]],
    metrics_of: Callable[[Weights], Metrics],
    drawn: DrawnMetrics,
    spec: BenchmarkSpec,
    videos: int,
    options: Options,
    progress: Callable[[], None] | None,
) -> dict[str, SubsetReport]:
    """Return the report of every subset.

    Args:
        chosen: indices of the videos of each, as `evaluator.statistics.subsets.choose_videos` gives them.
        metrics_of: the metrics where every video counts as often as the given weights [videos] say.
        drawn: the headline metrics of many draws at once.
        spec: its metrics are reported, its headline gets intervals.
        videos: how many the split has.
        options: as for the whole split; the videos of the subset alone are drawn.
        progress: called now and then; what it raises ends the computation.
    """

    def report(indices: Sequence[int]) -> SubsetReport:
        def spread(counts: Weights) -> Weights:
            weights = np.zeros((len(counts), videos))
            weights[:, list(indices)] = counts
            return weights

        found = metrics_of(spread(np.ones((1, len(indices))))[0])
        resampled = bootstrap(
            lambda counts: drawn(spread(counts)), len(indices), options.bootstrap, options.seed, progress
        )
        return SubsetReport(
            videos=len(indices),
            metrics={key: found[key] for key in spec.metrics},
            intervals=intervals(resampled, found),
            samples=samples(resampled),
        )

    return {name: report(indices) for name, indices in chosen.items()}
