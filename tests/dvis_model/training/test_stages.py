"""The three stages: what they begin from, what they leave, and that they go on as if nothing had happened."""

import csv
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from dvis_model import build, load_checkpoint
from dvis_model.checkpoint import CheckpointMismatch
from dvis_model.training.loop import Diverged
from dvis_model.training.samples import Sample
from dvis_model.training.synthetic import SyntheticVideos
from dvis_model.variants import find_config
from tests.dvis_model.training.conftest import CONFIG, SIZE, Trainer


class Watched(SyntheticVideos):
    """Videos that do something when a step asks for them."""

    def __init__(self, step: int) -> None:
        super().__init__(1, find_config(CONFIG), SIZE)
        self.special = step


class Interrupting(Watched):
    """Ctrl-C while a step is prepared."""

    done = False

    def sample(self, rng: np.random.Generator, step: int, frames: int) -> Sample:
        if step == self.special and not self.done:
            self.done = True
            os.kill(os.getpid(), signal.SIGINT)
        return super().sample(rng, step, frames)


def state(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = torch.load(folder / "state.pt", weights_only=True)
    return loaded


def assert_same(one: object, other: object) -> None:
    if isinstance(one, torch.Tensor):
        assert isinstance(other, torch.Tensor)
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert isinstance(other, dict)
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert_same(value, other[key])
    elif isinstance(one, list):
        assert isinstance(other, list)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


def test_a_training_that_was_interrupted_ends_with_the_same_bits(
    trained: dict[str, Path], trainer: Trainer, tmp_path: Path
) -> None:
    assert not trainer("segmenter", tmp_path, videos=Interrupting(4), save_every=100)
    stopped = state(tmp_path)["step"]
    assert 1 <= int(str(stopped)) < 6
    assert (tmp_path / "model.safetensors").exists()
    assert trainer("segmenter", tmp_path)
    assert_same(state(tmp_path), state(trained["segmenter"]))
    ours, theirs = (folder / "model.safetensors" for folder in (tmp_path, trained["segmenter"]))
    assert ours.read_bytes() == theirs.read_bytes()
    with (tmp_path / "log.csv").open() as file:
        assert [row["number"] for row in csv.DictReader(file)] == ["6"]


class Killing(Watched):
    """Nobody can do anything about SIGKILL."""

    def sample(self, rng: np.random.Generator, step: int, frames: int) -> Sample:
        if step == self.special:
            (self.folder / "state.pt.part").write_bytes(b"half a state")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().sample(rng, step, frames)

    folder: Path


def test_a_killed_training_goes_on_from_the_last_saved_step_to_the_same_bits(
    trained: dict[str, Path], trainer: Trainer, tmp_path: Path
) -> None:
    videos = Killing(5)
    videos.folder = tmp_path
    child = os.fork()
    if not child:
        trainer("segmenter", tmp_path, videos=videos, save_every=1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert int(str(state(tmp_path)["step"])) >= 1
    assert trainer("segmenter", tmp_path)
    assert_same(state(tmp_path), state(trained["segmenter"]))


def test_the_results_of_all_stages_are_loaded_by_every_configuration_they_are_for(
    trained: dict[str, Path],
) -> None:
    for stage, names in (
        ("segmenter", ("MinVIS",)),
        ("tracker", ("MinVIS", "DVIS_Online")),
        ("refiner", ("MinVIS", "DVIS_Online", "DVIS_Offline")),
    ):
        for name in names:
            load_checkpoint(build(f"synthetic/vis/{name}"), trained[stage] / "model.safetensors")
    files = [safetensors.torch.load_file(trained[stage] / "model.safetensors") for stage in trained]
    segmenter, tracker, refiner = files
    assert all(torch.equal(tracker[key], value) for key, value in segmenter.items())
    assert all(torch.equal(refiner[key], value) for key, value in tracker.items())
    assert {value.dtype for value in refiner.values()} == {torch.float16}


def test_stages_that_are_frozen_do_not_change_and_the_cache_is_of_one_model(
    trained: dict[str, Path], trainer: Trainer, tmp_path: Path
) -> None:
    output = tmp_path / "other"
    (output / "cache").mkdir(parents=True)
    (output / "cache" / "cache.json").write_text("{}")
    with pytest.raises(ValueError, match="was made from other weights or data: delete it"):
        trainer("tracker", output, trained["segmenter"] / "model.safetensors")


@pytest.mark.parametrize(
    ("stage", "before", "message"),
    [
        ("tracker", None, r"Stage tracker needs --init, the weights of stage segmenter"),
        ("refiner", None, r"Stage refiner needs --init, the weights of stage tracker"),
        ("refiner", "segmenter", r"has no tracker\. Train stage tracker first"),
    ],
)
def test_a_stage_without_the_one_before_says_which_to_train_first(
    stage: str, before: str | None, message: str, trained: dict[str, Path], trainer: Trainer, tmp_path: Path
) -> None:
    init = None if before is None else trained[before] / "model.safetensors"
    with pytest.raises((ValueError, CheckpointMismatch), match=message):
        trainer(stage, tmp_path / "output", init)
    assert not (tmp_path / "output").exists()


def test_a_folder_with_another_training_is_left_alone(trained: dict[str, Path], trainer: Trainer) -> None:
    before = (trained["segmenter"] / "state.pt").read_bytes()
    with pytest.raises(ValueError, match=r"has a training with other settings: .*stage is 'segmenter' there"):
        trainer("tracker", trained["segmenter"], trained["segmenter"] / "model.safetensors")
    assert (trained["segmenter"] / "state.pt").read_bytes() == before


class Broken(Watched):
    """Pictures that no network survives, from some step on."""

    def sample(self, rng: np.random.Generator, step: int, frames: int) -> Sample:
        sample = super().sample(rng, step, frames)
        if step < self.special:
            return sample
        return Sample(np.full(sample.frames.shape, np.nan), sample.labels, sample.masks)  # type: ignore[arg-type]  # no pixels


def test_a_loss_that_is_not_a_number_ends_with_the_last_good_state(trainer: Trainer, tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"The loss of step 5 is not a number\. .* keeps the last good state"):
        trainer("segmenter", tmp_path, videos=Broken(4))
    assert state(tmp_path)["step"] == 4
    weights = state(tmp_path)["module"]
    assert isinstance(weights, dict)
    assert all(torch.isfinite(value).all() for value in weights.values())
