"""The synthetic occlusion benchmarks as files: exact, scored in full, hard where a tracker loses a thing."""

import json
import shutil
import tracemalloc
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from typer.testing import CliRunner

from dvis_model.categories import VIPSEG_THINGS as THINGS_OF_THE_MODEL
from evaluator import evaluate
from evaluator.__main__ import app
from evaluator.catalog import BENCHMARKS, VIPSEG_THINGS
from evaluator.ground_truths import describe_ground_truth
from evaluator.synthetic.clips import STUFF, THINGS, Clip, make_clip, vis, vps, vss
from evaluator.synthetic.clips.names import VIPSEG_NAMES

SEED, VIDEOS = 7, 10
HARD = {"severe_occlusion": "severe", None: "absent"}
CLASSES = BENCHMARKS["vspw"].classes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark of each task, made by the command line."""
    root = tmp_path_factory.mktemp("clips")
    for task in ("vis", "vps", "vss"):
        words = ["synth", task, "--seed", str(SEED), "--videos", str(VIDEOS), "--out", str(root / task)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        assert result.output == f"Wrote {VIDEOS} videos to {root / task}.\n"
    return root


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [make_clip(SEED, video) for video in range(VIDEOS)]


@pytest.fixture(scope="module")
def truth(made: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((made / "vis" / "annotations.json").read_text())
    return document


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def test_frames_and_masks_of_all_tasks_are_those_of_the_clips(
    made: Path, clips: list[Clip], truth: dict[str, Any]
) -> None:
    """The clips' own bytes are compared with stored hashes in test_clips.py."""
    panoptic = json.loads((made / "vps" / "ground_truth" / "panoptic_gt.json").read_text())
    assert [video["id"] for video in truth["videos"]] == list(range(1, VIDEOS + 1))
    names = [video["name"] for video in truth["videos"]]
    assert [video["video_id"] for video in panoptic["annotations"]] == names
    assert (made / "vss" / "ground_truth" / "val.txt").read_text().split() == names
    of_thing = np.array([CLASSES.index(VIPSEG_NAMES.get(name, name)) for name in THINGS])
    of_stuff = np.array([*map(CLASSES.index, STUFF), *[-1] * (256 - len(STUFF))])
    for video, clip in enumerate(clips):
        things = np.zeros_like(clip.things)
        entries = [entry for entry in truth["annotations"] if entry["video_id"] == video + 1]
        assert [entry["category_id"] - 1 for entry in entries] == list(clip.categories)
        for number, entry in enumerate(entries, 1):
            for frame, mask in enumerate(entry["segmentations"]):
                if mask is not None:
                    things[frame][coco_mask.decode(mask) > 0] = number
                    assert entry["areas"][frame] == coco_mask.area(mask)
                    assert entry["bboxes"][frame] == coco_mask.toBbox(mask).tolist()
        assert (things == clip.things).all()
        kinds = np.array((0, *clip.categories))[things]
        classes = np.where(things > 0, of_thing[kinds], of_stuff[clip.stuff])
        for frame, file in enumerate(truth["videos"][video]["file_names"]):
            for task in ("vis", "vps", "vss"):
                assert (pixels(made / task / "frames" / file) == clip.frames[frame]).all()
            mask = made / "vss" / "ground_truth" / "data" / names[video] / "mask" / f"{frame:05d}.png"
            assert (pixels(mask) == classes[frame] + 1).all()
            colours = pixels(made / "vps" / "ground_truth" / "panomasksRGB" / file)
            ids = colours.astype(np.int64) @ (1, 256, 65536)
            for segment in panoptic["annotations"][video]["annotations"][frame]["segments_info"]:
                inside = ids == segment["id"]
                assert inside.sum() == segment["area"]
                assert set(classes[frame][inside]) == {segment["category_id"]}
                assert len(set(things[frame][inside])) == 1
            assert ((ids == 0) == (classes[frame] < 0)).all()
            assert len(set(ids[things[frame] > 0])) == len(set(things[frame][things[frame] > 0]))


def test_the_annotations_list_all_classes_of_vipseg_and_vspw(made: Path) -> None:
    panoptic = json.loads((made / "vps" / "ground_truth" / "panoptic_gt.json").read_text())
    assert [(c["id"], c["name"]) for c in panoptic["categories"]] == list(enumerate(CLASSES))
    assert len(CLASSES) == 124
    assert {c["name"] for c in panoptic["categories"] if c["isthing"]} == VIPSEG_THINGS
    assert {CLASSES[index] for index in THINGS_OF_THE_MODEL} == VIPSEG_THINGS
    assert {VIPSEG_NAMES.get(name, name) for name in THINGS} <= VIPSEG_THINGS
    assert not VIPSEG_THINGS & {*STUFF}
    labels = json.loads((made / "vss" / "ground_truth" / "label_num_dic_final.json").read_text())
    assert labels == {"others": 0, **{name: index + 1 for index, name in enumerate(CLASSES)}}


