"""Panoptic and semantic submissions that cannot be scored: every sentence that a submitter can read."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator import GroundTruthError, SubmissionRejected, evaluate, validate
from evaluator.files.archive import MAP_LIMITS
from evaluator.ground_truths import describe_ground_truth
from evaluator.problems import PROBLEMS, Problem
from tests.evaluator.map_files import (
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
Spoil = Callable[[Path], None]


@pytest.fixture
def panoptic(tmp_path: Path) -> tuple[Path, Path]:
    """Ground truth and predictions of one video "a" with two frames of 4 x 6 pixels."""
    return write_truth(tmp_path / "gt", {"a": VIDEO}), write_predictions(tmp_path / "pred", {"a": VIDEO})


@pytest.fixture
def semantic(tmp_path: Path) -> tuple[Path, Path]:
    maps = {"a": np.ones((2, 4, 6), np.uint8)}
    return write_class_truth(tmp_path / "gt", maps), write_class_maps(tmp_path / "pred", maps)


def edit(change: Callable[[list[dict[str, Any]]], None], file: str = "pred.json") -> Spoil:
    """Change the frames of the first video in a JSON file."""

    def spoil(folder: Path) -> None:
        document = json.loads((folder / file).read_text())
        change(document["annotations"][0]["annotations"])
        write_json(folder / file, document)

    return spoil


def segment(**changes: Any) -> Spoil:
    return edit(lambda frames: frames[0]["segments_info"][0].update(changes))


def png(values: np.ndarray, name: str = "pan_pred/a/00000.png") -> Spoil:
    return lambda folder: write_png(folder / name, values)


def replace(name: str, content: str | bytes) -> Spoil:
    return lambda folder: (
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode()) and None
    )


FRAME = "pan_pred/a/00000.png (video a), frame 0: "
ENTRY = "pred.json, entry 0 (video a)"
BAD_PANOPTIC: list[tuple[str, Spoil, str, str]] = [
    (
        "no JSON",
        lambda folder: (folder / "pred.json").unlink(),
        "panoptic-json-missing",
        "pred: There is no pred.json at the top; the first files are 'pan_pred/a/00000.png', "
        "'pan_pred/a/00001.png'.",
    ),
    (
        "not JSON",
        replace("pred.json", "[1, "),
        "json-truncated",
        "pred.json: The file ends after 4 bytes in the middle of a value (line 1, column 5).",
    ),
    (
        "a list",
        replace("pred.json", "[]"),
        "panoptic-field",
        "pred.json: The file has no list `annotations` with one entry per video.",
    ),
    (
        "number as video",
        replace("pred.json", '{"annotations": [{"video_id": 3}]}'),
        "panoptic-field",
        "pred.json, entry 0: `video_id` is 3, expected the name of the video's folder.",
    ),
    (
        "no video",
        replace("pred.json", '{"annotations": []}'),
        "video-missing",
        "pred.json (video a): The video 'a' is missing; pred.json lists 0 videos.",
    ),
    (
        "no frames",
        replace("pred.json", '{"annotations": [{"video_id": "a"}]}'),
        "panoptic-field",
        f"{ENTRY}: `annotations` of the video is missing, expected a list of frames.",
    ),
    (
        "too few frames",
        edit(lambda frames: frames.pop()),
        "frame-count",
        f"{ENTRY}: The video has 2 annotated frames, but pred.json lists 1.",
    ),
    (
        "frame is null",
        edit(lambda frames: frames.__setitem__(0, None)),
        "panoptic-field",
        f"{ENTRY}, frame 0: The frame is null, expected an object.",
    ),
    (
        "no segments",
        edit(lambda frames: frames[0].pop("segments_info")),
        "panoptic-field",
        f"{ENTRY}, frame 0: `segments_info` is missing.",
    ),
    (
        "segment is a number",
        edit(lambda frames: frames[0]["segments_info"].append(4)),
        "panoptic-field",
        f"{ENTRY}, frame 0: segments_info[2] is 4, expected an object.",
    ),
    (
        "id is a string",
        segment(id="5"),
        "panoptic-field",
        f"{ENTRY}, frame 0: segments_info[0]: `id` is the string '5', expected an integer.",
    ),
    (
        "id repeated without area",
        edit(lambda frames: frames[0]["segments_info"].append({"id": 5, "category_id": 0})),
        "panoptic-field",
        f"{ENTRY}, frame 0: segments_info[2]: the id 5 is listed again and has no `area`.",
    ),
    (
        "unknown category",
        segment(category_id=3),
        "segment-category",
        f"{ENTRY}, frame 0: Segment 5 has the category 3, which the ground truth lacks; its ids are 0 to 7.",
    ),
    (
        "id only in the JSON",
        edit(lambda frames: frames[0]["segments_info"].append({"id": 9, "category_id": 0})),
        "segment-without-pixels",
        f"{ENTRY}, frame 0: `segments_info` lists the id 9 without a pixel in pan_pred/a/00000.png.",
    ),
    (
        "ids only in the map",
        edit(lambda frames: frames[0].update(segments_info=[])),
        "segment-unlisted",
        f"{FRAME}The map has the ids 5, 300 without an entry in pred.json.",
    ),
    (
        "no map",
        lambda folder: (folder / "pan_pred/a/00000.png").unlink(),
        "map-missing",
        f"{FRAME}There is no such file; the folder 'pan_pred/a' has '00001.png'.",
    ),
    (
        "no PNG",
        replace("pan_pred/a/00000.png", b"JFIF0000"),
        "png-damaged",
        f"{FRAME}This is not a PNG file: it begins with b'JFIF0000'.",
    ),
    (
        "half size",
        png(np.zeros((2, 3, 3), np.uint8)),
        "png-size",
        f"{FRAME}The map has 2 x 3 pixels (height x width), but the frame has 4 x 6.",
    ),
    (
        "grey",
        png(np.zeros((4, 6), np.uint8)),
        "png-kind",
        f"{FRAME}The PNG is grey, 8 bits, expected RGB: id = R + 256 G + 65536 B.",
    ),
]
BAD_SEMANTIC: list[tuple[str, Spoil, str, str]] = [
    (
        "no folder",
        lambda folder: shutil.rmtree(folder / "a"),
        "video-missing",
        "pred (video a): There is no folder 'a' with PNG maps; the top has 'b'.",
    ),
    (
        "no map",
        lambda folder: (folder / "a/00000.png").unlink(),
        "map-missing",
        "a/00000.png (video a), frame 0: There is no such file; the folder 'a' has '00001.png'.",
    ),
    (
        "half size",
        png(np.zeros((2, 3), np.uint8), "a/00000.png"),
        "png-size",
        "a/00000.png (video a), frame 0: The map has 2 x 3 pixels (height x width), but the frame has 4 x 6.",
    ),
    (
        "colour",
        png(np.zeros((4, 6, 3), np.uint8), "a/00000.png"),
        "png-kind",
        "a/00000.png (video a), frame 0: The PNG is RGB, 8 bits, expected one channel of 8 bits: the class.",
    ),
]


def expect(problem: Problem, code: str, sentence: str) -> None:
    assert str(problem) == f"{sentence}\n  -> {PROBLEMS[code].hint}   [{code}]"


@pytest.mark.parametrize(
    ("spoil", "code", "sentence"), [case[1:] for case in BAD_PANOPTIC], ids=[case[0] for case in BAD_PANOPTIC]
)
def test_bad_panoptic_predictions_are_rejected_with_place_and_advice(
    spoil: Spoil, code: str, sentence: str, panoptic: tuple[Path, Path]
) -> None:
    spoil(panoptic[1])
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate("vipseg", *panoptic)
    expect(rejected.value.problems[0], code, sentence)
    assert validate("vipseg", panoptic[1], panoptic[0]) == list(rejected.value.problems)


@pytest.mark.parametrize(
    ("spoil", "code", "sentence"), [case[1:] for case in BAD_SEMANTIC], ids=[case[0] for case in BAD_SEMANTIC]
)
def test_bad_semantic_predictions_are_rejected_with_place_and_advice(
    spoil: Spoil, code: str, sentence: str, semantic: tuple[Path, Path]
) -> None:
    spoil(semantic[1])
    write_png(
        semantic[1] / "b" / "00000.png", np.zeros((4, 6), np.uint8)
    )  # so that the folder is never empty
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate("vspw", *semantic)
    expect(rejected.value.problems[0], code, sentence)


def test_more_segments_than_stq_can_number_are_rejected(tmp_path: Path) -> None:
    ids = np.arange(1, 257 * 256 + 1, dtype=np.uint32).reshape(257, 256)
    truth = write_truth(tmp_path / "gt", {"a": Panoptic(np.full((1, *ids.shape), 5, np.uint32), {5: 0})})
    frame = {"segments_info": [{"id": number, "category_id": 0} for number in ids.ravel().tolist()]}
    write_json(tmp_path / "pred" / "pred.json", {"annotations": [{"video_id": "a", "annotations": [frame]}]})
    write_png(tmp_path / "pred" / "pan_pred" / "a" / "00000.png", rgb(ids))
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate("vipseg", truth, tmp_path / "pred")
    expect(rejected.value.problems[0], "segments-too-many", f"{ENTRY}: The video has 65,792 segments.")


def test_an_unlisted_or_repeated_video_draws_a_warning(panoptic: tuple[Path, Path]) -> None:
    document = json.loads((panoptic[1] / "pred.json").read_text())
    (video,) = document["annotations"]
    document["annotations"] = [{**video, "annotations": []}, video, {**video, "video_id": "b"}]
    write_json(panoptic[1] / "pred.json", document)
    repeated, extra = evaluate("vipseg", *panoptic).warnings
    expect(
        repeated, "video-repeated", "pred.json, entry 1: The video 'a' is listed again; this entry counts."
    )
    expect(extra, "video-extra", "pred.json: 1 video is not in the ground truth: 'b'.")


def test_values_above_123_draw_a_warning(semantic: tuple[Path, Path]) -> None:
    write_png(semantic[1] / "a" / "00000.png", np.full((4, 6), 255, np.uint8))
    warning = evaluate("vspw", *semantic).warnings[-1]
    expect(warning, "class-unknown", "pred: 24 of 48 labelled pixels have a value above 123.")


def zipped(folder: Path, prefix: str = "") -> Path:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*.*")):
            file.write(path, prefix + path.relative_to(folder).as_posix())
    return archive


@pytest.mark.parametrize("task", ["panoptic", "semantic"])
def test_an_archive_scores_like_its_folder_and_a_root_folder_is_ignored(
    task: str, request: pytest.FixtureRequest
) -> None:
    truth, predictions = request.getfixturevalue(task)
    benchmark = {"panoptic": "vipseg", "semantic": "vspw"}[task]
    report = evaluate(benchmark, truth, predictions)
    assert evaluate(benchmark, truth, zipped(predictions)).digest == report.digest
    nested = evaluate(benchmark, truth, zipped(predictions, "my method/"))
    assert nested.digest == report.digest
    expect(nested.warnings[0], "archive-root-folder", "pred.zip: The files lie in the folder 'my method'.")


@pytest.mark.parametrize("task", ["panoptic", "semantic"])
def test_names_of_other_systems_and_more_frames_change_no_number(
    task: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    truth, predictions = request.getfixturevalue(task)
    benchmark, maps = {"panoptic": ("vipseg", "pan_pred/"), "semantic": ("vspw", "")}[task]
    report = evaluate(benchmark, truth, predictions)
    for name in ("00002.png", "00003.PNG", "Thumbs.db", "desktop.ini", ".DS_Store", "._00000.png"):
        (predictions / maps / "a" / name).write_bytes(b"never read")
    (predictions / maps / "a/00001.png").rename(predictions / maps / "a/00001.PNG")
    (truth / ("panomasksRGB/a" if task == "panoptic" else "data/a/mask")).joinpath("00000.png").rename(
        truth / ("panomasksRGB/a" if task == "panoptic" else "data/a/mask") / "00000.Png"
    )
    archive = tmp_path / "windows.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(path for path in predictions.rglob("*") if path.is_file()):
            file.write(path, "one\\two\\" + path.relative_to(predictions).as_posix().replace("/", "\\"))
    for path in (predictions, archive):
        found = evaluate(benchmark, truth, path)
        assert found.digest == report.digest
        prefix = "" if path == predictions else "one/two/"
        expect(
            next(warning for warning in found.warnings if warning.code == "map-extra"),
            "map-extra",
            f"{path.name}: 2 maps are of no frame in the ground truth: '{prefix}{maps}a/00002.png', "
            f"'{prefix}{maps}a/00003.png'.",
        )
        others: set[str] = set() if path == predictions else {"archive-backslashes", "archive-root-folder"}
        added = {warning.code for warning in found.warnings} - {warning.code for warning in report.warnings}
        assert added == {"map-extra", *others}
    (predictions / maps / "a/00000.png").unlink()
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(path for path in predictions.rglob("*") if path.is_file()):
            file.write(path, f"folder/{path.relative_to(predictions)}")
    codes = [problem.code for problem in validate(benchmark, archive, truth)]
    assert codes == ["map-missing", "map-extra", "archive-root-folder"]


def test_a_map_that_unpacks_beyond_its_frame_is_read_no_further(panoptic: tuple[Path, Path]) -> None:
    archive = zipped(panoptic[1])
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("pan_pred/b/00000.png", bytes(MAP_LIMITS.ratio_from_bytes + 1))
    assert evaluate("vipseg", panoptic[0], archive).metrics["VPQ1"] == 1  # no frame asks for it


def test_a_file_that_is_no_archive_is_rejected(panoptic: tuple[Path, Path], tmp_path: Path) -> None:
    for name, content, code in (("a.zip", b"", "file-empty"), ("b.json", b"{}", "file-not-recognised")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SubmissionRejected) as rejected:
            evaluate("vipseg", panoptic[0], tmp_path / name)
        assert [problem.code for problem in rejected.value.problems] == [code]


def test_a_damaged_member_names_its_frame(panoptic: tuple[Path, Path]) -> None:
    archive = zipped(panoptic[1])
    with zipfile.ZipFile(archive) as file:
        start = file.getinfo("pan_pred/a/00001.png").header_offset
    contents = bytearray(archive.read_bytes())
    contents[start + 70 : start + 90] = bytes(20)
    archive.write_bytes(contents)
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate("vipseg", panoptic[0], archive)
    problem = rejected.value.problems[0]
    assert (problem.code, problem.where.video_id, problem.where.frame) == ("archive-damaged", "a", 1)


BAD_TRUTH: list[tuple[str, Spoil, str, str]] = [
    (
        "no JSON",
        lambda folder: (folder / "panoptic_gt_VIPSeg_val.json").unlink(),
        "gt-files",
        "gt: Expected one panoptic JSON file in the folder 'gt', found none.",
    ),
    (
        "no map",
        lambda folder: (folder / "panomasksRGB/a/00000.png").unlink(),
        "gt-files",
        "panoptic_gt_VIPSeg_val.json (video a), frame 0: There is no map panomasksRGB/a/00000.png.",
    ),
    (
        "grey map",
        png(np.zeros((4, 6), np.uint8), "panomasksRGB/a/00000.png"),
        "gt-map",
        "panomasksRGB/a/00000.png (video a), frame 0: The PNG is grey, 8 bits, expected RGB: "
        "id = R + 256 G + 65536 B.",
    ),
    (
        "another size",
        png(np.zeros((4, 5, 3), np.uint8), "panomasksRGB/a/00001.png"),
        "gt-map",
        "panomasksRGB/a/00001.png (video a), frame 1: The map has 4 x 5 pixels, the first one 4 x 6.",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "code", "sentence"), [case[1:] for case in BAD_TRUTH], ids=[case[0] for case in BAD_TRUTH]
)
def test_bad_ground_truth_is_refused_with_place_and_advice(
    spoil: Spoil, code: str, sentence: str, panoptic: tuple[Path, Path]
) -> None:
    spoil(panoptic[0])
    with pytest.raises(GroundTruthError) as refused:
        evaluate("vipseg", *panoptic)
    expect(refused.value.problems[0], code, sentence)


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"id": 0}, "gt-id-zero", "A segment has the id 0, which stands for no segment."),
        ({"category_id": 3}, "gt-segment", "Segment 5 has the unlisted category 3."),
        ({"area": None}, "gt-segment", "segments_info[0]: `area` is null, expected a number of pixels."),
        ({"iscrowd": 2}, "gt-segment", "segments_info[0]: `iscrowd` is 2, expected 0 or 1."),
    ],
)
def test_bad_segments_of_the_ground_truth_are_refused(
    changes: dict[str, Any], code: str, sentence: str, panoptic: tuple[Path, Path]
) -> None:
    name = "panoptic_gt_VIPSeg_val.json"
    edit(lambda frames: frames[0]["segments_info"][0].update(changes), name)(panoptic[0])
    with pytest.raises(GroundTruthError) as refused:
        describe_ground_truth("vipseg", panoptic[0])
    expect(refused.value.problems[0], code, f"{name} (video a), frame 0: {sentence}")


def test_semantic_ground_truth_without_the_maps_of_a_listed_video_is_refused(
    semantic: tuple[Path, Path],
) -> None:
    (semantic[0] / "val.txt").write_text("a\nb")
    with pytest.raises(GroundTruthError) as refused:
        evaluate("vspw", *semantic)
    expect(refused.value.problems[0], "gt-files", "val.txt (video b): There is no map in data/b/mask.")


def test_without_ground_truth_maps_are_checked_against_pred_json(panoptic: tuple[Path, Path]) -> None:
    assert validate("vipseg", panoptic[1]) == []
    write_png(panoptic[1] / "pan_pred" / "a" / "00001.png", np.full((4, 6, 3), 7, np.uint8))
    codes = [problem.code for problem in validate("vipseg", panoptic[1])]
    assert codes == ["segment-unlisted", "segment-without-pixels"]


def test_without_ground_truth_semantic_maps_must_be_readable(semantic: tuple[Path, Path]) -> None:
    assert validate("vspw", semantic[1]) == []
    (semantic[1] / "a" / "00000.png").write_bytes(b"")
    assert [problem.code for problem in validate("vspw", semantic[1])] == ["png-damaged"]
