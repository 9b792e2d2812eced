"""The bootstrap over videos: what a draw is, and that drawing means what it says."""

from pathlib import Path

import numpy as np
import pytest

from evaluator import evaluate
from evaluator.catalog import BENCHMARKS
from evaluator.files.source import open_predictions
from evaluator.statistics.bootstrap import bootstrap, centred_interval, draw_videos, stretch
from evaluator.tracklets.draws import DrawnAp
from evaluator.tracklets.evaluate import load_ground_truth, score_predictions
from evaluator.tracklets.results import pool, splits_of
from tests.evaluator.tracklets.brute_force import average_precision
from tests.evaluator.tracklets.test_average_precision import Track, random_case, score


def test_a_draw_has_as_many_videos_as_there_are_and_repeats_with_its_seed() -> None:
    counts = draw_videos(5, 200, seed=1)
    assert counts.shape == (200, 5)
    assert (counts.sum(axis=1) == 5).all()
    assert np.array_equal(counts, draw_videos(5, 200, seed=1))
    assert not np.array_equal(counts, draw_videos(5, 200, seed=2))
    with pytest.raises(ValueError, match="Expected no fewer than 0 resamples, but got -1"):
        draw_videos(5, -1, seed=0)


def test_a_video_that_weighs_two_counts_as_if_it_were_there_twice(tmp_path: Path) -> None:
    predictions, truths = random_case(11)
    score(tmp_path, predictions, truths)  # writes the files
    spec = BENCHMARKS["ytvis2021"]
    truth = load_ground_truth(spec, tmp_path / "gt.json", None)
    source = open_predictions(tmp_path / "results.json")
    pooled = pool(score_predictions(source, truth, splits_of(spec), 1, None).scorer)
    weighted = pooled.results(np.array([2.0, 1.0, 0.0])).metric("AP")

    def doubled(tracks: list[Track]) -> list[Track]:
        # Between 1 and 2, so that equal scores keep their order in the pooled list.
        again = [Track(-2, t.category, t.masks, t.score, t.crowd) for t in tracks if t.video == 1]
        return again + [t for t in tracks if t.video != 3]

    assert weighted == pytest.approx(average_precision(doubled(predictions), doubled(truths)), abs=1e-9)


def test_many_draws_at_once_score_like_each_alone(tmp_path: Path) -> None:
    predictions, truths = random_case(12)
    score(tmp_path, predictions, truths)  # writes the files
    spec = BENCHMARKS["ytvis2021"]
    truth = load_ground_truth(spec, tmp_path / "gt.json", None)
    source = open_predictions(tmp_path / "results.json")
    pooled = pool(score_predictions(source, truth, splits_of(spec), 1, None).scorer)
    keys = (*spec.headline, "AP_s", "AP_l", "AR100", "AR_s")
    weights = np.vstack([draw_videos(3, 60, seed=0), np.zeros(3), [0.5, 0, 1.25]])
    found = DrawnAp(pooled, keys)(weights)
    for draw, row in enumerate(weights):
        alone = pooled.results(row)
        for key in keys:
            expected = alone.metric(key)
            assert found[key][draw] == pytest.approx(
                np.nan if expected is None else expected, abs=1e-12, nan_ok=True
            ), key


def test_intervals_hold_the_metric_and_repeat_with_their_seed(tmp_path: Path) -> None:
    predictions, truths = random_case(11)
    report = score(tmp_path, predictions, truths, bootstrap=200, seed=4)
    assert set(report.intervals) == set(BENCHMARKS[report.benchmark].headline)
    for key, (low, high) in report.intervals.items():
        value = report.metrics[key]
        assert value is not None
        assert 0 <= low <= value <= high <= 1
    assert score(tmp_path, predictions, truths, bootstrap=200, seed=4).intervals == report.intervals


def test_draws_scatter_as_the_jackknife_says() -> None:
    # The metric is a mean of ten videos, whose standard error is known: s / sqrt(10).
    videos = np.random.default_rng(0).normal(0.5, 0.1, 10)
    drawn = bootstrap(lambda weights: {"mean": weights @ videos / weights.sum(axis=1)}, 10, 300, seed=1)
    assert drawn["mean"].std(ddof=1) == pytest.approx(videos.std(ddof=1) / np.sqrt(10))


def test_undefined_draws_stay_undefined_and_equal_ones_equal() -> None:
    draws = np.array([0.2, np.nan, 0.4])
    stretched = stretch(draws, np.array([0.1, 0.3, np.nan]))
    assert np.isnan(stretched).tolist() == [False, True, False]
    assert np.nanmean(stretched) == pytest.approx(0.3)
    assert stretch(np.ones(5), np.array([0.1, 0.9])).tolist() == [1] * 5


@pytest.mark.parametrize("value", [0.0, 0.3, 0.999, 1.0])
def test_an_interval_holds_its_metric_however_far_off_the_draws_are(value: float) -> None:
    low, high = centred_interval(value, np.random.default_rng(0).normal(0.6, 0.2, 400))
    assert 0 <= low <= value <= high <= 1
    assert centred_interval(value, np.array([0.6])) == (value, value)


def test_without_draws_there_are_no_intervals_and_the_digest_is_the_same(tmp_path: Path) -> None:
    predictions, truths = random_case(11)
    report = score(tmp_path, predictions, truths)
    assert report.intervals == {}
    again = evaluate("ytvis2021", tmp_path / "gt.json", tmp_path / "results.json", bootstrap=10)
    assert again.digest == report.digest
