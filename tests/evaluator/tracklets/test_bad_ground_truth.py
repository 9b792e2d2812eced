"""Ground truth that would give wrong numbers is refused, with a sentence for the organiser."""

from pathlib import Path
from typing import Any

import pytest

from evaluator import GroundTruthError, evaluate, validate
from evaluator.ground_truths import describe_ground_truth
from evaluator.problems import PROBLEMS
from evaluator.types import CategoryInfo, VideoInfo
from tests.evaluator.vis_files import (
    HEIGHT,
    LENGTH,
    WIDTH,
    annotation,
    column,
    ground_truth,
    prediction,
    write,
)

ANNOTATION = 'gt.json, entry 0 (video 7 "seven")'


def one(**changes: Any) -> dict[str, Any]:
    return ground_truth(annotation(**changes))


def without(field: str) -> dict[str, Any]:
    return {key: value for key, value in ground_truth().items() if key != field}


def video(**changes: Any) -> dict[str, Any]:
    first, second = ground_truth()["videos"]
    return ground_truth(videos=[first | changes, second])


def occlusion(levels: Any) -> dict[str, Any]:
    return one(occlusion=levels)


FILES: list[tuple[object, str, str]] = [
    ("[", "gt-json", "gt.json: The file ends after 1 byte in the middle of a value (line 1, column 2)."),
    ('{"videos" 1}', "gt-json", "gt.json: line 1, column 2: this is not JSON."),
    (
        r'{"videos": "\q", "categories": [], "annotations": []}',
        "gt-json",
        "gt.json: A string is not JSON: Invalid",
    ),
    (
        [],
        "gt-not-an-object",
        "gt.json: The top level is not an object with videos, categories, annotations; it is a list, as "
        "predictions are.",
    ),
    (
        without("annotations"),
        "gt-field-missing",
        "gt.json: The file has no `annotations`. Its fields are `videos`, `categories`. It looks "
        "like a list of "
        "videos without annotations.",
    ),
    (ground_truth(annotations=3), "gt-field-type", "gt.json: `annotations` is neither a list nor null."),
    (ground_truth(videos={}), "gt-field-type", "gt.json: `videos` is not a list of objects."),
    (video(id="7"), "gt-field-type", "gt.json, entry 0: videos: `id` is the string '7'."),
    (video(id=9), "gt-id-duplicate", "gt.json: videos: the id 9 is used twice."),
    (
        video(length=None),
        "gt-field-type",
        "gt.json (video 7): `length` of the video is null, expected a positive integer.",
    ),
    (
        video(height=1 << 20, width=1 << 20),
        "gt-too-large",
        "gt.json (video 7): The video has 1048576 x 1048576 pixels.",
    ),
    (one(id=0), "gt-id-zero", "gt.json, entry 0: An annotation has the id 0."),
    (
        ground_truth(annotation(1), annotation(1)),
        "gt-id-duplicate",
        "gt.json, entry 1: annotations: the id 1 is used twice.",
    ),
    (
        one(video_id=8),
        "gt-video-unknown",
        "gt.json, entry 0: An annotation belongs to video 8, which `videos` does not list.",
    ),
    (
        one(id=None),
        "gt-field-type",
        "gt.json, entry 0: `id` of an annotation is null, expected an integer.",
    ),
    (one(areas=None), "gt-field-type", f"{ANNOTATION}: `areas` is null, expected a list."),
    (one(areas=[1]), "gt-length", f"{ANNOTATION}: `areas` has 1 item, but the video has 3 frames."),
    (
        one(areas=["4", None, None]),
        "gt-field-type",
        f"{ANNOTATION}: `areas` holds something other than numbers of pixels and null.",
    ),
    (
        one(segmentations=[column(0)]),
        "gt-length",
        f"{ANNOTATION}: `segmentations` has 1 item, but the video has 3 frames.",
    ),
    (
        one(segmentations=[{"size": [HEIGHT, WIDTH], "counts": [3]}, None, None]),
        "gt-mask",
        f"{ANNOTATION}: frame 0: the runs of the mask add up to 3, expected 24 (4 x 6).",
    ),
    (
        one(segmentations=[None, {"size": [WIDTH, HEIGHT], "counts": [24]}, None]),
        "gt-mask",
        f"{ANNOTATION}: frame 1: the mask has size [6, 4], but the video has [4, 6]"
        " (height and width are swapped).",
    ),
    (one(segmentations=None), "gt-field-type", f"{ANNOTATION}: `segmentations` is null, expected a list."),
    (occlusion(None), "gt-occlusion", f"{ANNOTATION}: `occlusion` is null, expected a list."),
    (
        occlusion([None]),
        "gt-occlusion",
        f"{ANNOTATION}: `occlusion` has 1 item, but the video has 3 frames.",
    ),
    (
        occlusion([None] * 3),
        "gt-occlusion",
        f"{ANNOTATION}: `occlusion`: Expected at least one visible frame, but every entry is null.",
    ),
    (
        occlusion(["half", None, None]),
        "gt-occlusion",
        f"{ANNOTATION}: `occlusion`: Expected one of no_occlusion, slight_occlusion, severe_occlusion,"
        " but got 'half'.",
    ),
]


@pytest.mark.parametrize(("content", "code", "sentence"), FILES, ids=[str(i) for i in range(len(FILES))])
def test_the_organiser_is_told_what_is_wrong(
    content: object, code: str, sentence: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "gt.json", content)
    with pytest.raises(GroundTruthError) as refused:
        describe_ground_truth("ovis", path)
    (problem,) = refused.value.problems
    expected = f"{sentence}\n  -> {PROBLEMS[code].hint}   [{code}]"
    if code == "gt-json":  # the sentence goes on with the kind of fault
        assert str(problem).startswith(sentence)
        assert problem.code == code
    else:
        assert str(problem) == expected
    results = write(tmp_path / "results.json", [prediction()])
    with pytest.raises(GroundTruthError):
        evaluate("ovis", path, results)
    assert validate("ovis", results, path) == [problem]


