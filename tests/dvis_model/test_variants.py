"""Configurations by name and by file; parts that can be exchanged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dvis_model import build, predict
from dvis_model.config import ResNetConfig, SwinConfig
from dvis_model.inference import online_step, run_online
from dvis_model.preprocess import resized_size
from dvis_model.spool import ResultArray, TensorSpool
from dvis_model.variants import VARIANTS, find_config

BASE = """
MODEL:
  BACKBONE: {NAME: "build_resnet_backbone"}
  META_ARCHITECTURE: "MinVIS"
  SEM_SEG_HEAD: {NUM_CLASSES: 25}
  MASK_FORMER:
    NUM_OBJECT_QUERIES: 100
    TEST: {TASK: 'vis', WINDOW_SIZE: 3}
INPUT: {MIN_SIZE_TEST: 360}
DATASETS: {TRAIN: ("ovis_train",)}
"""
SWIN = """
_BASE_: ../base.yaml
MODEL:
  META_ARCHITECTURE: "DVIS_offline"
  BACKBONE: {NAME: "D2SwinTransformer"}
  SWIN: {EMBED_DIM: 192, DEPTHS: [2, 2, 18, 2], NUM_HEADS: "(6, 12, 24, 48)", WINDOW_SIZE: 12}
  MASK_FORMER: {NUM_OBJECT_QUERIES: 200}
