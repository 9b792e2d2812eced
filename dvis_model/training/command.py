"""From what the command line says to a training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from dvis_model.training.recipe import STAGES, recipe_for
from dvis_model.training.run import Settings, train
from dvis_model.training.samples import Videos
from dvis_model.training.synthetic import SyntheticVideos
from dvis_model.variants import find_config
from evaluator.synthetic.clips.names import TRAIN_SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says; `recipe` has what differs from the usual one."""

    stage: str
    config: str
    data: str
    output: Path
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
    videos: Videos = SyntheticVideos(_seed(choices.data), config, choices.size)
    return train(settings, videos, choices.output, device=torch.device(device), save_every=choices.save_every)


def _seed(data: str) -> int:
    """Return the seed of synthetic data."""
    found = re.fullmatch(r"synthetic(?::(\d+))?", data)
    if found is None:
        raise ValueError(f"Expected --data to be synthetic or synthetic:SEED, but got {data!r}")
    return TRAIN_SEED if found[1] is None else int(found[1])