MISSING: list[tuple[str, list[str], str]] = [
    ("categories", [], "gt.json: The file has no `categories`."),
    ("id", ["videos", "categories"], "gt.json, entry 0: {}: `id` is missing."),
    ("id", ["annotations"], "gt.json, entry 0: The annotation has no `id`."),
    ("video_id", ["annotations"], "gt.json, entry 0: The annotation has no `video_id`."),
    ("category_id", ["annotations"], "gt.json, entry 0: The annotation has no `category_id`."),
    ("areas", ["annotations"], f"{ANNOTATION}: The annotation has no `areas`, one item for each frame."),
    (
        "occlusion",
        ["annotations"],
        f"{ANNOTATION}: The annotation has no `occlusion`, one item for each frame.",
    ),
    ("segmentations", ["annotations"], "gt.json: No annotation has `segmentations`."),
]


@pytest.mark.parametrize(
    ("field", "part", "sentence"),
    [(field, part, sentence.format(part)) for field, parts, sentence in MISSING for part in parts or [""]],
)
def test_a_missing_field_is_called_missing_and_nothing_else(
    field: str, part: str, sentence: str, tmp_path: Path
) -> None:
    content = ground_truth()
    del (content[part][0] if part else content)[field]
    with pytest.raises(GroundTruthError) as refused:
        describe_ground_truth("ovis", write(tmp_path / "gt.json", content))
    said = [str(problem).split("\n")[0] for problem in refused.value.problems]
    assert said[0].startswith(sentence)
    assert len(said) == 1
    assert not any("null" in line or "-1" in line for line in said)


def test_sizes_that_the_masks_tell_need_not_be_written(tmp_path: Path) -> None:
    """The official evaluation reads none of them, so own data without them has a score."""
    content = ground_truth(annotation(1), annotation(2, video_id=9))
    complete = evaluate(
        "ytvis2021", write(tmp_path / "gt.json", content), write(tmp_path / "results.json", [prediction()])
    )
    for video in content["videos"]:
        for name in ("length", "height", "width"):
            del video[name]
    bare = evaluate("ytvis2021", write(tmp_path / "bare.json", content), tmp_path / "results.json")
    assert bare.metrics == complete.metrics
    for video in content["videos"]:
        del video["file_names"]
    from_masks = evaluate("ytvis2021", write(tmp_path / "bare.json", content), tmp_path / "results.json")
    assert from_masks.metrics == complete.metrics


def test_sizes_that_nothing_tells_are_asked_for_by_name(tmp_path: Path) -> None:
    content = ground_truth()
    for name in ("length", "width", "file_names"):
        del content["videos"][1][name]
    with pytest.raises(GroundTruthError) as refused:
        describe_ground_truth("ytvis2021", write(tmp_path / "gt.json", content))
    assert [str(problem).split("\n")[0] for problem in refused.value.problems] == [
        "gt.json (video 9): The video has no `length` (its number of frames), and neither `file_names` nor "
        "`segmentations` show it.",
        "gt.json (video 9): The video has no `width` (in pixels), and no `segmentations` show it.",
    ]


FORMS: list[tuple[object, str]] = [
    (
        {"videos": [], "images": [], "categories": [], "annotations": [{"id": 1, "image_id": 3}]},
        "COCO-VID annotations (one annotation per image, no `segmentations`)",
    ),
    ({"images": [], "categories": [], "annotations": []}, "COCO annotations of single images"),
    ({"sequences": [], "split": "val"}, "the format of BURST"),
    ({"videos": {"a": {"objects": {}}}}, "a list of videos without annotations"),
    ("PK\x03\x04", "a zip archive"),
]


@pytest.mark.parametrize(("content", "form"), FORMS, ids=[form for _, form in FORMS])
def test_another_format_is_called_by_its_name(content: object, form: str, tmp_path: Path) -> None:
    with pytest.raises(GroundTruthError) as refused:
        describe_ground_truth("ytvis2021", write(tmp_path / "gt.json", content))
    assert form in str(refused.value)


def test_annotations_of_unlisted_categories_are_reported_and_count_nowhere(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth(annotation(1), annotation(2, category_id=7)))
    results = write(tmp_path / "results.json", [prediction()])
    (warning,) = describe_ground_truth("ytvis2021", truth).warnings
    assert str(warning).startswith(
        "gt.json, entry 1: 1 annotation has a category that `categories` does not list: 7."
    )
    plain = evaluate("ytvis2021", write(tmp_path / "plain.json", ground_truth()), results)
    for _ in range(2):  # the second time from the prepared form
        report = evaluate("ytvis2021", truth, results, prepared_dir=tmp_path / "prepared")
        assert warning in report.warnings
        assert report.metrics == plain.metrics
    assert warning in validate("ytvis2021", results, truth)


def test_occlusion_levels_matter_to_ovis_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "gt.json", occlusion(None))
    assert describe_ground_truth("ytvis2019", path).annotations == 1


def test_a_sound_ground_truth_is_summed_up(tmp_path: Path) -> None:
    summary = describe_ground_truth("ovis", write(tmp_path / "gt.json", ground_truth()))
    assert summary.videos == (
        VideoInfo(7, "seven", LENGTH, HEIGHT, WIDTH),
        VideoInfo(9, "nine", LENGTH, HEIGHT, WIDTH),
    )
    assert summary.categories == (CategoryInfo(2, "cat"), CategoryInfo(5, "dog"))
    assert summary.annotations == 1
