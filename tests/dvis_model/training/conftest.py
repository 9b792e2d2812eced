"""Small trainings that several tests look at."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dvis_model.training.recipe import Recipe, Stage, recipe_for
from dvis_model.training.run import train
from dvis_model.training.settings import Running, Settings
from dvis_model.training.synthetic import SyntheticVideos
from dvis_model.variants import find_config

CONFIG = "synthetic/vis/DVIS_Offline"
SIZE = (64, 64)
SMALL: dict[Stage, dict[str, int]] = {
    "segmenter": {"steps": 6, "clips": 2},
    "tracker": {"steps": 6, "clips": 2, "frames": 3, "cached": 2},
    "refiner": {"steps": 6, "clips": 2, "frames": 4, "cached": 2},
}
Trainer = Callable[..., bool]


def small_recipe(stage: Stage) -> Recipe:
    return replace(recipe_for(stage, find_config(CONFIG)), points=32, warmup=2, **SMALL[stage])


@pytest.fixture(scope="session")
def trainer() -> Trainer:
    """Return what trains a stage for six steps, in a moment."""

    def run(
        stage: Stage,
        output: Path,
        init: Path | None = None,
        videos: SyntheticVideos | None = None,
        save_every: int = 2,
    ) -> bool:
        videos = videos or SyntheticVideos(1, find_config(CONFIG), SIZE)
        settings = Settings(
            stage=stage,
            config=CONFIG,
            data="synthetic:1",
            init=None if init is None else str(init),
            size=SIZE,
            seed=3,
            recipe=small_recipe(stage),
        )
        running = Running(
            output=output, cache=output / "cache", device=torch.device("cpu"), save_every=save_every
        )
        return train(settings, running, videos, None)

    return run


@pytest.fixture(scope="session")
def trained(trainer: Trainer, tmp_path_factory: pytest.TempPathFactory) -> dict[Stage, Path]:
    """The folders of the three stages, trained one after another."""
    root = tmp_path_factory.mktemp("trained")
    folders: dict[Stage, Path] = {}
    init: Path | None = None
    for stage in ("segmenter", "tracker", "refiner"):
        folders[stage] = root / stage
        assert trainer(stage, folders[stage], init)
        init = folders[stage] / "model.safetensors"
    return folders
