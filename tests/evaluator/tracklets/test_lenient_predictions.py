"""Unusual but legal files get the same numbers, with a warning where something may be unintended."""

import json
from pathlib import Path
from typing import Any

import pytest

from evaluator import Report, evaluate
from evaluator.tracklets.rle import expand_counts
from tests.evaluator.vis_files import annotation, column, ground_truth, prediction, write

ANNOTATIONS = (
    annotation(1),
    annotation(2, video_id=9, category_id=5, segmentations=[None, column(3, 2), column(3)]),
)
PREDICTIONS = [
    prediction(),
    prediction(score=0.25, segmentations=[column(0, 2), column(1), None]),
    prediction(video_id=9, category_id=5, score=1, segmentations=[None, column(3), column(3)]),
]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write(tmp_path / "gt.json", ground_truth(*ANNOTATIONS))


def score(truth: Path, content: object) -> Report:
    return evaluate("ovis", truth, write(truth.parent / "results.json", content))


def each_mask(change: Any) -> list[dict[str, Any]]:
    return [
        item | {"segmentations": [mask and change(mask) for mask in item["segmentations"]]}
        for item in PREDICTIONS
    ]


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


SAME = {
    "indented": json.dumps(PREDICTIONS, indent=3),
    "without spaces": json.dumps(PREDICTIONS, separators=(",", ":")),
    "with spaces everywhere": json.dumps(PREDICTIONS, separators=(" , ", "\t:\r\n")),
    "byte order mark": "\ufeff" + json.dumps(PREDICTIONS),
    "other order of keys": json.dumps([dict(reversed(list(item.items()))) for item in PREDICTIONS]),
    "other order in masks": json.dumps(each_mask(lambda mask: dict(reversed(list(mask.items()))))),
    "further fields": json.dumps([{"id": 3, "bbox": [[1, 2], {"a": "}"}], **item} for item in PREDICTIONS]),
    "further fields in masks": json.dumps(each_mask(lambda mask: {"score": 1, **mask})),
    "floats as ids": json.dumps(PREDICTIONS).replace('_id": 7', '_id": 7.0').replace('_id": 5', '_id": 5e0'),
    "repeated key": json.dumps(PREDICTIONS).replace('"score"', '"score": "no", "score"'),
    "escaped keys": json.dumps(PREDICTIONS)
    .replace("score", escaped("score"))
    .replace("size", escaped("size")),
    "escaped counts": json.dumps(
        each_mask(lambda mask: {"size": mask["size"], "counts": f"<{mask['counts']}>"})
    )
    .replace('"<', '"')
    .replace('>"', '"')
    .replace('"counts": "0', '"counts": "\\u0030'),
    "empty objects for absent masks": json.dumps(PREDICTIONS).replace("null", "{ }"),
    "empty lists for absent masks": json.dumps(PREDICTIONS).replace("null", "[ ]"),
    "empty runs within": json.dumps(
        each_mask(lambda mask: {"size": mask["size"], "counts": [0, 0, *expand_counts(mask["counts"])]})
    ),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_the_same_predictions_written_otherwise_get_the_same_numbers(content: str, truth: Path) -> None:
    plain = score(truth, PREDICTIONS)
    found = score(truth, content)
    assert found.metrics == plain.metrics
    assert found.per_video == plain.per_video
    assert {warning.code for warning in found.warnings} <= {"masks-uncompressed"}


def test_predictions_match_as_drawn(truth: Path) -> None:
    report = score(truth, PREDICTIONS)
    # Video 7: IoU 8/8, the second one 8/12. Video 9: 8 of 12 pixels, right up to threshold 0.65.
    assert report.per_video["7"]["AP"] == pytest.approx(1)
    assert report.per_video["9"]["AP50"] == pytest.approx(1)
    assert report.per_category["dog"]["AP"] == pytest.approx(0.4)


def test_uncompressed_masks_are_counted_in_a_warning(truth: Path) -> None:
    listed = each_mask(lambda mask: {"size": mask["size"], "counts": expand_counts(mask["counts"])})
    (warning,) = score(truth, listed).warnings
    assert (warning.code, warning.message) == ("masks-uncompressed", "6 masks are uncompressed RLE.")


def test_polygons_are_counted_in_a_warning(truth: Path) -> None:
    mask = [[0, 0, 1, 0, 1, 4, 0, 4]]
    warning = score(truth, [prediction(segmentations=[mask, None, mask])]).warnings[0]
    assert (warning.code, warning.message) == ("masks-polygons", "2 masks are written as polygons.")


def test_an_empty_list_is_scored_with_a_warning(truth: Path) -> None:
    report = score(truth, [])
    (warning,) = report.warnings
    assert (warning.code, warning.message) == ("predictions-empty", "The list has no predictions.")
    assert report.metrics["AP"] == 0


def test_categories_that_the_ground_truth_lacks_are_counted_and_named(truth: Path) -> None:
    strange = [prediction(category_id=number) for number in (1, 77, 77)]
    report = score(truth, [*PREDICTIONS, *strange])
    unknown = next(warning for warning in report.warnings if warning.code == "category-unknown")
    assert unknown.message == "3 predictions have categories that the ground truth lacks: 1, 77."
    assert unknown.where.to_json() == {"file": "results.json", "entry": 3, "field": "category_id"}
    assert report.metrics == score(truth, PREDICTIONS).metrics


def test_exact_copies_are_counted(truth: Path) -> None:
    (warning,) = score(truth, [*PREDICTIONS, PREDICTIONS[0], PREDICTIONS[0]]).warnings
    assert warning.code == "predictions-duplicate"
    assert warning.message == "2 predictions are exact copies of others; this one is a copy of entry 0."
    assert warning.where.to_json() == {"file": "results.json", "entry": 3}
