"""VPQ and STQ: cases worked out by hand, an independent computation, properties."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator import Report, evaluate
from evaluator.catalog import BENCHMARKS
from tests.evaluator.map_files import CATEGORIES, Panoptic, write_predictions, write_truth
from tests.evaluator.maps import brute_force_maps

NAMES = {category["id"]: category["name"] for category in CATEGORIES}
Pairs = dict[str, tuple[Panoptic, Panoptic]]


def score(pairs: Pairs, workers: int = 1) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        truth = write_truth(Path(folder, "gt"), {name: pair[0] for name, pair in pairs.items()})
        predictions = write_predictions(Path(folder, "pred"), {name: pair[1] for name, pair in pairs.items()})
        return evaluate("vipseg", truth, predictions, workers=workers)


@st.composite
def panoptic(draw: st.DrawFn, frames: int, crowds: bool = False) -> Panoptic:
    """Coarse maps of up to five segments, among them two cats: ids and categories meet in many ways."""
    cells = draw(st.lists(st.integers(0, 5), min_size=6 * frames, max_size=6 * frames))
    ids = np.array([0, 3, 256, 70000, 9, 4], np.uint32)[np.array(cells).reshape(frames, 2, 3)]
    category = {3: 1, 256: 1, 70000: draw(st.sampled_from([1, 2])), 9: 0, 4: draw(st.sampled_from([0, 7]))}
    crowd = {draw(st.sampled_from([3, 9]))} if crowds and draw(st.booleans()) else set()
    return Panoptic(ids.repeat(2, 1).repeat(2, 2), category, crowd)


@st.composite
def pairs(draw: st.DrawFn) -> Pairs:
    found: Pairs = {}
    for number in range(draw(st.integers(1, 2))):
        frames = draw(st.integers(1, 5))
        found[f"v{number}"] = (draw(panoptic(frames, crowds=True)), draw(panoptic(frames)))
    return found


def two_halves(left: int, right: int) -> np.ndarray:
    return np.repeat(np.array([[left, left, right, right]], np.uint32), 2, axis=0)


def test_a_tube_that_changes_its_id_halfway_matches_in_short_windows_only() -> None:
    # The cat is found as id 1 in frames 0-1 and as id 2 in frames 2-3; half of the frame is void.
    truth = Panoptic(np.stack([two_halves(5, 0)] * 4), {5: 1})
    predicted = Panoptic(np.stack([two_halves(1, 0)] * 2 + [two_halves(2, 0)] * 2), {1: 1, 2: 1})
    metrics = score({"v": (truth, predicted)}).metrics
    # k = 1: 4 matches. k = 2: windows 0-1 and 2-3 match; in window 1-2 both halves have IoU 1/2, which is no
    # match: 2 FP, 1 FN. So 2 / (2 + 1 + 0.5). k = 4: IoU 1/2 twice: 0. Longer windows do not exist.
    assert metrics["VPQ1"] == 1
    assert metrics["VPQ2"] == pytest.approx(2 / 3.5)
    assert metrics["VPQ4"] == 0
    assert metrics["VPQ6"] is None
    assert metrics["VPQ"] is None


def test_the_first_listed_thing_of_a_video_is_left_out_of_aq() -> None:
    # Official quirk. Both cats are lost, but only the second one (listed second) counts: AQ 0 of one tube;
    # with the sky listed first, both would.
    truth = Panoptic(np.stack([two_halves(5, 6)]), {5: 1, 6: 1})
    found = Panoptic(np.stack([two_halves(1, 0)]), {1: 1})
    assert score({"v": (truth, found)}).metrics["AQ"] == 0
    found = Panoptic(np.stack([two_halves(0, 1)]), {1: 1})
    assert score({"v": (truth, found)}).metrics["AQ"] == 1


def test_void_predicted_on_labelled_pixels_counts_as_one_more_class() -> None:
    # Half of the sky is predicted, half is void: IoU 1/2 of the sky and 0 of "nothing".
    truth = Panoptic(np.stack([two_halves(5, 5)]), {5: 0})
    found = Panoptic(np.stack([two_halves(1, 0)]), {1: 0})
    assert score({"v": (truth, found)}).metrics["SQ"] == 0.25


@settings(max_examples=40, deadline=None)
@given(pairs())
def test_vpq_and_stq_equal_an_independent_computation(found: Pairs) -> None:
    report = score(found)
    for k in BENCHMARKS["vipseg"].windows:
        by_category = brute_force_maps.vpq(list(found.values()), k)
        ours = {NAMES[c]: value for c, value in by_category.items()}
        assert {
            name: numbers[f"VPQ{k}"]
            for name, numbers in report.per_category.items()
            if numbers[f"VPQ{k}"] is not None
        } == pytest.approx(ours, abs=1e-12)
    aq, sq = brute_force_maps.stq(list(found.values()))
    assert report.metrics["AQ"] == pytest.approx(aq, abs=1e-12)
    assert report.metrics["SQ"] == (None if np.isnan(sq) else pytest.approx(sq, abs=1e-12))


@settings(max_examples=15, deadline=None)
@given(panoptic(frames=6))
def test_a_perfect_prediction_scores_one(truth: Panoptic) -> None:
    if not truth.ids.any():
        truth.ids[:] = 3
    metrics = score({"v": (truth, truth)}).metrics
    assert [metrics[f"VPQ{k}"] for k in BENCHMARKS["vipseg"].mean_windows] == [1, 1, 1, 1]
    assert metrics["VPQ"] == 1
    # Where the only thing of the video is listed first it is left out (see above), and AQ is 0.
    assert metrics["AQ"] in (pytest.approx(1), 0)


@settings(max_examples=15, deadline=None)
@given(pairs(), st.integers(2, 1000))
def test_the_names_of_predicted_ids_do_not_matter(found: Pairs, factor: int) -> None:
    renamed = {
        name: (
            truth,
            Panoptic(
                (predicted.ids.astype(np.int64) * factor % 16777213).astype(np.uint32),
                {n * factor % 16777213: c for n, c in predicted.category.items()},
            ),
        )
        for name, (truth, predicted) in found.items()
    }
    assert score(renamed).metrics == pytest.approx(score(found).metrics, abs=1e-12, nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(pairs())
def test_neither_order_nor_workers_matter(found: Pairs) -> None:
    backwards = dict(reversed(found.items()))
    report, turned, threaded = score(found), score(backwards), score(found, workers=2)
    assert turned.metrics == pytest.approx(report.metrics, abs=1e-12)
    assert {**turned.per_video} == {**report.per_video}
    assert threaded.digest == report.digest
    assert {**threaded.to_json(), "seconds": {}} == {**report.to_json(), "seconds": {}}
