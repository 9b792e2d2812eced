"""Maps and folders as other scripts leave them: taken where that is safe, else told what they look like."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator import GroundTruthError, Report, SubmissionRejected, evaluate, validate
from evaluator.ground_truths import describe_ground_truth
from tests.evaluator.map_files import (
    CATEGORIES,
    Panoptic,
    rgb,
    write_class_maps,
    write_class_truth,
    write_json,
    write_png,
    write_predictions,
    write_truth,
)

IDS = np.zeros((2, 4, 6), np.uint32)
IDS[:, :, :3], IDS[:, :, 3:] = 5, 300
VIDEO = Panoptic(IDS, {5: 0, 300: 1})
JSON_NAME = "panoptic_gt_VIPSeg_val.json"
Change = Callable[[Path], None]


@pytest.fixture
def panoptic(tmp_path: Path) -> tuple[Path, Path]:
    """Ground truth and predictions of two videos with two frames of 4 x 6 pixels."""
    videos = {"a": VIDEO, "b": VIDEO}
    return write_truth(tmp_path / "gt", videos), write_predictions(tmp_path / "pred", videos)


def codes(report: Report) -> set[str]:
    return {warning.code for warning in report.warnings}


def told(benchmark: str, truth: Path, predictions: Path) -> str:
    """Return the first sentence about a submission that is rejected."""
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate(benchmark, truth, predictions)
    return str(rejected.value.problems[0]).split("\n")[0]


def beside(folder: Path) -> None:
    """Put the JSON files of the other splits, and what desktops add, beside that of the validation split."""
    for name in (
        "panoptic_gt_VIPSeg_train.json",
        "panoptic_gt_VIPSeg_test.json",
        "panoVIPSeg_categories.json",
    ):
        (folder / name).write_text("{}")
    for name in (f"._{JSON_NAME}", "Thumbs.db", "desktop.ini", "panomasksRGB/a/._00000.png"):
        (folder / name).write_bytes(b"x")


def one_below(folder: Path) -> None:
    shutil.move(folder, folder.with_name("VIPSeg_720P"))
    folder.mkdir()
    shutil.move(folder.with_name("VIPSeg_720P"), folder)


@pytest.mark.parametrize("change", [beside, one_below])
def test_folders_of_vipseg_are_taken_as_its_scripts_make_them(
    change: Change, panoptic: tuple[Path, Path]
) -> None:
    truth, predictions = panoptic
    plain = evaluate("vipseg", truth, predictions)
    change(truth)
    report = evaluate("vipseg", truth, predictions)
    assert (report.metrics, report.digest) == (plain.metrics, plain.digest)
    assert codes(report) == ({"gt-several"} if change is beside else set())
    summary = describe_ground_truth("vipseg", truth)
    assert {code.code for code in summary.warnings} == codes(report)
    assert all(path.is_file() for _, path in summary.files)


def test_a_json_file_itself_is_taken_without_a_word(panoptic: tuple[Path, Path]) -> None:
    beside(panoptic[0])
    assert evaluate("vipseg", panoptic[0] / JSON_NAME, panoptic[1]).warnings == ()


@pytest.mark.parametrize("prefix", ["", "top/", "output/inference/", "a b/c/d/"])
def test_submissions_may_lie_some_folders_deep_beside_other_files(
    prefix: str, panoptic: tuple[Path, Path], tmp_path: Path
) -> None:
    truth, predictions = panoptic
    with zipfile.ZipFile(tmp_path / "pred.zip", "w") as file:
        for path in sorted(predictions.rglob("*.*")):
            file.write(path, prefix + path.relative_to(predictions).as_posix())
        for name in (
            "log.txt",
            "__MACOSX/._pred.json",
            f"{prefix}pan_pred/a/._00000.png",
            f"{prefix}Thumbs.db",
        ):
            file.writestr(name, "x")
    report = evaluate("vipseg", truth, tmp_path / "pred.zip")
    assert report.metrics == evaluate("vipseg", truth, predictions).metrics
    assert codes(report) == ({"archive-root-folder"} if prefix else set())


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON file of a ground truth."""
    content = json.loads((folder / JSON_NAME).read_text())
    change(content)
    write_json(folder / JSON_NAME, content)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda content: content.update(categories=[{"id": 0, "name": "sky"}, *CATEGORIES[1:]]),
            "A category's `isthing` is missing, expected 0 or 1.",
        ),
        (
            lambda content: content["categories"][0].pop("id"),
            "A category's `id` is missing, expected 0 or more.",
        ),
        (
            lambda content: content["annotations"][0].pop("annotations"),
            "An annotation's `annotations` is missing, expected the list of its frames.",
        ),
        (
            lambda content: content.update(annotations=content["annotations"][0]["annotations"]),
            "An annotation's `video_id` is missing, expected the name of the video's folder. This looks like "
            "COCO panoptic annotations, one per image: group the images by video.",
        ),
    ],
)
def test_a_wrong_field_of_the_ground_truth_is_named(
    change: Callable[[dict[str, Any]], object], sentence: str, panoptic: tuple[Path, Path]
) -> None:
    changed(panoptic[0], change)
    with pytest.raises(GroundTruthError) as refused:
        describe_ground_truth("vipseg", panoptic[0])
    assert refused.value.problems[0].message == sentence


