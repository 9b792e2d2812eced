"""Every official number of VSPW; README.md tells where they come from."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evaluator import Report, SubmissionRejected, evaluate
from evaluator.catalog import BENCHMARKS
from tests.parity.unpack import unpack_case

FOLDER = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads(gzip.decompress((FOLDER / "vss_expected.json.gz").read_bytes()))

REJECTED = {"missing_png": "map-missing", "wrong_resolution": "png-size", "rgb_prediction": "png-kind"}
# Values above 123 fall into other classes officially, or crash; here they are wrong on their own class.
OWN_ANSWER = {"pred_255_low_class", "pred_124", "pred_255_last_class"}
# Crashes officially; scored here as the case named, which holds the same data in the usual form.
SCORED_AS = {"no_trailing_newline": "plain"}
SCORED = sorted(set(EXPECTED) - set(REJECTED) - OWN_ANSWER)


def score(case: str, tmp_path: Path) -> Report:
    ground_truth, predictions = unpack_case(FOLDER / "vss" / f"{case}.zip", tmp_path)
    return evaluate("vspw", ground_truth, predictions)


def official_number(case: str, key: str) -> float | None:
    value = EXPECTED[SCORED_AS.get(case, case)]["vss"][key]
    return None if value == "nan" else value


@pytest.mark.parametrize("case", SCORED)
def test_every_metric_equals_the_official_number(case: str, tmp_path: Path) -> None:
    metrics = score(case, tmp_path).metrics
    for key in ("mIoU", "fwIoU", "VC8", "VC16"):
        official = official_number(case, key)
        assert metrics[key] == (official if official is None else pytest.approx(official, abs=1e-9)), key


@pytest.mark.parametrize("case", SCORED)
def test_the_iou_of_every_class_equals_the_official_number(case: str, tmp_path: Path) -> None:
    report = score(case, tmp_path)
    names = {str(number): name for number, name in enumerate(BENCHMARKS["vspw"].classes)}
    per_class = EXPECTED[SCORED_AS.get(case, case)]["vss"]["iou_per_class"]
    official = {names[id]: value for id, value in per_class.items()}
    ours = {name: numbers["mIoU"] for name, numbers in report.per_category.items()}
    assert {name: value for name, value in ours.items() if value is not None} == pytest.approx(
        official, abs=1e-9
    )


@pytest.mark.parametrize(("case", "code"), REJECTED.items())
def test_predictions_without_an_official_number_are_rejected(case: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(SubmissionRejected) as rejected:
        score(case, tmp_path)
    assert {problem.code for problem in rejected.value.problems} == {code}


@pytest.mark.parametrize("case", sorted(OWN_ANSWER))
def test_values_above_123_are_wrong_on_their_class_and_change_no_other(case: str, tmp_path: Path) -> None:
    report = score(case, tmp_path)
    assert [warning.code for warning in report.warnings] == ["class-unknown"]
    truth, predicted = read_maps(tmp_path)
    for number, name in enumerate(BENCHMARKS["vspw"].classes):
        true, found = truth == number + 1, predicted == number
        labelled = (truth > 0) & (truth < 125)
        union = (true | (found & labelled)).sum()
        expected = pytest.approx((true & found).sum() / union, abs=1e-12) if true.any() else None
        assert report.per_category[name]["mIoU"] == expected, name
    for key in ("VC8", "VC16"):
        assert report.metrics[key] == pytest.approx(EXPECTED[case]["vss"][key], abs=1e-9)


def read_maps(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of all maps of ground truth and predictions."""
    files = sorted((folder / "gt" / "data").glob("*/mask/*.png"))
    predicted = [folder / "pred" / file.parent.parent.name / file.name for file in files]
    return np.stack([read_map(file) for file in files]), np.stack([read_map(file) for file in predicted])


def read_map(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.array(image)
