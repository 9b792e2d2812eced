"""What is learned, and from what: a smoke test, data sets on disk, validation, pictures."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dvis_model.config import DvisConfig, Task
from dvis_model.training.command import Choices, run
from dvis_model.training.data_sets import DataSet
from dvis_model.training.layouts import find_layout
from dvis_model.training.run import train
from dvis_model.training.settings import Running, Settings
from dvis_model.training.synthetic import to_sample
from dvis_model.variants import find_config
from evaluator.synthetic.clips import vis, vps, vss
from evaluator.synthetic.clips.clip import make_clip
from tests.dvis_model.training.conftest import small_recipe

WRITERS = {"vis": vis, "vps": vps, "vss": vss}
SIZE = {"height": 64, "width": 96}


def config_for(task: Task) -> DvisConfig:
    return replace(find_config(f"synthetic/{task}/MinVIS"), min_size_test=SIZE["height"])


@pytest.fixture(scope="module", params=["vis", "vps", "vss"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Path]:
    """A task, and a data set of two videos in its layout."""
    folder = tmp_path_factory.mktemp(request.param)
    WRITERS[request.param].write_benchmark(folder, videos=2, frames=4, seed=7, **SIZE)
    return request.param, folder


def test_a_data_set_on_disk_gives_what_the_generator_drew(written: tuple[Task, Path]) -> None:
    task, folder = written
    config = config_for(task)
    data = DataSet(folder, config, scales=(1.0,))
    assert data.count == 2
    for video in range(2):
        clip = make_clip(7, video, frames=4, size=(SIZE["height"], SIZE["width"]))
        ours, drawn = data.whole(video), to_sample(clip, config, slice(None))
        assert np.array_equal(ours.frames, drawn.frames)
        masks = {(label, mask.tobytes()) for label, mask in zip(ours.labels, ours.masks, strict=True)}
        assert masks == {
            (label, mask.tobytes()) for label, mask in zip(drawn.labels, drawn.masks, strict=True)
        }
    sample = data.sample(np.random.default_rng(0), 0, frames=6)  # longer than any video
    assert sample.frames.shape[0] == sample.masks.shape[1] == 6
    half = DataSet(folder, config, scales=(0.5,)).sample(np.random.default_rng(0), 0, frames=2)
    assert half.frames.shape == (2, 32, 48, 3)
    assert half.masks.shape[2:] == (32, 48)


def choices_for(task: Task, folder: Path) -> Choices:
    return Choices(
        stage="segmenter",
        config=f"synthetic/{task}/DVIS_Offline",
        data=str(folder),
        init=None,
        size=(64, 64),
        seed=0,
        validation=str(folder),
        validation_videos=1,
        recipe={"steps": 2, "clips": 1, "points": 32},
        running={},
    )


def test_a_training_from_files_is_scored_by_the_evaluator_and_leaves_pictures(
    written: tuple[Task, Path], tmp_path: Path
) -> None:
    task, folder = written
    assert run(choices_for(task, folder), tmp_path, None, "cpu")
    with (tmp_path / "validation.csv").open() as file:
        (row,) = csv.DictReader(file)
    headline = {"vis": "AP", "vps": "STQ", "vss": "mIoU"}[task]
    assert (row["number"], 0 <= float(row[headline]) <= 1) == ("2", True)
    for path in (tmp_path / "validation" / "step-000002").iterdir():
        with Image.open(path) as picture:
            assert picture.size == (4 * SIZE["width"], SIZE["height"])
    assert list((tmp_path / "tensorboard").iterdir())


def test_a_full_disk_ends_in_a_sentence_and_the_same_command_goes_on(tmp_path: Path) -> None:
    vis.write_benchmark(tmp_path / "data", videos=1, frames=2, seed=5, **SIZE)
    choices = replace(choices_for("vis", tmp_path / "data"), validation="none")
    output = tmp_path / "output"
    output.mkdir()
    (output / "state.pt.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"The disk of .*output is full\. Free some: the same command goes on"):
        run(choices, output, None, "cpu")
    assert run(choices, output, None, "cpu")


def test_the_loss_falls_to_less_than_half_within_seconds(tmp_path: Path) -> None:
    vis.write_benchmark(tmp_path / "data", videos=1, frames=2, height=64, width=64, seed=5)
    recipe = replace(small_recipe("segmenter"), steps=40, learning_rate=2e-3, warmup=10)
    settings = Settings(
        stage="segmenter",
        config="synthetic/vis/MinVIS",
        data="data",
        init=None,
        size=(64, 64),
        seed=0,
        recipe=recipe,
    )
    running = Running(output=tmp_path / "output", cache=tmp_path, device=torch.device("cpu"))
    train(settings, running, DataSet(tmp_path / "data", config_for("vis"), scales=(1.0,)), None)
    with (tmp_path / "output" / "log.csv").open() as file:
        first, second = (float(row["loss"]) for row in csv.DictReader(file))
    assert second < first / 2


@pytest.mark.parametrize(
    ("task", "broken", "message"),
    [
        ("vis", lambda folder: folder / "nowhere", r"No such data set: .*nowhere\. Expected a JSON file"),
        ("vps", lambda folder: folder / "frames", r"No list of videos in .*frames\. Expected VIPSeg's"),
        (
            "vis",
            lambda folder: _without_frames(folder),
            r"No frames below .*, as annotations\.json lists them",
        ),
        (
            "vis",
            lambda folder: _listed_twice(folder),
            r"has 2 lists of videos \(annotations\.json, other\.json\)",
        ),
    ],
)
def test_what_a_data_set_lacks_is_told_in_a_sentence(
    task: Task, broken: object, message: str, tmp_path: Path
) -> None:
    vis.write_benchmark(tmp_path, videos=1, frames=1, seed=7, **SIZE)
    assert callable(broken)
    with pytest.raises((FileNotFoundError, ValueError), match=message):
        find_layout(broken(tmp_path), task)


def _without_frames(folder: Path) -> Path:
    (folder / "frames").rename(folder / "elsewhere")
    return folder


def _listed_twice(folder: Path) -> Path:
    (folder / "other.json").write_bytes((folder / "annotations.json").read_bytes())
    return folder


def test_polygons_and_lists_of_runs_are_read_as_masks(tmp_path: Path) -> None:
    vis.write_benchmark(tmp_path, videos=1, frames=2, seed=7, **SIZE)
    file = tmp_path / "annotations.json"
    content = json.loads(file.read_text())
    square = [[10.0, 5.0, 20.0, 5.0, 20.0, 15.0, 10.0, 15.0]]
    runs = {"size": [SIZE["height"], SIZE["width"]], "counts": [3, 2, SIZE["height"] * SIZE["width"] - 5]}
    content["annotations"] = [
        content["annotations"][0] | {"segmentations": [square, runs]},
        content["annotations"][0] | {"id": 99, "iscrowd": 1},
    ]
    file.write_text(json.dumps(content))
    sample = DataSet(tmp_path, config_for("vis"), scales=(1.0,)).whole(0)
    assert sample.masks.sum(axis=(2, 3)).tolist() == [[100, 2]]
    assert sample.masks[0, 0, 5:15, 10:20].all()
    assert sample.masks[0, 1, 3:5, 0].all()
