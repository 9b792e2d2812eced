"""Every official number of VIPSeg; README.md tells where they come from."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evaluator import GroundTruthError, Report, SubmissionRejected, evaluate
from evaluator.catalog import BENCHMARKS
from tests.parity.unpack import unpack_case

FOLDER = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads(gzip.decompress((FOLDER / "vps_expected.json.gz").read_bytes()))

# Predictions that the official code crashes on, or takes for void without a word.
REJECTED = {
    "png_id_not_in_json": "segment-unlisted",
    "json_id_not_in_png": "segment-without-pixels",
    "missing_video": "video-missing",
    "missing_frame": "frame-count",
    "missing_png": "map-missing",
    "unknown_category": "segment-category",
    "category_124": "segment-category",
    "wrong_resolution": "png-size",
    "grayscale_png": "png-kind",
}
# Ground truth whose areas give an IoU above 1.
REFUSED = {"gt_area_tiny": "gt-area", "gt_png_id_not_in_json": "gt-area"}
WARNED = {
    "extra_video": {"video-extra"},
    "single_frame_videos": {"map-extra"},  # the submission goes on after the only frame
    "all_void_prediction": {"videos-without-predictions"},
}
SCORED = sorted(set(EXPECTED) - set(REJECTED) - set(REFUSED))


def score(case: str, tmp_path: Path) -> Report:
    ground_truth, predictions = unpack_case(FOLDER / "vps" / f"{case}.zip", tmp_path)
    return evaluate("vipseg", ground_truth, predictions)


@pytest.mark.parametrize("case", SCORED)
def test_every_metric_equals_the_official_number(case: str, tmp_path: Path) -> None:
    report = score(case, tmp_path)
    vpq, stq = EXPECTED[case]["vpq"], EXPECTED[case]["stq"]
    windows = map(str, BENCHMARKS["vipseg"].windows)
    official = {f"VPQ{k}": vpq["k"][k]["All"]["pq"] if k in vpq["k"] else None for k in windows}
    official |= {
        "VPQ": vpq.get("VPQ_1246_All"),
        "VPQ_th": vpq.get("VPQ_1246_Things"),
        "VPQ_st": vpq.get("VPQ_1246_Stuff"),
        "VPQ_script": vpq.get("VPQ_script_12468_All"),
        "STQ": stq["STQ"],
        "AQ": stq["AQ"],
        "SQ": stq["SQ_IoU"],
    }
    assert report.metrics.keys() >= official.keys()
    for key, value in official.items():
        assert report.metrics[key] == (value if value is None else pytest.approx(value, abs=1e-9)), key
    assert {warning.code for warning in report.warnings} == WARNED.get(case, set())


@pytest.mark.parametrize("case", SCORED)
def test_every_category_and_video_equals_the_official_number(case: str, tmp_path: Path) -> None:
    report = score(case, tmp_path)
    truth = json.loads((tmp_path / "gt" / "panoptic_gt.json").read_text())
    names = {str(category["id"]): category["name"] for category in truth["categories"]}
    for k, result in EXPECTED[case]["vpq"]["k"].items():
        official = {names[id]: numbers["pq"] for id, numbers in result["per_class"].items()}
        ours = {name: numbers[f"VPQ{k}"] for name, numbers in report.per_category.items()}
        assert {name: value for name, value in ours.items() if value is not None} == pytest.approx(
            official, abs=1e-9
        )
    stq = EXPECTED[case]["stq"]
    for key, official_key in (("STQ", "STQ_per_seq"), ("AQ", "AQ_per_seq"), ("SQ", "IoU_per_seq")):
        by_video = [report.per_video[video["video_id"]][key] for video in truth["annotations"]]
        assert by_video == pytest.approx(stq[official_key], abs=1e-9)


def test_vpq_of_videos_shorter_than_its_windows_is_undefined(tmp_path: Path) -> None:
    metrics = score("single_frame_videos", tmp_path).metrics
    assert EXPECTED["single_frame_videos"]["vpq"]["error"] == "ZeroDivisionError"
    assert [key for key, value in metrics.items() if value is not None] == ["VPQ1", "STQ", "AQ", "SQ"]


@pytest.mark.parametrize(("case", "code"), REJECTED.items())
def test_predictions_without_an_official_number_are_rejected(case: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(SubmissionRejected) as rejected:
        score(case, tmp_path)
    assert {problem.code for problem in rejected.value.problems} == {code}


@pytest.mark.parametrize(("case", "code"), REFUSED.items())
def test_ground_truth_with_impossible_areas_is_refused(case: str, code: str, tmp_path: Path) -> None:
    assert EXPECTED[case]["vpq"]["error"] == "AssertionError"
    with pytest.raises(GroundTruthError) as refused:
        score(case, tmp_path)
    assert {problem.code for problem in refused.value.problems} == {code}
