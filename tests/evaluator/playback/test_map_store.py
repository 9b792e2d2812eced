"""Mask stores of maps: every pixel is that of the PNG files, as Pillow reads them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from evaluator import playback
from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.playback.store import WINDOW, StoreIndex
from evaluator.problems import SubmissionRejected
from evaluator.synthetic import vps, vss
from tests.evaluator.map_files import (
    Panoptic,
    write_class_maps,
    write_class_truth,
    write_predictions,
    write_truth,
)
from tests.evaluator.playback.stores import head, maps, pieces

FRAMES, HEIGHT, WIDTH = WINDOW + 6, 48, 64
VIPSEG, VSPW = BENCHMARKS["vipseg"], BENCHMARKS["vspw"]
Write = Callable[..., None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Write], Path]:
    """Gives the folder of a synthetic benchmark with two videos of two windows each."""
    folders: dict[str, Path] = {}

    def make(write: Write) -> Path:
        if write.__module__ not in folders:
            folder = tmp_path_factory.mktemp("made") / "benchmark"
            write(folder, videos=2, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=5)
            folders[write.__module__] = folder
        return folders[write.__module__]

    return make


def opened(folder: Path) -> NDArray[np.int64]:
    """The numbers of the maps in a folder [frames, height, width]."""
    pixels = np.stack([np.asarray(Image.open(file), np.int64) for file in sorted(folder.glob("*.png"))])
    return pixels if pixels.ndim == 3 else pixels @ np.array([1, 256, 65536])


def videos(index: StoreIndex, folder: Path) -> list[tuple[int, str]]:
    """The numbers and names of the videos, which have a folder each."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert list(index.videos) == ["1", "2"]
    assert len(names) == 2
    return list(enumerate(names, start=1))


def check(found: NDArray[np.int64], objects: list[dict[str, Any]], numbers: NDArray[np.int64]) -> None:
    """Compare objects with what their pixels say, `numbers`, which are -1 where there is no object."""
    assert found.shape == numbers.shape
    assert ((found < 0) == (numbers < 0)).all()
    for n, listed in enumerate(objects):
        mask = found == n
        assert len(set(numbers[mask].tolist())) == 1
        assert (mask == (numbers == numbers[mask][0])).all()
        frames = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
        assert (listed["first"], listed["last"], listed["frames"]) == (frames[0], frames[-1], len(frames))
    firsts = [listed["first"] for listed in objects]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_segment_of_panoptic_predictions_and_ground_truth_has_its_pixels(
    made: Callable[[Write], Path], tmp_path: Path, workers: int
) -> None:
    folder, path = made(vps.write_benchmark), tmp_path / "store"
    truth, weak = folder / "ground_truth", folder / "predictions" / "weak"
    options = Options(workers=workers)
    for root, listing, submitted in (
        (truth / "panomasksRGB", truth / "panoptic_gt.json", False),
        (weak / "pan_pred", weak / "pred.json", True),
    ):
        if submitted:
            index = playback.store_predictions(VIPSEG, truth, weak, path, options)
        else:
            index = playback.store_ground_truth(VIPSEG, truth, path, options)
        written = {one["video_id"]: one for one in json.loads(listing.read_text())["annotations"]}
        for video, name in videos(index, root):
            numbers = opened(root / name)
            objects = head(path, index, video)["objects"]
            found = maps(path, index, video)
            check(found, objects, np.where(numbers == 0, -1, numbers))
            category = {
                segment["id"]: segment["category_id"]
                for frame in written[name]["annotations"]
                for segment in frame["segments_info"]
            }
            assert {one["segment"]: one["category"] for one in objects} == category
            for n, one in enumerate(objects):
                assert set(numbers[found == n].tolist()) == {one["segment"]}
        assert len(pieces(path, index, 2)) == 1 + 2