INPUT: {MIN_SIZE_TEST: 480}
"""


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 64, 96, 3), dtype=np.uint8)


def test_yaml_files_build_on_each_other(tmp_path: Path) -> None:
    (tmp_path / "swin").mkdir()
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "swin" / "offline.yaml").write_text(SWIN)
    config = find_config(tmp_path / "swin" / "offline.yaml")
    assert config.backbone == SwinConfig()
    assert (config.num_classes, config.num_queries, config.min_size_test) == (25, 200, 480)
    assert (config.tracker, config.refiner, config.max_num) == ("referring", "temporal", 20)
    base = find_config(tmp_path / "base.yaml")
    assert (base.backbone, base.tracker, base.refiner) == (ResNetConfig(50), "bipartite", "none")
    assert base.max_num == 10


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            BASE.replace("MinVIS", "DVIS_DAQ_online"),
            r"META_ARCHITECTURE is 'DVIS_DAQ_online'\. This program has MinVIS, .* use that repository",
        ),
        (BASE.replace("MinVIS", "VideoMaskFormer_frame"), r"write META_ARCHITECTURE: MinVIS"),
        (BASE.replace("MinVIS", "CTVISModel"), r"--config dvispp/ovis/CTVIS_R50"),
        ("MODEL: {SEM_SEG_HEAD: {NUM_CLASSES: 5}}", r"no MODEL\.META_ARCHITECTURE, .* under _BASE_"),
        (
            BASE.replace("INPUT", "  PIXEL_MEAN: (1, two, 3)\nINPUT"),
            r"PIXEL_MEAN to be 3 numbers, but got '\(1, two, 3\)'",
        ),
        (BASE.replace("INPUT", "  PIXEL_MEAN: [1, two, 3]\nINPUT"), r"PIXEL_MEAN to be 3 numbers, but got"),
        ("_BASE_: [7]", r"expected _BASE_ to be a path or a list of paths, but it holds 7"),
        ("_BASE_: {a: b}", r"expected _BASE_ to be a path or a list of paths, but it holds \{'a': 'b'\}"),
        ("_BASE_: [https://example.org/base.yaml]", r"fetch that file, and write its path"),
        ("_BASE_: [other.py]", r"its _BASE_ 'other\.py' is not there"),
        ("_BASE_: notes.txt", r"its _BASE_ 'notes\.txt' is not a YAML file"),
        ("_BASE_: [ring.yaml, config.yaml]", r"build on each other in a circle"),
        (BASE.replace("25", "many"), r"NUM_CLASSES to be of type int, but got 'many'"),
        (BASE.replace("build_resnet_backbone", "D2VitAdapterDinoV2"), r"BACKBONE\.NAME to be one of"),
        ("_BASE_: config.yaml", r"build on each other in a circle"),
        (BASE.replace("25", "0"), r"NUM_CLASSES to be at least 1, but got 0"),
        (BASE.replace("25", "true"), r"NUM_CLASSES to be of type int, but got 'True'"),
        (BASE.replace("WINDOW_SIZE: 3", "WINDOW_SIZE: -2"), r"WINDOW_SIZE to be at least 1, but got -2"),
        ("[" * 20000, r"cannot be read as YAML"),
        (
            "_BASE_: [ring.yaml, nowhere.yaml]",
            r"its _BASE_ 'nowhere\.yaml' is not there: expected .*Fetch it",
        ),
        ("!!python/object/apply:os.getpid []", r"could not determine a constructor for the tag"),
        ("- a list", r"expected a YAML mapping, but got list"),
        ("a: [", r"cannot be read as YAML"),
    ],
)
def test_what_a_yaml_file_asks_for_in_vain_is_told(written: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(written)
    (tmp_path / "ring.yaml").write_text("INPUT: {MIN_SIZE_TEST: 360}")
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(ValueError, match=message):
        find_config(tmp_path / "config.yaml")


def test_a_list_of_bases_is_merged_in_its_order_and_unknown_keys_are_passed_over(tmp_path: Path) -> None:
    shared = tmp_path / "_base_"
    (tmp_path / "ovis").mkdir()
    shared.mkdir()
    (shared / "model.yaml").write_text(BASE.replace("INPUT", "  CL_PLUGIN: {REID_WEIGHT: 2.}\nINPUT"))
    (shared / "data.yaml").write_text(
        "INPUT: {MIN_SIZE_TEST: 480}\nDATASETS: {TEST: !!python/tuple [ovis]}\n"
    )
    head = '_BASE_: ["../_base_/model.yaml", "../_base_/data.yaml"]\nMODEL:\n'
    own = tmp_path / "ovis" / "own.yaml"
    own.write_text(f"{head}  SEM_SEG_HEAD: {{NUM_CLASSES: 40}}\n  PIXEL_MEAN: (1, 2, 3.5)\n")
    config = find_config(own)
    assert (config.num_classes, config.min_size_test, config.pixel_mean) == (40, 480, (1, 2, 3.5))
    # Two files that build on the same third one are not a circle.
    (shared / "data.yaml").write_text("_BASE_: model.yaml\nINPUT: {MIN_SIZE_TEST: 512}\n")
    assert find_config(own).min_size_test == 512


@pytest.mark.parametrize("name", ["configs/r50.py", "mmdet_config.json"])
def test_configurations_that_are_programs_are_not_read(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"is not a YAML file.* no code is run: give the YAML file or the name"
    ):
        find_config(name)


def test_an_unknown_name_brings_the_nearest_ones() -> None:
    with pytest.raises(
        ValueError, match=r"No configuration is called 'ovis/DVIS_Ofline_R50'.*ovis/DVIS_Offline_R50"
    ):
        find_config("ovis/DVIS_Ofline_R50")


def test_the_folder_of_the_official_repository_is_understood() -> None:
    assert find_config("configs/dvis_Plus/ovis/MinVIS_R50.yaml") == VARIANTS["dvispp/ovis/MinVIS_R50"]


@pytest.mark.parametrize("task", ["vis", "vps", "vss"])
@pytest.mark.parametrize("tracker", ["none", "bipartite", "referring"])
@pytest.mark.parametrize("refiner", ["none", "temporal"])
def test_every_tracker_goes_with_every_refiner_and_task(tracker: str, refiner: str, task: str) -> None:
    torch.manual_seed(0)
    config = replace(VARIANTS["tiny"], task=task, object_mask_threshold=0.0, overlap_threshold=0.0)
    result = predict(build(config, tracker=tracker, refiner=refiner), frames(4), height=50, width=70)
    assert result.num_frames == 4


def test_without_tracker_every_query_stays_where_it_is() -> None:
    model = build("tiny", tracker="none", refiner="none")
    with torch.no_grad():
        output, _ = online_step(model, torch.randn(3, 3, 64, 96), None)
    assert torch.equal(output.tracked.class_logits, output.segmented.class_logits)


@torch.no_grad()
def test_a_live_video_frame_by_frame_gives_what_the_whole_video_gives() -> None:
    torch.manual_seed(0)
    model = build("tiny", refiner="none")
    video = torch.randn(5, 3, 64, 96)
    state, masks = None, []
    for frame in video:
        output, state = online_step(model, frame[None], state)
        masks.append(output.mask_logits)
    with TensorSpool() as spool:
        whole = run_online(model, video.split(3), spool)
        expected = torch.cat(list(whole.masks(torch.arange(12))), dim=1)
    torch.testing.assert_close(state.class_logits, whole.class_logits, rtol=0, atol=1e-4)
    torch.testing.assert_close(torch.cat(masks, dim=1), expected, rtol=0, atol=1e-3)


@torch.no_grad()
def test_a_video_continued_has_classes_of_its_own() -> None:
    torch.manual_seed(0)
    model = build("tiny", refiner="none")
    video = torch.randn(6, 3, 64, 96)
    with TensorSpool() as one, TensorSpool() as two, TensorSpool() as all_spool:
        first = run_online(model, [video[:3]], one)
        second = run_online(model, [video[3:]], two, first.tracker)
        whole = run_online(model, [video], all_spool)
    mean = (first.class_logits + second.class_logits) / 2
    torch.testing.assert_close(mean, whole.class_logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("original", "short", "expected"),
    [((720, 1280), 360, (360, 640)), ((1280, 720), 360, (640, 360)), ((480, 854), 360, (360, 641)),
     ((100, 1000), 360, (133, 1333)), ((333, 333), 480, (480, 480)), ((3000, 1), 360, (1333, 1))],
)  # fmt: skip
def test_the_short_side_decides_unless_the_long_one_is_too_long(
    original: tuple[int, int], short: int, expected: tuple[int, int]
) -> None:
    assert resized_size(original, short, 1333) == expected


def test_a_spool_gives_back_what_it_took_from_memory_and_from_file() -> None:
    groups = [(torch.randn(3, 4), torch.arange(i + 1).to(torch.bfloat16)) for i in range(5)]
    with TensorSpool(memory_bytes=130) as spool:
        for group in groups:
            spool.append(*group)
        assert len(spool) == 5
        for index, group in enumerate(groups):
            assert all(torch.equal(a, b) for a, b in zip(spool[index], group, strict=True))


def test_a_large_result_is_an_ordinary_array_that_a_file_holds() -> None:
    small, large = ResultArray((4, 100), bool), ResultArray((4, 100), bool, memory_bytes=10)
    for result in (small, large):
        result.array[2, 5] = True
        result.release()
        assert isinstance(result.array, np.ndarray)
        assert result.array.nonzero() == (2, 5)
