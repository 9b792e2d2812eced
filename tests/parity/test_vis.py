"""Every official number of YouTube-VIS and OVIS; README.md tells where they come from."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator import GroundTruthError, Report, SubmissionRejected, evaluate
from evaluator.catalog import BENCHMARKS
from evaluator.files.source import open_predictions
from evaluator.tracklets.evaluate import load_ground_truth, score_predictions
from evaluator.tracklets.results import TrackletResults, pool, splits_of
from evaluator.tracklets.scorer import TrackletScorer

FOLDER = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads(gzip.decompress((FOLDER / "vis_expected.json.gz").read_bytes()))
BENCHMARK = {"ytvis": "ytvis2021", "ovis": "ovis"}

# Predictions that the official code cuts, drops or crashes on; ours says what is wrong.
REJECTED = {
    "score_nan": "score-not-finite",
    "score_string": "score-type",
    "score_null": "score-type",
    "score_missing": "field-missing",
    "short_sequences": "tracklet-length",
    "long_sequences": "tracklet-length",
    "unknown_video": "video-unknown",
    "video_id_string": "video-id-type",
    "segmentations_missing_first": "field-missing",
    "segmentations_missing_later": "field-missing",
    "segmentations_null": "segmentations-type",
    "not_a_list": "not-a-list",
    "half_resolution_predictions": "mask-size",
    "transposed_size": "mask-size",
    "rle_total_too_short": "rle-total",
}
# Ground truth that gives wrong numbers or a crash.
REFUSED = {
    ("duplicate_gt_ids", "ytvis"): "gt-id-duplicate",
    ("duplicate_gt_ids", "ovis"): "gt-id-duplicate",
    ("gt_id_zero", "ytvis"): "gt-id-zero",
    ("gt_id_zero", "ovis"): "gt-id-zero",
    ("gt_length_differs_from_masks", "ytvis"): "gt-length",
    ("gt_length_differs_from_masks", "ovis"): "gt-length",
    ("occlusion_missing_one", "ovis"): "gt-occlusion",
    ("occlusion_missing_all", "ovis"): "gt-occlusion",
    ("occlusion_all_null", "ovis"): "gt-occlusion",
    ("occlusion_unknown_label", "ovis"): "gt-occlusion",
    ("occlusion_null_list", "ovis"): "gt-occlusion",
}
# Crashes officially; scored here as the case named, which holds the same data in the usual form.
SCORED_AS = {"uncompressed_predictions": "plain", "crowd_missing": "plain"}
OWN_ANSWER = {"empty_submission", "annotations_null", "polygon_predictions"}
WARNED = {
    "all_scores_equal": {"predictions-duplicate"},
    "scores_at_bounds": {"predictions-duplicate", "scores-unusual"},
    "duplicate_predictions": {"predictions-duplicate"},
    "unknown_category": {"category-unknown"},
    "uncompressed_predictions": {"masks-uncompressed"},
    "single_prediction": {"videos-without-predictions"},
    "video_without_predictions": {"videos-without-predictions"},
    "gt_category_not_listed": {"gt-category-unlisted"},
    "all_null_track": {"predictions-without-pixels"},
    "single_frame": {"predictions-without-pixels"},
    "tiny_s1_bad": {"predictions-without-pixels"},
    "tiny_s2_bad": {"predictions-without-pixels"},
    "tiny_s2_good": {"predictions-without-pixels"},
    "zero_area_masks": {"predictions-without-pixels"},
}
PAIRS = [(case, kind) for case in EXPECTED for kind in BENCHMARK]
SPLIT = {"occ_light": "occlusion_light", "occ_medium": "occlusion_medium", "occ_heavy": "occlusion_heavy"}


def write_case(case: str, folder: Path) -> tuple[Path, Path]:
    content = json.loads(gzip.decompress((FOLDER / "vis" / f"{case}.json.gz").read_bytes()))
    return write_files(content["gt"], content["results"], folder)


def write_files(ground_truth: object, results: object, folder: Path) -> tuple[Path, Path]:
    (folder / "gt.json").write_text(json.dumps(ground_truth))
    (folder / "results.json").write_text(json.dumps(results))
    return folder / "gt.json", folder / "results.json"


def assert_equal(found: float | None, official: float) -> None:
    if official == -1:
        assert found is None or np.isnan(found)
    else:
        assert found == pytest.approx(official, rel=0, abs=1e-9)


def assert_same_metrics(report: Report, summary: dict[str, float]) -> None:
    assert report.metrics.keys() >= summary.keys()  # a metric of ours has no official number
    for key, official in summary.items():
        assert_equal(report.metrics[key], official)


@pytest.mark.parametrize(("case", "kind"), PAIRS)
def test_every_case_gets_the_official_number_or_the_answer_decided_for_it(
    case: str, kind: str, tmp_path: Path
) -> None:
    ground_truth, results = write_case(case, tmp_path)
    if (case, kind) in REFUSED:
        with pytest.raises(GroundTruthError) as refused:
            evaluate(BENCHMARK[kind], ground_truth, results)
        assert refused.value.problems[0].code == REFUSED[case, kind]
        return
    if case in REJECTED:
        with pytest.raises(SubmissionRejected) as rejected:
            evaluate(BENCHMARK[kind], ground_truth, results)
        assert REJECTED[case] in {problem.code for problem in rejected.value.problems}
        return
    report = evaluate(BENCHMARK[kind], ground_truth, results)
    if case not in OWN_ANSWER:
        assert {warning.code for warning in report.warnings} == WARNED.get(case, set())
        assert_same_metrics(report, EXPECTED[SCORED_AS.get(case, case)][kind]["summary"])


def numbers_of(case: str, kind: str, folder: Path) -> tuple[TrackletScorer, TrackletResults]:
    spec = BENCHMARKS[BENCHMARK[kind]]
    ground_truth, results = write_case(case, folder)
    truth = load_ground_truth(spec, ground_truth, None)
    scored = score_predictions(open_predictions(results), truth, splits_of(spec), 1, None)
    return scored.scorer, pool(scored.scorer).results()


OFFICIALLY_SCORED = [
    (case, kind)
    for case, kind in PAIRS
    if EXPECTED[case][kind]["status"] == "ok" and case not in REJECTED and (case, kind) not in REFUSED
]


def mean(values: Any) -> float | None:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else None


@pytest.mark.parametrize(("case", "kind"), OFFICIALLY_SCORED)
def test_every_threshold_and_category_is_the_official_one(case: str, kind: str, tmp_path: Path) -> None:
    official = EXPECTED[case][kind]
    scorer, results = numbers_of(case, kind, tmp_path)
    split = {name: results.splits.index(SPLIT.get(name, name)) for name in official["ap_per_iou"]}
    limit = {"1": 0, "10": 1, "100": 2}
    for name, values in official["ap_per_iou"].items():
        for threshold, value in enumerate(values):
            assert_equal(mean(results.ap[:, split[name], threshold]), value)
    for name, values in official["ar_per_iou"].items():
        part, best = name.split("@")
        for threshold, value in enumerate(values):
            assert_equal(mean(results.ar[:, split[part], limit[best], threshold]), value)
    for index, category in enumerate(scorer.ground_truth.categories):
        numbers = official["per_category"][str(category.id)]
        for name, row in split.items():
            assert_equal(mean(results.ap[index, row]), numbers[name])
            assert_equal(mean(results.ar[index, row, -1]), numbers[f"AR_{name}"])
        assert_equal(mean(results.ar[index, 0, 0]), numbers["AR1"])
        assert_equal(mean(results.ar[index, 0, 1]), numbers["AR10"])
        for threshold, value in enumerate(numbers["ap_per_iou"]):
            assert_equal(mean(results.ap[index, 0, threshold]), value)


@pytest.mark.parametrize("case", ["plain", "over_100_detections", "iou_at_thresholds"])
def test_track_ious_that_a_threshold_can_see_are_the_official_ones_to_the_last_bit(
    case: str, tmp_path: Path
) -> None:
    scorer, _ = numbers_of(case, "ytvis", tmp_path)
    truth = scorer.ground_truth
    compared = 0
    for name, matrix in EXPECTED[case]["ytvis"]["track_iou"].items():
        video_id, category_id = (int(part) for part in name.split(","))
        video = [item.id for item in truth.videos].index(video_id)
        category = [item.id for item in truth.categories].index(category_id)
        iou, _, _ = scorer.compare(video)
        mine = slice(scorer.first_prediction[video], scorer.first_prediction[video + 1])
        rows = (scorer.category[mine] == category) & (scorer.rank[mine] < 100)
        tracklets = slice(truth.tracklets.first_tracklet[video], truth.tracklets.first_tracklet[video + 1])
        found = iou[rows][:, truth.tracklets.category[tracklets] == category]
        official = np.array(matrix)
        assert np.array_equal(found, np.where(official >= 0.5, official, 0.0))
        compared += official.size
    assert compared > 0


def test_an_empty_list_scores_zero_wherever_there_is_ground_truth(tmp_path: Path) -> None:
    report = evaluate("ovis", *write_case("empty_submission", tmp_path))
    assert {warning.code for warning in report.warnings} == {"predictions-empty"}
    assert report.predictions == 0
    assert set(report.metrics.values()) <= {0.0, None}
    assert report.metrics["AP"] == 0.0


@pytest.mark.parametrize("kind", BENCHMARK)
def test_ground_truth_whose_annotations_are_null_leaves_every_metric_undefined(
    kind: str, tmp_path: Path
) -> None:
    report = evaluate(BENCHMARK[kind], *write_case("annotations_null", tmp_path))
    assert set(report.metrics.values()) == {None}


def test_polygons_score_as_the_same_masks_in_compressed_form(tmp_path: Path) -> None:
    from pycocotools import mask as coco_mask

    ground_truth, results = write_case("polygon_predictions", tmp_path)
    polygons = evaluate("ovis", ground_truth, results)
    sizes = {v["id"]: (v["height"], v["width"]) for v in json.loads(ground_truth.read_text())["videos"]}
    entries = json.loads(results.read_text())
    for entry in entries:
        size = sizes[entry["video_id"]]
        for frame, mask in enumerate(entry["segmentations"]):
            if mask:
                rle = coco_mask.merge(coco_mask.frPyObjects(mask, *size))
                entry["segmentations"][frame] = {"size": size, "counts": rle["counts"].decode()}
    compressed = evaluate("ovis", *write_files(json.loads(ground_truth.read_text()), entries, tmp_path))
    assert polygons.metrics == compressed.metrics
    assert {warning.code for warning in polygons.warnings} >= {"masks-polygons"}


def test_masks_of_real_networks_on_davis_videos(tmp_path: Path) -> None:
    folder = FOLDER / "real" / "davis_results"
    gt, results = (
        json.loads(gzip.decompress((folder / f"{n}.json.gz").read_bytes())) for n in ("gt", "results")
    )
    official = json.loads((folder / "expected_ytvis.json").read_text())
    assert_same_metrics(evaluate("ytvis2019", *write_files(gt, results, tmp_path)), official["summary"])


def test_a_perfect_prediction_of_a_real_video_misses_one_by_an_epsilon(tmp_path: Path) -> None:
    folder = FOLDER / "real" / "mmtracking_vis"
    content = json.loads((folder / "as_ytvis.json").read_text())
    report = evaluate("ytvis2021", *write_files(content["gt"], content["results"], tmp_path))
    assert_same_metrics(report, json.loads((folder / "expected_ytvis.json").read_text())["summary"])
    assert report.metrics["AP"] == 0.9999999999999998
