"""The synthetic benchmark as files: format, reproducibility, and three methods that can be told apart."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from evaluator import evaluate
from evaluator.synthetic.truth import SEVERE_ABOVE, SLIGHT_ABOVE, occlusion_level
from evaluator.synthetic.vis import write_benchmark

VIDEOS, FRAMES, HEIGHT, WIDTH = 6, 8, 72, 128
LEVEL_WEIGHTS = {"no_occlusion": 0.0, "slight_occlusion": 0.25, "severe_occlusion": 0.75}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic")
    write_benchmark(out, videos=VIDEOS, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=5)
    return out


@pytest.fixture(scope="module")
def ground_truth(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "annotations.json").read_text())
    return document


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many videos and frames as a server's demo has, in small."""
    out = tmp_path_factory.mktemp("full")
    write_benchmark(out, videos=12, frames=30, height=90, width=160, seed=0)
    return out


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_arguments_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_benchmark(tmp_path, videos=VIDEOS, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=5)
    assert digests(tmp_path) == digests(folder)


def test_another_seed_writes_other_pictures_and_tracks(folder: Path, tmp_path: Path) -> None:
    write_benchmark(tmp_path, videos=1, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=6)
    one, other = digests(tmp_path), digests(folder)
    assert one["frames/000-carousel/00000.jpg"] != other["frames/000-carousel/00000.jpg"]
    assert one["annotations.json"] != other["annotations.json"]


def test_a_smaller_benchmark_is_the_beginning_of_a_larger_one(folder: Path, tmp_path: Path) -> None:
    write_benchmark(tmp_path, videos=1, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=5)
    small, large = digests(tmp_path / "frames"), digests(folder / "frames")
    assert small == {name: large[name] for name in small}
    first = json.loads((tmp_path / "predictions" / "weak" / "results.json").read_text())
    everything = json.loads((folder / "predictions" / "weak" / "results.json").read_text())
    assert first == everything[: len(first)]


def test_every_video_has_the_frames_that_it_lists_in_the_size_that_it_states(
    folder: Path, ground_truth: dict[str, Any]
) -> None:
    assert [video["id"] for video in ground_truth["videos"]] == list(range(1, VIDEOS + 1))
    for video in ground_truth["videos"]:
        assert len(video["file_names"]) == video["length"] == FRAMES
        assert sorted(path.name for path in (folder / "frames" / video["name"]).iterdir()) == [
            Path(name).name for name in video["file_names"]
        ]
        for name in video["file_names"]:
            with Image.open(folder / "frames" / name) as picture:
                assert picture.format == "JPEG"
                assert picture.size == (video["width"], video["height"]) == (WIDTH, HEIGHT)


def test_every_annotation_has_matching_masks_boxes_areas_and_levels(ground_truth: dict[str, Any]) -> None:
    known = {category["id"] for category in ground_truth["categories"]}
    assert [entry["id"] for entry in ground_truth["annotations"]] == list(
        range(1, len(ground_truth["annotations"]) + 1)
    )
    for entry in ground_truth["annotations"]:
        assert entry["category_id"] in known
        assert (entry["iscrowd"], entry["height"], entry["width"], entry["length"]) == (
            0,
            HEIGHT,
            WIDTH,
            FRAMES,
        )
        assert any(entry["segmentations"])
        columns = [entry[key] for key in ("segmentations", "bboxes", "areas", "occlusion")]
        assert {len(column) for column in columns} == {FRAMES}
        for rle, box, area, level in zip(*columns, strict=True):
            if rle is None:
                assert (box, area, level) == (None, None, None)
            else:
                assert rle["size"] == [HEIGHT, WIDTH]
                assert area == coco_mask.area(rle)
                assert box == coco_mask.toBbox(rle).tolist()
                assert level in LEVEL_WEIGHTS


def test_masks_of_the_ground_truth_do_not_overlap(ground_truth: dict[str, Any]) -> None:
    for video in ground_truth["videos"]:
        entries = [entry for entry in ground_truth["annotations"] if entry["video_id"] == video["id"]]
        for frame in range(FRAMES):
            masks = [entry["segmentations"][frame] for entry in entries if entry["segmentations"][frame]]
            assert coco_mask.area(masks).sum() == coco_mask.area(coco_mask.merge(masks))


