"""From what the command line says to a training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from dvis_model.training.recipe import STAGES, recipe_for
from dvis_model.training.run import train
from dvis_model.training.samples import Videos
from dvis_model.training.settings import Running, Settings
from dvis_model.training.synthetic import SyntheticVideos
from dvis_model.variants import find_config
from evaluator.synthetic.clips.names import TRAIN_SEED

# Each stage has synthetic videos of its own, from this number on, twice and so on.
FIRST_VIDEO: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says; `recipe` has what differs from the usual one."""

    stage: str
    config: str
    data: str
    output: Path
    cache: Path | None
    init: Path | None
    size: tuple[int, int]
    seed: int
    save_every: int
    recipe: Mapping[str, Any]


def run(choices: Choices, device: str) -> bool:
    """Train; return whether it was done to the end.

    Raises:
        ValueError: a choice cannot be fulfilled; the message says which one, and what to do.
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
        output=choices.output,
        cache=choices.cache or choices.output / "cache",
        device=torch.device(device),
        save_every=choices.save_every,
    )
    # What the frozen parts learned from must not be what later stages learn from, which would never see the
    # mistakes that are made on new videos.
    first = FIRST_VIDEO * STAGES.index(stage)
    videos: Videos = SyntheticVideos(_seed(choices.data), config, choices.size, first)
    return train(settings, running, videos)


def _seed(data: str) -> int:
    """Return the seed of synthetic data."""
    found = re.fullmatch(r"synthetic(?::(\d+))?", data)
    if found is None:
        raise ValueError(f"Expected --data to be synthetic or synthetic:SEED, but got {data!r}")
    return TRAIN_SEED if found[1] is None else int(found[1])
