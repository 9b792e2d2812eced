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
    ("[", "gt-json", "gt.json: The file ends after 1 bytes in the middle of a value (line 1, column 2)."),
    ('{"videos" 1}', "gt-json", "gt.json: line 1, column 2: this is no JSON."),
    (
        r'{"videos": "\q", "categories": [], "annotations": []}',
        "gt-json",
        "gt.json: A string is no JSON: Invalid",
    ),
    ([], "gt-not-an-object", "gt.json: The top level is not an object with videos, categories, annotations."),
    (without("annotations"), "gt-field-missing", "gt.json: The file has no `annotations`."),
    (ground_truth(annotations=3), "gt-field-type", "gt.json: `annotations` is neither a list nor null."),
    (ground_truth(videos={}), "gt-field-type", "gt.json: `videos` is not a list of objects."),
    (video(id="7"), "gt-field-type", "gt.json, entry 0: videos: `id` is the string '7'."),
    (video(id=9), "gt-id-duplicate", "gt.json: videos: the id 9 is used twice."),
    (
        video(length=None),
        "gt-field-type",
        "gt.json (video 7): length, height and width must be positive integers.",
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
    (one(areas=[1]), "gt-length", f"{ANNOTATION}: `areas` has 1 items, but the video has 3 frames."),
    (
        one(areas=["4", None, None]),
        "gt-field-type",
        f"{ANNOTATION}: `areas` holds something other than numbers of pixels and null.",
    ),
    (
        one(segmentations=[column(0)]),
        "gt-length",
        f"{ANNOTATION}: `segmentations` has 1 items, but the video has 3 frames.",
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
        f"{ANNOTATION}: `occlusion` has 1 items, but the video has 3 frames.",
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


def test_an_annotation_without_masks_is_refused(tmp_path: Path) -> None:
    item = annotation()
    del item["segmentations"]
    with pytest.raises(GroundTruthError, match="The annotation has no `segmentations`"):
        describe_ground_truth("ytvis2021", write(tmp_path / "gt.json", ground_truth(item)))


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
