"""Statistics: intervals, comparisons and boards.

CPU seconds of one process for 1,000 draws and the jackknife of all headline metrics. The outcomes are drawn
from `tests/bench/video_populations.py` in the proportions of each benchmark's validation set.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from evaluator.statistics import bootstrap as statistics
from evaluator.statistics.bootstrap import DrawnMetrics
from evaluator.statistics.comparison import rank_intervals, tie_groups
from tests.bench.figures import Figures
from tests.bench.video_populations import (
    drawn_panoptic,
    drawn_semantic,
    drawn_tracklets,
    panoptic,
    semantic,
    tracklets,
)

DRAWS = 1000


def least(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def bootstrap_seconds(drawn: DrawnMetrics, videos: int) -> float:
    return least(lambda: statistics.bootstrap(drawn, videos, DRAWS, 0))


def test_a_thousand_draws_of_all_headline_metrics_take_less_than_five_seconds(figures: Figures) -> None:
    rng = np.random.default_rng(0)
    cases: dict[str, tuple[DrawnMetrics, int]] = {}
    for per_video in (10, 100):
        pooled = tracklets(rng, 140, per_video=per_video)[0]
        cases[f"OVIS, {per_video} predictions a video"] = (drawn_tracklets(pooled), 140)
    cases["VIPSeg"] = (drawn_panoptic(panoptic(rng, 343)[0]), 343)
    cases["VSPW"] = (drawn_semantic(semantic(rng, 343)[0]), 343)
    for name, (drawn, videos) in cases.items():
        seconds = bootstrap_seconds(drawn, videos)
        figures.add({"1,000 draws": name, "videos": videos, "CPU seconds": f"{seconds:.2f}"})
        assert seconds < 5


def test_ranks_and_groups_of_a_hundred_rows_take_less_than_a_second(figures: Figures) -> None:
    rng = np.random.default_rng(0)
    values = {row: 0.5 - 0.002 * row for row in range(100)}
    common = rng.normal(0, 0.02, DRAWS)
    samples = {row: (value + common + rng.normal(0, 0.01, DRAWS)).tolist() for row, value in values.items()}
    for name, work in (("rank intervals", rank_intervals), ("tie groups", tie_groups)):
        seconds = least(partial(work, values, samples))
        figures.add({"board of 100 rows, 1,000 draws": name, "CPU seconds": f"{seconds:.3f}"})
        assert seconds < 1