def test_every_class_of_semantic_predictions_and_ground_truth_has_its_pixels(
    made: Callable[[Write], Path], tmp_path: Path
) -> None:
    folder, path = made(vss.write_benchmark), tmp_path / "store"
    truth, weak = folder / "ground_truth", folder / "predictions" / "weak"
    index = playback.store_predictions(VSPW, truth, weak, path, Options())
    for video, name in videos(index, weak):
        values, objects = opened(weak / name), head(path, index, video)["objects"]
        found = maps(path, index, video)
        check(found, objects, values)
        assert (np.array([one["category"] for one in objects])[found] == values).all()
    for prepared in (None, tmp_path / "prepared", tmp_path / "prepared"):
        index = playback.store_ground_truth(VSPW, truth, path, Options(prepared_dir=prepared))
        for video, name in videos(index, truth / "data"):
            # In the ground truth 0 is void and 1 is the first class.
            values, objects = opened(truth / "data" / name / "mask") - 1, head(path, index, video)["objects"]
            found = maps(path, index, video)
            check(found, objects, values)
            categories = np.array([*(one["category"] for one in objects), -1])
            assert (categories[found] == values).all()


def test_void_crowds_changing_categories_and_unknown_classes(tmp_path: Path) -> None:
    path = tmp_path / "store"
    ids = np.zeros((3, 2, 4), np.uint32)
    ids[:, 0, :2], ids[1:, 1] = 7, 300
    video = Panoptic(ids, {7: 1, 300: 0}, crowd={300})
    truth = write_truth(tmp_path / "truth", {"v": video})
    index = playback.store_ground_truth(VIPSEG, truth, path, Options())
    assert head(path, index, 1)["objects"] == [
        {"category": 1, "segment": 7, "first": 0, "last": 2, "frames": 3},
        {"category": 0, "segment": 300, "crowd": True, "first": 1, "last": 2, "frames": 2},
    ]
    assert (maps(path, index, 1) == np.select([ids == 7, ids == 300], [0, 1], -1)).all()
    predictions = write_predictions(tmp_path / "predictions", {"v": video})
    written = json.loads((predictions / "pred.json").read_text())
    frames = written["annotations"][0]["annotations"]
    frames[0]["segments_info"][0]["category_id"] = 2
    (predictions / "pred.json").write_text(json.dumps(written))
    index = playback.store_predictions(VIPSEG, truth, predictions, path, Options())
    assert [one["category"] for one in head(path, index, 1)["objects"]] == [1, 0]
    assert all("crowd" not in one for one in head(path, index, 1)["objects"])

    values = np.array([[[0, 123], [124, 255]]], np.uint8)
    truth = write_class_truth(tmp_path / "classes", {"v": np.array([[[0, 1], [124, 255]]], np.uint8)})
    index = playback.store_ground_truth(VSPW, truth, path, Options())
    assert maps(path, index, 1).tolist() == [[[-1, 0], [1, -1]]]
    assert [one["category"] for one in head(path, index, 1)["objects"]] == [0, 123]
    submitted = write_class_maps(tmp_path / "maps", {"v": values})
    index = playback.store_predictions(VSPW, truth, submitted, path, Options())
    assert maps(path, index, 1).tolist() == [[[0, 1], [2, 3]]]
    assert [one["category"] for one in head(path, index, 1)["objects"]] == [0, 123, None, None]


def test_maps_that_cannot_be_read_leave_no_store(made: Callable[[Write], Path], tmp_path: Path) -> None:
    for spec, write, file in (
        (VIPSEG, vps.write_benchmark, "pan_pred/*/00003.png"),
        (VSPW, vss.write_benchmark, "*/00003.png"),
    ):
        folder = made(write)
        broken = tmp_path / spec.key
        shutil.copytree(folder / "predictions" / "weak", broken)
        next(broken.glob(file)).write_bytes(b"no picture")
        with pytest.raises(SubmissionRejected, match="not a PNG"):
            playback.store_predictions(spec, folder / "ground_truth", broken, tmp_path / "store", Options())
        next(broken.glob(file)).unlink()
        with pytest.raises(SubmissionRejected, match="no such file"):
            playback.store_predictions(spec, folder / "ground_truth", broken, tmp_path / "store", Options())
        assert not (tmp_path / "store").exists()


def test_classes_have_no_events(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="objects to follow"):
        playback.store_events(VSPW, tmp_path, tmp_path, tmp_path / "store", Options())
