"""Mask stores of tracklets: every pixel is that of the file, and a server needs nothing but offsets."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.playback import store_ground_truth, store_predictions
from evaluator.playback.store import WINDOW, Pieces, StoreIndex, write_store
from evaluator.synthetic.vis import write_benchmark
from tests.evaluator.playback.stores import head, masks, pieces
from tests.evaluator.vis_files import annotation, ground_truth, prediction, rle, write

SPEC = BENCHMARKS["ovis"]
FRAMES, HEIGHT, WIDTH = 2 * WINDOW + 6, 48, 64


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of three windows each."""
    folder = tmp_path_factory.mktemp("made") / "benchmark"
    write_benchmark(
        folder, videos=2, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=5, progress=lambda done, total: None
    )
    return folder


def results(folder: Path) -> Path:
    return next((folder / "predictions" / "weak").glob("*.json"))


def decoded(segmentations: list[Any], height: int, width: int) -> NDArray[np.bool_]:
    """[frames, height, width], by pycocotools."""
    found = np.zeros((len(segmentations), height, width), bool)
    for frame, mask in zip(found, segmentations, strict=True):
        if mask:
            packed = coco_mask.frPyObjects(mask, height, width) if isinstance(mask["counts"], list) else mask
            frame[:] = coco_mask.decode(packed)
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_every_pixel_of_predictions_is_that_of_the_file(made: Path, tmp_path: Path, workers: int) -> None:
    path = tmp_path / "store"
    options = Options(workers=workers)
    index = store_predictions(SPEC, made / "annotations.json", results(made), path, options)
    entries = json.loads(results(made).read_text())
    for video in (1, 2):
        mine = sorted((one for one in entries if one["video_id"] == video), key=lambda one: -one["score"])
        shape = head(path, index, video)
        assert [(one["category"], one["score"]) for one in shape["objects"]] == [
            (one["category_id"], one["score"]) for one in mine
        ]
        found = masks(path, index, video)
        assert found.shape == (len(mine), FRAMES, HEIGHT, WIDTH)
        for mask, entry, listed in zip(found, mine, shape["objects"], strict=True):
            assert (mask == decoded(entry["segmentations"], HEIGHT, WIDTH)).all()
            frames = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
            assert (listed["first"], listed["last"], listed["frames"]) == (
                (frames[0], frames[-1], len(frames)) if frames else (None, None, 0)
            )


def test_every_pixel_of_a_ground_truth_is_that_of_the_file(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "store"
    index = store_ground_truth(SPEC, made / "annotations.json", path, Options())
    annotations = json.loads((made / "annotations.json").read_text())["annotations"]
    for video in (1, 2):
        mine = [one for one in annotations if one["video_id"] == video]
        found = masks(path, index, video)
        want = np.stack([decoded(one["segmentations"], HEIGHT, WIDTH) for one in mine])
        # Objects stand by category, then as in the file.
        order = sorted(range(len(mine)), key=lambda n: mine[n]["category_id"])
        assert [one["category"] for one in head(path, index, video)["objects"]] == [
            mine[n]["category_id"] for n in order
        ]
        assert (found == want[order]).all()


def test_each_annotated_object_says_how_occluded_it_is_in_every_frame(made: Path, tmp_path: Path) -> None:
    names = [None, "no_occlusion", "slight_occlusion", "severe_occlusion"]
    path = tmp_path / "store"
    index = store_ground_truth(SPEC, made / "annotations.json", path, Options(prepared_dir=tmp_path / "kept"))
    annotations = json.loads((made / "annotations.json").read_text())["annotations"]
    said = set()
    for video in (1, 2):
        mine = sorted(
            (one for one in annotations if one["video_id"] == video), key=lambda one: one["category_id"]
        )
        for listed, entry in zip(head(path, index, video)["objects"], mine, strict=True):
            levels = [level for frame, level in listed["levels"]]
            spans = np.diff([*(frame for frame, level in listed["levels"]), FRAMES])
            assert [names[n] for n in np.repeat(levels, spans)] == entry["occlusion"]
            weights = sorted(
                (0.25 * (n - 1) + 0.25 * (n == 3) for n in np.repeat(levels, spans) if n), reverse=True
            )
            assert listed["occlusion"] == pytest.approx(np.mean(weights[: -(-len(weights) // 2)]))
            said |= set(levels)
    assert said >= {1, 2, 3}
    plain = store_ground_truth(BENCHMARKS["ytvis2019"], made / "annotations.json", path, Options())
    assert not any("levels" in one or "occlusion" in one for one in head(path, plain, 1)["objects"])


def test_masks_in_every_encoding_and_videos_without_any(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth(annotation(1), annotation(2, video_id=9)))
    polygon = [[1.0, 1.0, 5.0, 1.0, 5.0, 3.0, 1.0, 3.0]]
    listed = {"size": [4, 6], "counts": [0, 3, 21]}
    entries = [
        prediction(score=0.9, segmentations=[listed, None, {}]),
        prediction(score=0.8, segmentations=[None, polygon, []]),
    ]
    path = tmp_path / "store"
    index = store_predictions(SPEC, truth, write(tmp_path / "results.json", entries), path, Options())
    found = masks(path, index, 7)
    painted = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygon, 4, 6)))
    assert found[0, 0].T.ravel().tolist() == [True] * 3 + [False] * 21
    assert (found[1, 1] == painted).all()
    assert found.sum() == 3 + painted.sum() > 3
    assert head(path, index, 9)["objects"] == []
    assert masks(path, index, 9).shape == (0, 3, 4, 6)


def test_a_store_is_no_larger_than_the_gzip_of_its_file_and_always_the_same(
    made: Path, tmp_path: Path
) -> None:
    truth = made / "annotations.json"
    one, two = (
        store_predictions(SPEC, truth, results(made), tmp_path / name, Options()) for name in ("one", "two")
    )
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert one == two == StoreIndex.from_json(json.loads(json.dumps(one.to_json())))
    assert one.size == (tmp_path / "one").stat().st_size <= len(gzip.compress(results(made).read_bytes()))
    assert len(pieces(tmp_path / "one", one, 1)) == 1 + 3


def test_a_store_that_could_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Any:
        yield Pieces(1, (b"head", b"window"))
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_store(tmp_path / "store", broken())
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_a_hidden_ground_truth_is_in_the_store_of_predictions(tmp_path: Path) -> None:
    """The same predictions have the same store whatever is annotated."""
    predictions = write(tmp_path / "results.json", [prediction()])
    stores = []
    for name, number in (("few", 1), ("many", 4)):
        truth = ground_truth(*(annotation(n + 1, segmentations=[rle(n, 2)] * 3) for n in range(number)))
        store_predictions(
            SPEC, write(tmp_path / f"{name}.json", truth), predictions, tmp_path / name, Options()
        )
        stores.append((tmp_path / name).read_bytes())
    assert stores[0] == stores[1]
