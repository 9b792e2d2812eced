"""Coverage: how often 95 % intervals hold the truth.

Many splits are drawn from an endless population of videos (`tests/bench/video_populations.py`). The truth is
the mean of a metric over splits of this size, which is what a split estimates. "Ours" are the intervals of
reports; others come from the same draws without the jackknife's stretch, or from Bayesian weights. "False
difference": how often two equally good methods differ with p <= 0.05.
"""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.statistics import bootstrap as statistics
from evaluator.statistics.bootstrap import DrawnMetrics
from evaluator.statistics.comparison import difference, tie_groups
from tests.bench.figures import Figures
from tests.bench.video_populations import (
    drawn_panoptic,
    drawn_semantic,
    drawn_tracklets,
    panoptic,
    semantic,
    tracklets,
)

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Make = Callable[..., list[Any]]
NORMAL = NormalDist()
CASES: list[tuple[Make, Callable[[Any], DrawnMetrics], int, int, tuple[str, ...]]] = [
    (tracklets, drawn_tracklets, 30, 200, ("AP", "AP50", "AR1")),
    (tracklets, drawn_tracklets, 140, 200, ("AP", "AP50", "AR1")),
    (panoptic, drawn_panoptic, 343, 60, ("VPQ", "STQ")),
    (semantic, drawn_semantic, 343, 100, ("mIoU", "fwIoU", "VC8")),
]


def percentiles(draws: Floats, low: float = 0.025, high: float = 0.975) -> Interval:
    return float(np.quantile(draws, low)), float(np.quantile(draws, high))


def bias_corrected(value: float, draws: Floats) -> Interval:
    """Return Efron's BC interval: percentiles moved by the share of draws that lie below the value."""
    below = np.mean(draws < value) + np.mean(draws == value) / 2
    shift = 2 * NORMAL.inv_cdf(float(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws))))
    return percentiles(draws, NORMAL.cdf(shift - 1.96), NORMAL.cdf(shift + 1.96))


def all_intervals(
    drawn: DrawnMetrics, videos: int, draws: int, rng: np.random.Generator
) -> dict[str, tuple[float, dict[str, Interval]]]:
    """Return for each metric its value and the interval of every kind."""
    values = {key: column[0] for key, column in drawn(np.ones((1, videos))).items()}
    plain = drawn(statistics.draw_videos(videos, draws, 0))
    bayesian = drawn(rng.dirichlet(np.ones(videos), draws) * videos)
    ours = statistics.intervals(statistics.bootstrap(drawn, videos, draws, 0), values)
    return {
        key: (
            value,
            {
                "percentile": percentiles(plain[key]),
                "BC": bias_corrected(value, plain[key]),
                "Bayesian": percentiles(bayesian[key]),
                "centred": statistics.centred_interval(value, plain[key]),
                "ours": ours[key],
            },
        )
        for key, value in values.items()
    }


@pytest.mark.parametrize(("make", "drawn_of", "videos", "splits", "keys"), CASES)
def test_intervals_hold_the_truth_about_as_often_as_they_say(
    make: Make,
    drawn_of: Callable[[Any], DrawnMetrics],
    videos: int,
    splits: int,
    keys: tuple[str, ...],
    figures: Figures,
) -> None:
    rng = np.random.default_rng(0)
    found, false = [], dict.fromkeys(keys, 0)
    for _ in range(splits):
        first, second = (drawn_of(outcomes) for outcomes in make(rng, videos, (0.0, 0.0)))
        found.append(all_intervals(first, videos, 200, rng))
        other = statistics.bootstrap(second, videos, 200, 0)
        again = statistics.bootstrap(first, videos, 200, 0)
        values = second(np.ones((1, videos)))
        for key in keys:
            pair = difference(
                found[-1][key][0], float(values[key][0]), again[key].tolist(), other[key].tolist()
            )
            false[key] += pair is not None and pair.significant
    for key in keys:
        truth = np.mean([split[key][0] for split in found])
        held = {
            kind: np.mean([low <= truth <= high for low, high in (split[key][1][kind] for split in found)])
            for kind in found[0][key][1]
        }
        shares = {kind: f"{100 * share:.0f} %" for kind, share in held.items()}
        row = {"metric": key, "videos": videos, "splits": splits, **shares}
        figures.add({**row, "false difference": f"{100 * false[key] / splits:.0f} %"})
        assert held["ours"] > 0.9
        assert false[key] / splits < 0.1


def test_a_board_of_equal_methods_rarely_falls_apart(figures: Figures) -> None:
    rng = np.random.default_rng(0)
    boards, rows, videos, apart = 60, 10, 140, 0
    for _ in range(boards):
        drawn = dict(enumerate(map(drawn_tracklets, tracklets(rng, videos, (0.0,) * rows))))
        values = {row: float(found(np.ones((1, videos)))["AP"][0]) for row, found in drawn.items()}
        samples = {
            row: statistics.bootstrap(found, videos, 200, 0)["AP"].tolist() for row, found in drawn.items()
        }
        apart += len(tie_groups(values, samples)) > 1
    figures.add({"boards of 10 equal methods": boards, "of them split into groups": apart})
    assert apart / boards <= 0.1
