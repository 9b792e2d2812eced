"""From what the command line says to a training."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from dvis_model.config import DvisConfig
from dvis_model.training.data_sets import DataSet
from dvis_model.training.layouts import find_layout
from dvis_model.training.recipe import STAGES, Recipe, Stage, recipe_for
from dvis_model.training.run import train
from dvis_model.training.samples import Videos
from dvis_model.training.settings import Running, Settings
from dvis_model.training.synthetic import FRAMES, SyntheticVideos
from dvis_model.training.validation import Validation, synthetic_layout
from dvis_model.variants import find_config
from evaluator.synthetic.clips.names import TRAIN_SEED, VALIDATION_SEED

# Each stage has synthetic videos of its own, from this number on, twice and so on.
FIRST_VIDEO: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says.

    Attributes:
        validation: as `data`; "none": no validation.
        validation_videos: of synthetic ones.
        recipe: what differs from the usual one.
        running: what differs from the usual `Running`.
    """

    stage: str
    config: str
    data: str
    init: Path | None
    size: tuple[int, int]
    seed: int
    validation: str
    validation_videos: int
    recipe: Mapping[str, Any]
    running: Mapping[str, Any]


def run(choices: Choices, output: Path, cache: Path | None, device: str) -> bool:
    """Train; return whether it was done to the end.

    Raises:
        OSError: the disk is full.
        FileNotFoundError, ValueError: a choice cannot be fulfilled; the message says what to do.
    """
    if choices.stage not in STAGES:
        raise ValueError(f"Expected --stage to be one of {', '.join(STAGES)}, but got {choices.stage!r}")
    stage = choices.stage
    config = find_config(choices.config)
    settings = Settings(
        stage=stage,
        config=choices.config,
        data=choices.data,
        init=None if choices.init is None else str(choices.init),
        size=choices.size,
        seed=choices.seed,
        recipe=replace(recipe_for(stage, config), **choices.recipe),
    )
    running = Running(
        output=output, cache=cache or output / "cache", device=torch.device(device), **choices.running
    )
    videos = _videos(choices.data, config, choices.size, stage, settings.recipe)
    try:
        return train(settings, running, videos, _validation(choices, config, stage, output))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            f"The disk of {output} is full. Free some: the same command goes on from the last saved step"
        ) from error


def _videos(data: str, config: DvisConfig, size: tuple[int, int], stage: Stage, recipe: Recipe) -> Videos:
    """Return what to train on."""
    seed = _seed(data, TRAIN_SEED)
    if seed is None:
        return DataSet(Path(data), config, recipe.scales)
    # What the frozen parts learned from must not be what later stages learn from, which would never see the
    # mistakes that are made on new videos.
    return SyntheticVideos(seed, config, size, FIRST_VIDEO * STAGES.index(stage))


def _validation(choices: Choices, config: DvisConfig, stage: Stage, output: Path) -> Validation | None:
    if choices.validation == "none" or os.environ.get("RANK", "0") != "0":  # as `torchrun` numbers processes
        return None
    folder = output / "validation"
    seed = _seed(choices.validation, VALIDATION_SEED)
    if seed is None:
        layout = find_layout(Path(choices.validation), config.task)
    else:
        layout = synthetic_layout(
            folder / "videos",
            config.task,
            seed=seed,
            videos=choices.validation_videos,
            frames=FRAMES,
            size=choices.size,
        )
    return Validation(layout, config, stage, folder)


def _seed(data: str, usual: int) -> int | None:
    """Return the seed of synthetic data; None if it is a path."""
    found = re.fullmatch(r"synthetic(?::(\d+))?", data)
    if found is None:
        return None
    return usual if found[1] is None else int(found[1])