def test_predictions_name_known_videos_and_categories_with_one_mask_per_frame(
    folder: Path, ground_truth: dict[str, Any]
) -> None:
    videos = {video["id"] for video in ground_truth["videos"]}
    categories = {category["id"] for category in ground_truth["categories"]}
    for method in ("strong", "medium", "weak"):
        entries = json.loads((folder / "predictions" / method / "results.json").read_text())
        assert len(entries) > VIDEOS
        for entry in entries:
            assert set(entry) == {"video_id", "category_id", "score", "segmentations"}
            assert entry["video_id"] in videos
            assert entry["category_id"] in categories
            assert 0 < entry["score"] < 1
            assert len(entry["segmentations"]) == FRAMES
            present = [rle for rle in entry["segmentations"] if rle is not None]
            assert present
            assert all(rle["size"] == [HEIGHT, WIDTH] and coco_mask.area(rle) > 0 for rle in present)


@pytest.mark.parametrize(
    ("share", "level"),
    [
        (0.0, "no_occlusion"),
        (SLIGHT_ABOVE, "no_occlusion"),
        (SLIGHT_ABOVE + 1e-6, "slight_occlusion"),
        (SEVERE_ABOVE, "slight_occlusion"),
        (SEVERE_ABOVE + 1e-6, "severe_occlusion"),
    ],
)
def test_the_occlusion_level_changes_just_above_its_thresholds(share: float, level: str) -> None:
    assert occlusion_level(share) == level


def test_tracklets_of_all_three_official_occlusion_groups_are_common(full: Path) -> None:
    scores = []
    for entry in json.loads((full / "annotations.json").read_text())["annotations"]:
        weights = sorted((LEVEL_WEIGHTS[word] for word in entry["occlusion"] if word), reverse=True)
        scores.append(np.mean(weights[: -(-len(weights) // 2)]))
    light, moderate, heavy = np.histogram(scores, [0, 0.25 + 1e-9, 0.5 + 1e-9, 1])[0]
    assert min(light, moderate, heavy) >= 15


def test_large_medium_and_small_tracklets_occur_in_frames_that_have_room_for_them(tmp_path: Path) -> None:
    write_benchmark(tmp_path, videos=6, frames=2, height=360, width=640, seed=0)
    entries = json.loads((tmp_path / "annotations.json").read_text())["annotations"]
    areas = [np.mean([area for area in entry["areas"] if area]) for entry in entries]
    small, medium, large = np.histogram(areas, [0, 128**2, 256**2, 1e10])[0]
    assert small > medium >= 2
    assert large >= 2


def test_progress_counts_the_videos_done(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        calls.append((done, total))

    write_benchmark(tmp_path, videos=2, frames=1, height=32, width=32, seed=0, progress=note)
    assert calls == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"videos": 0}, "Expected `videos` to be at least 1, but got 0"),
        ({"frames": 0}, "Expected `frames` to be at least 1, but got 0"),
        ({"height": 15}, "Expected `height` to be at least 16, but got 15"),
        ({"width": 4}, "Expected `width` to be at least 16, but got 4"),
        ({"seed": -1}, "Expected `seed` to be at least 0, but got -1"),
    ],
)
def test_an_argument_out_of_range_is_refused_before_anything_is_written(
    tmp_path: Path, changed: dict[str, int], message: str
) -> None:
    arguments = {"videos": 1, "frames": 1, "height": 32, "width": 32, "seed": 0} | changed
    with pytest.raises(ValueError, match=message):
        write_benchmark(tmp_path / "new", progress=None, **arguments)
    assert not (tmp_path / "new").exists()


def test_the_three_methods_rank_as_named_and_fall_with_occlusion(full: Path) -> None:
    metrics = {
        name: evaluate(
            "ovis", full / "annotations.json", full / "predictions" / name / "results.json"
        ).metrics
        for name in ("strong", "medium", "weak")
    }
    for key in ("AP", "AP_so", "AP_mo", "AP_ho"):
        strong, medium, weak = (metrics[name][key] or 0.0 for name in ("strong", "medium", "weak"))
        assert strong > medium + 0.05 > weak + 0.1
    for found in metrics.values():
        assert 0 < (found["AP_ho"] or 0.0) < 0.6 * (found["AP_so"] or 0.0)
