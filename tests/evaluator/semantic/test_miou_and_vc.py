"""mIoU and VC: cases worked out by hand, an independent computation, properties."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluator import Report, evaluate
from tests.evaluator.map_files import write_class_maps, write_class_truth
from tests.evaluator.maps import brute_force_maps

Maps = NDArray[np.uint8]
Pairs = dict[str, tuple[Maps, Maps]]


def score(pairs: Pairs, workers: int = 1) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        truth = write_class_truth(Path(folder, "gt"), {name: pair[0] for name, pair in pairs.items()})
        predictions = write_class_maps(Path(folder, "pred"), {name: pair[1] for name, pair in pairs.items()})
        return evaluate("vspw", truth, predictions, workers=workers)


@st.composite
def pairs(draw: st.DrawFn) -> Pairs:
    """Small videos that mostly stay as they are, so that many windows are constant somewhere."""
    found: Pairs = {}
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    for number in range(draw(st.integers(1, 2))):
        frames = draw(st.integers(1, 20))
        values = []
        for choices in ([0, 1, 2, 124, 255], [0, 1, 123, 124, 255]):
            maps = np.repeat(rng.choice(choices, (1, 3, 9)), frames, axis=0)
            changes = rng.random(maps.shape) < draw(st.sampled_from([0.0, 0.05, 0.5]))
            values.append(np.where(changes, rng.choice(choices, maps.shape), maps).astype(np.uint8))
        found[f"v{number}"] = (values[0], values[1])
    return found


def test_consistency_never_looks_at_the_last_window() -> None:
    # 9 frames have one window of 8 that counts, frames 0-7; only the last frame changes.
    truth = np.ones((9, 1, 2), np.uint8)
    predicted = np.zeros((9, 1, 2), np.uint8)
    predicted[8] = 5
    assert score({"v": (truth, predicted)}).metrics["VC8"] == 1
    predicted[7, 0, 0] = 5
    assert score({"v": (truth, predicted)}).metrics["VC8"] == 0.5
    assert score({"v": (truth[:8], predicted[:8])}).metrics["VC8"] is None


def test_consistency_does_not_ask_whether_the_prediction_is_right() -> None:
    truth = np.full((17, 2, 2), 3, np.uint8)
    metrics = score({"v": (truth, np.full((17, 2, 2), 99, np.uint8))}).metrics
    assert (metrics["mIoU"], metrics["VC8"], metrics["VC16"]) == (0, 1, 1)


def test_classes_without_a_true_pixel_are_left_out_of_the_mean() -> None:
    # Classes 0 (two pixels) and 1 (one): IoU 1/2 and 1; class 9 is predicted only, the void pixel as well.
    truth = np.array([[[1, 1, 2, 0]]], np.uint8)
    predicted = np.array([[[0, 9, 1, 0]]], np.uint8)
    metrics = score({"v": (truth, predicted)}).metrics
    assert metrics["mIoU"] == pytest.approx(0.75)
    assert metrics["fwIoU"] == pytest.approx(2 / 3 * 0.5 + 1 / 3)


def test_nothing_is_defined_without_a_labelled_pixel() -> None:
    maps = np.zeros((3, 2, 2), np.uint8)
    assert set(score({"v": (maps, maps)}).metrics.values()) == {None}


@settings(max_examples=40, deadline=None)
@given(pairs())
def test_all_metrics_equal_an_independent_computation(found: Pairs) -> None:
    metrics = score(found).metrics
    truth = np.concatenate([pair[0].ravel() for pair in found.values()])
    predicted = np.concatenate([pair[1].ravel() for pair in found.values()])
    if ((truth > 0) & (truth < 125)).any():
        miou, fwiou = brute_force_maps.miou(truth, predicted)
        assert metrics["mIoU"] == pytest.approx(miou, abs=1e-12)
        assert metrics["fwIoU"] == pytest.approx(fwiou, abs=1e-12)
    for n in (8, 16):
        expected = brute_force_maps.vc(list(found.values()), n)
        assert metrics[f"VC{n}"] == (expected if expected is None else pytest.approx(expected, abs=1e-12))


@settings(max_examples=10, deadline=None)
@given(pairs())
def test_a_perfect_prediction_scores_one(found: Pairs) -> None:
    perfect = {name: (truth, (truth - 1).astype(np.uint8)) for name, (truth, _) in found.items()}
    assert set(score(perfect).metrics.values()) <= {1.0, None}


@settings(max_examples=10, deadline=None)
@given(pairs())
def test_neither_order_nor_workers_matter(found: Pairs) -> None:
    backwards = dict(reversed(found.items()))
    report, turned, threaded = score(found), score(backwards), score(found, workers=2)
    assert turned.metrics == pytest.approx(report.metrics, abs=1e-12)
    assert turned.per_video == report.per_video
    assert {**threaded.to_json(), "seconds": {}} == {**report.to_json(), "seconds": {}}


def test_frames_without_leading_zeros_follow_their_numbers(tmp_path: Path) -> None:
    """0, 1, 2 ... 11, as own splits have them: the same numbers as under 00000, 00001, ... 00011."""
    classes = np.repeat(np.arange(12, dtype=np.uint8), 12).reshape(12, 3, 4) // 3
    predicted = classes.copy()
    predicted[10:] = 9  # wrong at the end, which as text lies between frames 1 and 2
    made = {"a": classes + 1}
    paths = [write_class_truth(tmp_path / "gt", made), write_class_maps(tmp_path / "pred", {"a": predicted})]
    report = evaluate("vspw", *paths)
    for path in [file for folder in paths for file in folder.rglob("*.png")]:
        path.rename(path.with_name(f"{int(path.stem)}.png"))
    assert evaluate("vspw", *paths).digest == report.digest
    assert (tmp_path / "gt" / "data" / "a" / "mask" / "11.png").is_file()
