"""A benchmark of maps is one entry of the catalog: other classes, labels and windows need no other change."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.panoptic.evaluate import evaluate as evaluate_panoptic
from evaluator.semantic.evaluate import evaluate as evaluate_semantic
from tests.evaluator.map_files import (
    CATEGORIES,
    Panoptic,
    write_class_maps,
    write_class_truth,
    write_predictions,
    write_truth,
)

STREETS = replace(
    BENCHMARKS["vspw"],
    key="streets",
    metrics=("mIoU", "fwIoU", "VC2"),
    headline=("mIoU",),
    classes=tuple(f"class {number}" for number in range(19)),
    first_label=0,
    windows=(2,),
)
FEW = replace(
    BENCHMARKS["vipseg"],
    key="few",
    metrics=("VPQ", "VPQ1", "VPQ3", "STQ", "AQ", "SQ"),
    headline=("VPQ",),
    classes=tuple(f"class {number}" for number in range(8)),
    windows=(1, 3),
    mean_windows=(3,),
)


def test_a_semantic_benchmark_has_classes_labels_and_windows_of_its_own(tmp_path: Path) -> None:
    true = np.full((4, 2, 10), 255, np.uint8)
    true[:, 0], true[:, 1, :4] = 0, 18  # 40 pixels of class 0, 16 of class 18, the others void
    predicted = np.zeros((4, 2, 10), np.uint8)
    predicted[:, 1] = 18
    predicted[0, 0, :10] = 19  # which is no class
    truth = write_class_truth(tmp_path / "truth", {"one": true})
    maps = write_class_maps(tmp_path / "maps", {"one": predicted})
    report = evaluate_semantic(STREETS, truth, maps, Options())
    assert report.benchmark == "streets"
    assert report.per_category["class 0"]["mIoU"] == pytest.approx(30 / 40)
    assert report.per_category["class 18"]["mIoU"] == 1
    assert report.metrics["mIoU"] == pytest.approx((30 / 40 + 1) / 2)
    # Three windows of two frames, of which the official code leaves out the last.
    assert report.metrics["VC2"] == pytest.approx((10 / 20 + 1) / 2)
    assert [warning.code for warning in report.warnings] == ["class-unknown"]
    assert "above 18" in report.warnings[0].message
    assert list(report.per_category) == list(STREETS.classes)


def test_a_panoptic_benchmark_has_classes_and_windows_of_its_own(tmp_path: Path) -> None:
    ids = np.repeat(np.array([[[1] * 6, [2] * 6]], np.uint32), 3, axis=0)
    switched = ids.copy()
    switched[2][ids[2] == 2] = 3  # the cat gets another id in the last frame
    truth = write_truth(tmp_path / "truth", {"one": Panoptic(ids, {1: 0, 2: 1})})
    maps = write_predictions(tmp_path / "maps", {"one": Panoptic(switched, {1: 0, 2: 1, 3: 1})})
    report = evaluate_panoptic(FEW, truth, maps, Options())
    assert report.metrics["VPQ1"] == 1
    # In the window of three frames, the cat is found with IoU 2/3, and its new id is a false positive.
    assert report.metrics["VPQ3"] == pytest.approx((1 + (2 / 3) / 1.5) / 2)
    assert report.metrics["VPQ"] == report.metrics["VPQ3"]
    assert report.metrics["SQ"] == 1
    names = [category["name"] for category in CATEGORIES]
    assert set(report.per_category) == set(names)
    assert "VPQ3" in report.per_category["cat"]