def as_results(entries: list[dict[str, Any]], score: float = 1.0) -> list[dict[str, Any]]:
    keys = ("video_id", "category_id", "segmentations")
    return [{"score": score, **{key: entry[key] for key in keys}} for entry in entries]


def test_the_truth_scores_100_in_every_metric(made: Path, truth: dict[str, Any], tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps(as_results(truth["annotations"])))
    scores = evaluate("ovis", made / "vis" / "annotations.json", results).metrics
    for key in ("AP", "AP50", "AP75", "AP_so", "AP_mo", "AP_ho", "AR10", "AR100", "AR_ho"):
        assert scores[key] == pytest.approx(1), key

    panoptic = made / "vps" / "ground_truth"
    shutil.copytree(panoptic / "panomasksRGB", tmp_path / "vps" / "pan_pred")
    document = json.loads((panoptic / "panoptic_gt.json").read_text())
    (tmp_path / "vps" / "pred.json").write_text(json.dumps({"annotations": document["annotations"]}))
    scores = evaluate("vipseg", panoptic, tmp_path / "vps").metrics
    assert all(
        scores[key] == pytest.approx(1) for key in ("VPQ", "VPQ_th", "VPQ_st", "VPQ8", "STQ", "AQ", "SQ")
    )

    semantic = made / "vss" / "ground_truth"
    for folder in (semantic / "data").iterdir():
        (tmp_path / "vss" / folder.name).mkdir(parents=True)
        for mask in (folder / "mask").iterdir():
            classes = pixels(mask).astype(np.int16) - 1
            Image.fromarray(classes.astype(np.uint8)).save(tmp_path / "vss" / folder.name / mask.name)
    scores = evaluate("vspw", semantic, tmp_path / "vss").metrics
    assert all(scores[key] == pytest.approx(1) for key in ("mIoU", "fwIoU", "VC8", "VC16"))
    for benchmark, path in (
        ("ovis", made / "vis" / "annotations.json"),
        ("vipseg", panoptic),
        ("vspw", semantic),
    ):
        assert [video.length for video in describe_ground_truth(benchmark, path).videos] == [30] * VIDEOS


def test_losing_things_where_they_are_severely_occluded_costs_the_heavily_occluded_ones(
    made: Path, truth: dict[str, Any], tmp_path: Path
) -> None:
    """Perfect masks, but a new identity whenever severe occlusion or absence begins or ends."""
    pieces = []
    for entry in truth["annotations"]:
        for state, run in groupby(range(30), key=lambda frame: HARD.get(entry["occlusion"][frame], "clear")):
            frames = {*run}
            if state != "absent":
                masks = [mask if i in frames else None for i, mask in enumerate(entry["segmentations"])]
                pieces += as_results([{**entry, "segmentations": masks}], len(frames) / 30)
    results = tmp_path / "results.json"
    results.write_text(json.dumps(pieces))
    scores = evaluate("ovis", made / "vis" / "annotations.json", results).metrics
    light, moderate, heavy = (scores[key] or 0.0 for key in ("AP_so", "AP_mo", "AP_ho"))
    assert light > moderate + 0.1 > heavy + 0.2


@pytest.mark.parametrize("write", [vis.write_benchmark, vps.write_benchmark, vss.write_benchmark])
def test_memory_does_not_grow_with_the_number_of_videos(write: Callable[..., None], tmp_path: Path) -> None:
    peaks = []
    for videos in (10, 10, 30):  # the first fills caches; ten videos show every plot
        tracemalloc.start()
        write(tmp_path / f"{len(peaks)}", videos=videos, frames=2, height=32, width=32, seed=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.15 * peaks[1]


def test_nothing_is_written_where_an_argument_is_out_of_range_or_the_folder_is_taken(tmp_path: Path) -> None:
    for change in ({"videos": 0}, {"height": 31}, {"seed": -1}):
        arguments = {"videos": 1, "frames": 2, "height": 32, "width": 32, "seed": 0, **change}
        for write in (vis.write_benchmark, vps.write_benchmark, vss.write_benchmark):
            with pytest.raises(ValueError, match=f"Expected `{next(iter(change))}` to be from"):
                write(tmp_path / "new", **arguments)
            assert not (tmp_path / "new").exists()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    result = CliRunner().invoke(app, ["synth", "vis", "--out", str(tmp_path / "taken")])
    assert result.exit_code == 2
    assert "exists and is not an empty folder. Choose another name." in result.output