def test_a_ground_truth_with_a_byte_order_mark_is_read(panoptic: tuple[Path, Path]) -> None:
    plain = evaluate("vipseg", *panoptic)
    path = panoptic[0] / JSON_NAME
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert evaluate("vipseg", *panoptic).metrics == plain.metrics


def flat(folder: Path) -> None:
    content = json.loads((folder / "pred.json").read_text())
    write_json(folder / "pred.json", {"annotations": content["annotations"][0]["annotations"]})


def as_bgr(folder: Path) -> None:
    write_png(folder / "pan_pred/a/00000.png", rgb(IDS[0])[..., ::-1].copy())


def as_grey(folder: Path) -> None:
    small = np.where(IDS[0] == 300, 7, IDS[0])
    content = (folder / "pred.json").read_text().replace('"id": 300', '"id": 7')
    (folder / "pred.json").write_text(content)
    write_png(folder / "pan_pred/a/00000.png", np.repeat(small[..., None], 3, 2).astype(np.uint8))


def as_jpeg(folder: Path) -> None:
    for path in (folder / "pan_pred/a").iterdir():
        path.rename(path.with_suffix(".jpg"))


def transposed(folder: Path) -> None:
    write_png(folder / "pan_pred/a/00000.png", rgb(IDS[0]).transpose(1, 0, 2).copy())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            flat,
            "There is no `video_id`, expected the name of the video's folder. This looks like COCO panoptic",
        ),
        (as_bgr, "R and B exchanged: OpenCV writes BGR"),
        (as_grey, "a listed id in all three channels"),
        (as_jpeg, "the folder 'pan_pred/a' has '00000.jpg', '00001.jpg'; maps must be PNG"),
        (transposed, "The map has 6 x 4 pixels (height x width), but the frame has 4 x 6 (swapped)."),
    ],
)
def test_panoptic_predictions_are_told_what_they_look_like(
    change: Change, sentence: str, panoptic: tuple[Path, Path]
) -> None:
    change(panoptic[1])
    assert sentence in told("vipseg", *panoptic)


def test_videos_without_a_segment_are_warned_of(panoptic: tuple[Path, Path], tmp_path: Path) -> None:
    blank = Panoptic(np.zeros_like(IDS), {})
    half = write_predictions(tmp_path / "half", {"a": VIDEO, "b": blank})
    (warning,) = evaluate("vipseg", panoptic[0], half).warnings
    assert str(warning).startswith("pred.json (video b): The video has no segment in any frame.")
    assert warning in validate("vipseg", half, panoptic[0])


@pytest.mark.parametrize(("categories", "words"), [({5: 1, 300: 2}, "one too high"), ({5: 0, 300: 1}, "")])
def test_categories_of_segments_that_look_shifted_are_told(
    categories: dict[int, int], words: str, panoptic: tuple[Path, Path], tmp_path: Path
) -> None:
    shifted = write_predictions(tmp_path / "shifted", dict.fromkeys("ab", Panoptic(IDS, categories)))
    said = [
        w.message for w in evaluate("vipseg", panoptic[0], shifted).warnings if w.code == "classes-shifted"
    ]
    assert [words in message for message in said] == ([True] if words else [])


MAPS = np.stack([np.repeat(np.arange(1, 7, dtype=np.uint8)[None], 4, 0)] * 2)


@pytest.mark.parametrize(
    ("shift", "words"), [(0, "one too high on 100 % of"), (-2, "one too low on"), (-1, None), (30, None)]
)
def test_class_maps_that_look_shifted_are_told_and_keep_their_numbers(
    shift: int, words: str | None, tmp_path: Path
) -> None:
    truth = write_class_truth(tmp_path / "gt", {"a": MAPS})
    predictions = write_class_maps(tmp_path / "pred", {"a": (MAPS.astype(int) + shift).astype(np.uint8)})
    report = evaluate("vspw", truth, predictions)
    said = [warning.message for warning in report.warnings if warning.code == "classes-shifted"]
    assert len(said) == (words is not None)
    assert words is None or words in said[0]
    assert report.metrics["mIoU"] == (1 if shift == -1 else 0)


def test_folders_of_vspw_are_taken_from_above_and_as_windows_writes_lists(tmp_path: Path) -> None:
    truth = write_class_truth(tmp_path / "VSPW" / "VSPW_480p", {"a": MAPS})
    (truth / "val.txt").write_bytes(b"\xef\xbb\xbfa\r\n")
    (truth / "data" / "a" / "mask" / "._00000.png").write_bytes(b"x")
    for inner in (".", "x/y"):
        predictions = tmp_path / f"pred-{len(inner)}"
        write_class_maps(predictions / inner, {"a": MAPS - 1})
        assert evaluate("vspw", tmp_path / "VSPW", predictions).metrics["mIoU"] == 1


def test_class_maps_in_other_folders_are_told_what_is_there(tmp_path: Path) -> None:
    truth = write_class_truth(tmp_path / "gt", {"a": MAPS})
    write_class_maps(tmp_path / "numbers", {"0": MAPS, "1": MAPS})
    assert told("vspw", truth, tmp_path / "numbers").endswith("the top has '0', '1'.")
    frames = write_class_maps(tmp_path / "frames", {"a": MAPS})
    (frames / "a" / "00001.png").rename(frames / "a" / "1.png")
    assert told("vspw", truth, frames).endswith("the folder 'a' has '00000.png', '1.png'.")
