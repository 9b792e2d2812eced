"""Results become the files that the benchmarks take, and the command line writes them."""

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as coco_mask

from dvis_model import VideoInstances, VideoPanoptic, VideoSemantic, assemble, build, write_video
from dvis_model.categories import category_ids
from dvis_model.config import DvisConfig
from dvis_model.cost import num_parameters
from dvis_model.outputs import VideoResult
from dvis_model.variants import VARIANTS

ROOT = Path(__file__).parents[2]
TINY = VARIANTS["tiny"]


def submit(folder: Path, config: DvisConfig, video: int | str, names: list[str], result: VideoResult) -> None:
    write_video(folder / "part.zip", config, video, names, result)
    assemble([folder / "part.zip"], folder, config)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # within pycocotools
def test_instances_become_results_json_with_a_mask_for_every_frame(tmp_path: Path) -> None:
    masks = np.zeros((1, 2, 4, 6), dtype=bool)
    masks[0, 1, 1:3, 2:5] = True
    instances = VideoInstances(
        scores=np.array([0.5], np.float32), labels=np.array([2]), query_ids=np.array([7]), masks=masks
    )
    submit(tmp_path, TINY, 31, ["a.jpg", "b.jpg"], instances)
    (entry,) = json.loads((tmp_path / "results.json").read_text())
    assert (entry["video_id"], entry["category_id"], entry["score"]) == (31, 3, 0.5)
    empty, full = entry["segmentations"]
    assert coco_mask.area(empty | {"counts": empty["counts"].encode()}) == 0
    assert full["size"] == [4, 6]
    decoded = coco_mask.decode(full | {"counts": full["counts"].encode()})
    assert (decoded == masks[0, 1]).all()


def test_panoptic_videos_become_maps_and_a_list_of_their_segments(tmp_path: Path) -> None:
    ids = np.zeros((2, 4, 6), np.int32)
    ids[0, :2], ids[0, 2:, :3] = 1, 2
    ids[1, :3] = 1
    segments = [
        {"id": 1, "category_id": 58, "isthing": False},
        {"id": 2, "category_id": 0, "isthing": True},
    ]
    config = VARIANTS["VIPSeg/DVIS_Offline_R50_720p"]
    submit(tmp_path, config, "12_ab", ["00000010.jpg", "00000020.jpg"], VideoPanoptic(ids, segments))
    (video,) = json.loads((tmp_path / "pred.json").read_text())["annotations"]
    assert video["video_id"] == "12_ab"
    first, second = video["annotations"]
    assert first["file_name"] == "00000010.jpg"
    stuff, thing = first["segments_info"]
    assert (stuff["category_id"], stuff["area"], stuff["bbox"], stuff["iscrowd"]) == (0, 12, [0, 0, 5, 1], 0)
    assert (thing["category_id"], thing["area"], thing["bbox"]) == (2, 6, [0, 2, 2, 1])
    assert [info["id"] for info in second["segments_info"]] == [stuff["id"]]
    pixels = np.asarray(Image.open(tmp_path / "pan_pred" / "12_ab" / "00000010.png")).astype(int)
    numbers = pixels @ [1, 256, 65536]
    assert (numbers == np.where(ids[0] == 1, stuff["id"], np.where(ids[0] == 2, thing["id"], 0))).all()


def test_semantic_videos_become_maps_of_the_data_sets_ids(tmp_path: Path) -> None:
    labels = np.array([[[0, 57, 58, 123]]], np.uint8)
    config = VARIANTS["VSPW/DVIS_Offline_R50_720p"]
    submit(tmp_path, config, "12_ab", ["00000010.jpg"], VideoSemantic(labels))
    picture = Image.open(tmp_path / "12_ab" / "00000010.png")
    assert picture.mode == "L"
    assert np.asarray(picture).tolist() == [[2, 123, 0, 121]]


def test_the_same_parts_give_the_same_archive(tmp_path: Path) -> None:
    config = VARIANTS["VIPSeg/DVIS_Offline_R50_720p"]
    panoptic = VideoPanoptic(np.ones((1, 3, 4), np.int32), [{"id": 1, "category_id": 58, "isthing": False}])
    for target in ("one.zip", "two.zip"):
        parts = [tmp_path / f"{target}-{video}" for video in ("a", "b")]
        for part, video in zip(parts, "ab", strict=True):
            write_video(part, config, video, ["0.jpg"], panoptic)
        assemble(parts, tmp_path / target, config)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["pan_pred/a/0.png", "pan_pred/b/0.png", "pred.json"]
        videos = json.loads(archive.read("pred.json"))["annotations"]
    assert [video["video_id"] for video in videos] == ["a", "b"]


def test_a_part_that_cannot_be_written_whole_is_not_there(tmp_path: Path) -> None:
    config = VARIANTS["VSPW/DVIS_Offline_R50_720p"]
    labels = VideoSemantic(np.zeros((2, 3, 4), np.uint8))
    with pytest.raises(ValueError, match="is longer than"):
        write_video(tmp_path / "part.zip", config, "a", ["0.jpg"], labels)
    assert not (tmp_path / "part.zip").exists()


def test_every_class_of_vipseg_has_an_id_of_its_own() -> None:
    ids = category_ids(VARIANTS["VIPSeg/DVIS_Offline_R50_720p"])
    assert sorted(ids) == list(range(124))
    categories = json.loads((ROOT / "tests/parity/dvis/categories.json").read_text())["vipseg_vspw"]
    assert list(ids[:58]) == [number for number, _, thing in categories if thing]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dvis_model", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_the_command_line_segments_a_folder_of_videos(weights: Path, tmp_path: Path) -> None:
    for video in ("one", "two"):
        (tmp_path / "in" / video).mkdir(parents=True)
        for frame in range(2):
            picture = np.random.default_rng(frame).integers(0, 256, (40, 60, 3), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / "in" / video / f"{frame:05}.jpg")
    frames = ("00000.jpg", "00001.jpg")
    videos = [
        {"id": number, "file_names": [f"{video}/{frame}" for frame in frames]}
        for number, video in ((7, "one"), (9, "two"))
    ]
    (tmp_path / "valid.json").write_text(json.dumps({"videos": videos}))
    places = ("--input", str(tmp_path / "in"), "--output", str(tmp_path / "out"))
    done = run(
        *("predict", "--config", "tiny", "--weights", str(weights), *places),
        *("--annotations", str(tmp_path / "valid.json"), "--precision", "bfloat16", "--window", "1"),
    )
    assert done.returncode == 0, done.stderr
    entries = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [entry["video_id"] for entry in entries] == [7] * TINY.max_num + [9] * TINY.max_num
    assert {tuple(rle["size"]) for entry in entries for rle in entry["segmentations"]} == {(40, 60)}


def test_cost_counts_the_published_parameters() -> None:
    with torch.device("meta"):
        model = build("ovis/DVIS_Offline_R50")
    assert model.refiner is not None
    stages = {
        "segmenter": [model.backbone, model.sem_seg_head],
        "tracker": [model.tracker],
        "refiner": [model.refiner],
    }
    millions = {name: num_parameters(parts) / 1e6 for name, parts in stages.items()}
    assert {name: round(count, 2) for name, count in millions.items()} == {
        "segmenter": 43.96,
        "tracker": 9.68,
        "refiner": 14.41,
    }
