"""The bootstrap of panoptic and semantic metrics: a draw scores like a split of the drawn videos."""

from pathlib import Path

import numpy as np
import pytest

from evaluator import Report, evaluate
from evaluator.catalog import BENCHMARKS
from evaluator.statistics.bootstrap import draw_videos
from tests.evaluator.map_files import (
    Panoptic,
    write_class_maps,
    write_class_truth,
    write_predictions,
    write_truth,
)

VIDEOS, SEED = 4, 2
IDS = np.array([0, 5, 300, 70000], np.uint32)
CATEGORY = {5: 0, 300: 1, 70000: 2}


def score(task: str, folder: Path, videos: list[int], bootstrap: int = 0) -> Report:
    """Score a split with these videos; one that is listed twice is there twice, under two names."""
    maps = {}
    for place, number in enumerate(videos):
        rng = np.random.default_rng(number)
        true = np.repeat(rng.integers(0, 4, (1, 4, 6)), 18, axis=0)
        found = np.where(rng.random(true.shape) < 0.2, rng.integers(0, 4, true.shape), true)
        maps[f"v{place}"] = (true, found)
    if task == "vps":
        pairs = {name: [Panoptic(IDS[part], CATEGORY) for part in pair] for name, pair in maps.items()}
        truth = write_truth(folder / "gt", {name: pair[0] for name, pair in pairs.items()})
        predictions = write_predictions(folder / "pred", {name: pair[1] for name, pair in pairs.items()})
        return evaluate("vipseg", truth, predictions, bootstrap=bootstrap, seed=SEED)
    truth = write_class_truth(folder / "gt", {name: pair[0].astype(np.uint8) for name, pair in maps.items()})
    predictions = write_class_maps(
        folder / "pred", {name: np.maximum(pair[1] - 1, 0).astype(np.uint8) for name, pair in maps.items()}
    )
    return evaluate("vspw", truth, predictions, bootstrap=bootstrap, seed=SEED)


@pytest.mark.parametrize("task", ["vps", "vss"])
def test_one_draw_scores_like_a_split_of_the_drawn_videos(task: str, tmp_path: Path) -> None:
    (weights,) = draw_videos(VIDEOS, 1, SEED)
    assert weights.max() > 1
    drawn = np.repeat(np.arange(VIDEOS), weights.astype(int)).tolist()
    samples = score(task, tmp_path / "all", list(range(VIDEOS)), bootstrap=1).samples
    expected = score(task, tmp_path / "drawn", drawn)
    assert set(samples) == set(BENCHMARKS[expected.benchmark].headline)
    for key, found in samples.items():
        assert found == [pytest.approx(expected.metrics[key], abs=1e-12)], key


@pytest.mark.parametrize("task", ["vps", "vss"])
def test_intervals_hold_the_score_and_leave_the_digest_alone(task: str, tmp_path: Path) -> None:
    plain = score(task, tmp_path / "a", list(range(VIDEOS)))
    report = score(task, tmp_path / "b", list(range(VIDEOS)), bootstrap=100)
    assert plain.intervals == {}
    assert report.digest == plain.digest
    for key, (low, high) in report.intervals.items():
        assert low <= report.metrics[key] <= high
        assert low < high
