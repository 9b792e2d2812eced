"""Properties of track AP, and equality with an independent slow computation on random small data."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator import Report, evaluate
from tests.evaluator.tracklets.brute_force import THRESHOLDS, Part, Track, average_precision, average_recall
from tests.evaluator.vis_files import write

HEIGHT, WIDTH, LENGTH = 5, 7, 3
LEVELS = ("no_occlusion", "slight_occlusion", "severe_occlusion")
PARTS = {
    "": Part(),
    "_s": Part(area=(0, 128**2)),
    "_m": Part(area=(128**2, 256**2)),
    "_l": Part(area=(256**2, 1e10)),
    "_so": Part(occlusion=(0, 0.25)),
    "_mo": Part(occlusion=(0.25, 0.5)),
    "_ho": Part(occlusion=(0.5, 1)),
}


def encode(mask: Any) -> dict[str, Any] | None:
    if not mask.any():
        return None
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat])))
    runs = np.diff([0, *edges, flat.size]).tolist()
    return {"size": list(mask.shape), "counts": runs}


def as_json(track: Track, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "video_id": track.video,
        "category_id": track.category,
        "score": track.score,
        "iscrowd": int(track.crowd),
        "segmentations": [encode(mask) for mask in track.masks],
        "areas": [int(mask.sum()) or None for mask in track.masks],
        "occlusion": [
            LEVELS[level] if mask.any() else None
            for level, mask in zip(track.levels, track.masks, strict=bool(track.levels))
        ],
    }


def score(
    folder: Path,
    predictions: list[Track],
    truths: list[Track],
    benchmark: str = "ytvis2021",
    **options: Any,
) -> Report:
    size = {"height": truths[0].masks.shape[1], "width": truths[0].masks.shape[2], "length": LENGTH}
    ground_truth = {
        "videos": [{"id": number, **size} for number in (1, 2, 3)],
        "categories": [{"id": number, "name": f"c{number}"} for number in (1, 2)],
        "annotations": [as_json(track, number) for number, track in enumerate(truths, start=1)],
    }
    results = [as_json(track, number) for number, track in enumerate(predictions)]
    gt, pred = write(folder / "gt.json", ground_truth), write(folder / "results.json", results)
    return evaluate(benchmark, gt, pred, **options)


def random_tracks(rng: np.random.Generator, count: int, scale: int) -> list[Track]:
    """Return boxes that often overlap, with scores that are often equal."""
    tracks = []
    for _ in range(count):
        masks = np.zeros((LENGTH, HEIGHT * scale, WIDTH * scale), bool)
        top, left = rng.integers(0, 3, 2) * scale
        for frame in masks:
            if rng.random() < 0.8:
                bottom, right = (rng.integers(2, 5, 2) * scale) + (top, left)
                frame[top:bottom, left:right] = True
        video, category = (int(n) for n in rng.integers(1, 3, 2))
        shown, crowd = round(float(rng.random()), 1), bool(rng.random() < 0.15)
        levels = tuple(int(n) for n in rng.integers(0, 3, LENGTH))
        tracks.append(Track(video, category, masks, shown, crowd, levels))
    return tracks


def random_case(seed: int, scale: int = 1) -> tuple[list[Track], list[Track]]:
    rng = np.random.default_rng(seed)
    truths = random_tracks(rng, int(rng.integers(1, 9)), scale)
    predictions = random_tracks(rng, int(rng.integers(0, 14)), scale)
    for truth in truths:  # good predictions, of which random boxes give few
        if rng.random() < 0.6:
            masks = truth.masks.copy()
            masks[rng.integers(LENGTH), rng.integers(HEIGHT * scale)] ^= True
            predictions.append(Track(truth.video, truth.category, masks, round(float(rng.random()), 1)))
    return predictions, truths


seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(seed=seeds, scale=st.sampled_from([1, 60]))
def test_every_metric_equals_the_independent_slow_computation(seed: int, scale: int, tmp_path: Path) -> None:
    predictions, truths = random_case(seed, scale)
    truths = [truth for truth in truths if truth.masks.any()]  # OVIS has no levels for others
    if not truths:
        return
    expected = {f"AP{suffix}": average_precision(predictions, truths, part) for suffix, part in PARTS.items()}
    expected |= {
        f"AR{suffix or 100}": average_recall(predictions, truths, 100, part) for suffix, part in PARTS.items()
    }
    expected |= {f"AR{limit}": average_recall(predictions, truths, limit) for limit in (1, 10)}
    report = score(tmp_path, predictions, truths, "ovis")
    expected |= {
        f"AP{percent}": average_precision(predictions, truths, thresholds=[THRESHOLDS[(percent - 50) // 5]])
        for percent in (int(key[2:]) for key in report.metrics if re.fullmatch(r"AP\d\d", key))
    }
    assert report.metrics == {
        key: None if value is None else pytest.approx(value, abs=1e-9) for key, value in expected.items()
    }


@quick
@given(seed=seeds)
def test_per_video_and_per_category_are_the_metric_of_that_part_alone(seed: int, tmp_path: Path) -> None:
    predictions, truths = random_case(seed)
    report = score(tmp_path, predictions, truths)
    for number in (1, 2, 3):
        video = [[t for t in tracks if t.video == number] for tracks in (predictions, truths)]
        assert report.per_video[str(number)]["AP"] == pytest.approx(average_precision(*video), abs=1e-9)
        assert report.per_video[str(number)]["predictions"] == len(video[0])
        category = [[t for t in tracks if t.category == number] for tracks in (predictions, truths)]
        if number < 3:
            expected = average_precision(*category)
            assert report.per_category[f"c{number}"]["AP"] == pytest.approx(expected, abs=1e-9)


@quick
@given(seed=seeds)
def test_a_perfect_prediction_is_one_but_for_the_official_epsilon(seed: int, tmp_path: Path) -> None:
    truths = [t for t in random_case(seed)[1] if t.masks.any() and not t.crowd]
    if truths:
        report = score(tmp_path, truths, truths)
        assert report.metrics["AP"] == pytest.approx(1, abs=1e-12)
        assert report.metrics["AR100"] == 1


@quick
@given(seed=seeds)
def test_false_positives_below_every_score_never_raise_a_metric(seed: int, tmp_path: Path) -> None:
    predictions, truths = random_case(seed)
    worse = [Track(t.video, t.category, ~t.masks, -1.0) for t in truths]
    before, after = score(tmp_path, predictions, truths), score(tmp_path, [*predictions, *worse], truths)
    for key in ("AP", "AP50", "AP75", "AR1", "AR10", "AR100"):
        first, second = before.metrics[key], after.metrics[key]
        assert (first is None) is (second is None)
        assert first is None or second is None or second <= first + 1e-12


@quick
@given(seed=seeds)
def test_the_order_of_predictions_of_different_score_does_not_matter(seed: int, tmp_path: Path) -> None:
    predictions, truths = random_case(seed)
    for rank, track in enumerate(predictions):
        track.score = rank / 100
    shuffled = list(np.random.default_rng(seed).permutation(np.array(predictions, object)))
    assert score(tmp_path, predictions, truths).metrics == score(tmp_path, shuffled, truths).metrics


def test_a_category_without_predictions_counts_as_zero(tmp_path: Path) -> None:
    full = np.ones((LENGTH, HEIGHT, WIDTH), bool)
    truths = [Track(1, 1, full), Track(1, 2, full)]
    report = score(tmp_path, [Track(1, 1, full, 0.9)], truths)
    # Category 1 is perfect, category 2 has ground truth but nothing predicted: the mean of 1 and 0.
    assert report.metrics["AP"] == pytest.approx(0.5)
    assert report.per_category["c2"] == {**report.per_category["c2"], "AP": 0, "AR100": 0}
    # No tracklet has an area of 128² pixels or more.
    assert report.metrics["AP_m"] is None


def test_any_number_of_workers_gives_the_same_report(tmp_path: Path) -> None:
    predictions, truths = random_case(3)
    alone = score(tmp_path, predictions, truths).to_json()
    several = score(tmp_path, predictions, truths, workers=3).to_json()
    assert {**alone, "seconds": None} == {**several, "seconds": None}
    assert json.dumps(alone["metrics"]) == json.dumps(several["metrics"])


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_every_video_and_may_end_the_evaluation(workers: int, tmp_path: Path) -> None:
    predictions, truths = random_case(5)
    seen: list[tuple[int, int]] = []
    score(tmp_path, predictions, truths, workers=workers, progress=lambda *now: seen.append(now))
    assert seen == [(1, 3), (2, 3), (3, 3)]

    class Cancelled(Exception):
        pass

    def cancel(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        score(tmp_path, predictions, truths, workers=workers, progress=cancel)


def test_an_unknown_benchmark_and_no_workers_are_errors_of_the_programmer(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Expected one of ytvis2019, .*, but got 'coco'"):
        evaluate("coco", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="Expected at least one worker, but got 0"):
        evaluate("ovis", tmp_path, tmp_path, workers=0)
