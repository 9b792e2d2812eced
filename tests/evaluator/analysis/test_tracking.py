"""HOTA and IDF1: TrackEval's numbers, and what must hold of them."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trackeval
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from evaluator.analysis.overlaps import video_overlaps
from evaluator.analysis.tracking import TRACKING_METRICS, TrackingResults, join_rows, summarise, track_video
from evaluator.analysis.tracking_kernels import best_pairs
from evaluator.catalog import BENCHMARKS
from evaluator.files.source import open_predictions
from evaluator.tracklets.evaluate import load_ground_truth, score_predictions
from evaluator.tracklets.results import splits_of
from tests.evaluator.analysis.tracking_files import CATEGORIES, LENGTH, VIDEOS, tracks, write_files

Tracks = list[dict[str, Any]]


def results(folder: Path, found: Tracks, guesses: Tracks, min_score: float = -np.inf) -> TrackingResults:
    gt, pred = write_files(folder, found, guesses, categories=CATEGORIES)
    spec = BENCHMARKS["ytvis2021"]
    truth = load_ground_truth(spec, gt, None)
    scorer = score_predictions(open_predictions(pred), truth, splits_of(spec), 1, None).scorer
    rows = []
    for index in range(len(VIDEOS)):
        rows += track_video(scorer, index, video_overlaps(scorer, index), min_score)
    return summarise(join_rows(rows), len(CATEGORIES), np.ones(len(VIDEOS), bool))


def by_trackeval(folder: Path) -> dict[str, Any]:
    places = {"GT_FOLDER": f"{folder}/gt/", "TRACKERS_FOLDER": f"{folder}/trackers/"}
    silent = dict.fromkeys(
        (
            "PRINT_CONFIG",
            "PRINT_RESULTS",
            "TIME_PROGRESS",
            "OUTPUT_SUMMARY",
            "OUTPUT_DETAILED",
            "PLOT_CURVES",
        ),
        False,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        data = trackeval.datasets.YouTubeVIS({**places, "SPLIT_TO_EVAL": "val", "PRINT_CONFIG": False})
        metrics = [trackeval.metrics.HOTA(), trackeval.metrics.Identity({"PRINT_CONFIG": False})]
        evaluator = trackeval.Evaluator({**silent, "BREAK_ON_ERROR": True})
        numbers = evaluator.evaluate([data], metrics)[0]["YouTubeVIS"]["ours"]["COMBINED_SEQ"]
    return {
        group: {
            key: float(np.mean(found["Identity" if key.startswith("ID") else "HOTA"][key]))
            for key in TRACKING_METRICS
        }
        for group, found in numbers.items()
    }


@pytest.mark.parametrize("seed", range(6))
def test_every_number_is_that_of_trackeval(seed: int, tmp_path: Path) -> None:
    ours = results(tmp_path, *tracks(seed))
    theirs = by_trackeval(tmp_path)
    assert ours.class_averaged == pytest.approx(theirs["cls_comb_cls_av"], abs=1e-12)
    assert ours.det_averaged == pytest.approx(theirs["cls_comb_det_av"], abs=1e-12)
    for category, found in zip(CATEGORIES, ours.by_category, strict=True):
        if found["HOTA"] is not None:
            assert found == pytest.approx(theirs[f"c{category}"], abs=1e-12)


def test_a_category_without_masks_is_undefined_and_counts_as_0_in_trackevals_average(tmp_path: Path) -> None:
    found, guesses = tracks(1)
    ours = results(tmp_path, found, guesses)
    assert ours.by_category[2] == dict.fromkeys(TRACKING_METRICS)
    present = ours.present_class_averaged["HOTA"]
    assert present is not None
    assert ours.class_averaged["HOTA"] == pytest.approx(present * 2 / 3)


def test_perfect_tracks_score_1_and_none_at_all_score_0(tmp_path: Path) -> None:
    found, _ = tracks(2)
    visible = [
        {**track, "score": 0.5, "masks": [m if m is not None and m.any() else None for m in track["masks"]]}
        for track in found
    ]
    perfect = results(tmp_path / "perfect", visible, visible)
    assert perfect.det_averaged == pytest.approx(dict.fromkeys(TRACKING_METRICS, 1.0))
    nothing = results(tmp_path / "nothing", visible, [])
    assert nothing.det_averaged["HOTA"] == nothing.det_averaged["IDF1"] == 0


def test_masks_without_pixels_are_wrong_detections_as_in_trackeval(tmp_path: Path) -> None:
    box = np.zeros((6, 8), bool)
    box[:2, :2] = True
    truth = {"video_id": 1, "category_id": 1, "masks": [box, None, None, None, None], "score": 1.0}
    empty = {**truth, "masks": [box] + [np.zeros_like(box)] * (LENGTH - 1)}
    assert results(tmp_path / "null", [truth], [truth]).det_averaged["DetPr"] == pytest.approx(1)
    assert results(tmp_path / "empty", [truth], [empty]).det_averaged["DetPr"] == pytest.approx(1 / LENGTH)


def test_predictions_below_the_minimum_score_are_left_out(tmp_path: Path) -> None:
    found, guesses = tracks(5)
    kept = [guess for guess in guesses if guess["score"] >= 0.5]
    assert 0 < len(kept) < len(guesses)
    assert results(tmp_path / "all", found, guesses, 0.5) == results(tmp_path / "kept", found, kept)


@pytest.mark.parametrize("seed", range(5))
def test_splitting_a_track_never_raises_association(seed: int, tmp_path: Path) -> None:
    found, _ = tracks(seed)
    guesses = [{**track, "score": 0.5} for track in found]
    whole = results(tmp_path / "whole", found, guesses).det_averaged
    first, last = (
        {**guesses[0], "masks": [m if keep(t) else None for t, m in enumerate(guesses[0]["masks"])]}
        for keep in (lambda t: t < 2, lambda t: t >= 2)
    )
    split = results(tmp_path / "split", found, [first, last, *guesses[1:]]).det_averaged
    for key in ("AssA", "IDF1"):
        assert (split[key] or 0) <= (whole[key] or 0) + 1e-12


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 7).flatmap(
        lambda rows: st.integers(1, 7).flatmap(
            lambda columns: st.lists(st.integers(0, 3), min_size=rows * columns, max_size=rows * columns).map(
                lambda values: np.array(values, float).reshape(rows, columns)
            )
        )
    )
)
def test_pairs_are_those_that_scipy_chooses_even_among_equal_sums(gain: Any) -> None:
    found = np.empty(len(gain), np.int64)
    best_pairs(gain, found)
    expected = np.full(len(gain), -1)
    rows, columns = linear_sum_assignment(-gain)
    expected[rows] = columns
    assert found.tolist() == expected.tolist()
