"""Batches of each step: from pictures, or from what the frozen parts made of whole videos."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch

from dvis_model.model import Dvis
from dvis_model.training.cache import Cache, fill, joined_by_size
from dvis_model.training.frozen import Frozen, segmented, tracked
from dvis_model.training.processes import Processes
from dvis_model.training.recipe import Stage
from dvis_model.training.samples import Clips, Sample, Videos, collate
from dvis_model.training.settings import Running, Settings

Part = tuple[Clips, float] | tuple[Frozen, float]
# Share of the clips that are flipped.
FLIPPED: Final = 0.5


def from_pictures(
    settings: Settings, videos: Videos, model: Dvis, processes: Processes, device: torch.device
) -> Callable[[int], Sequence[tuple[Clips, float]]]:
    """Return what makes the parts of a step from pictures, half of them flipped."""
    recipe, config = settings.recipe, model.config

    def make(step: int) -> Sequence[tuple[Clips, float]]:
        rng = np.random.default_rng([settings.seed, step, processes.rank])
        samples = [_flipped(videos.sample(rng, step, recipe.frames), rng) for _ in range(recipe.clips)]
        size = -(-recipe.clips // recipe.accumulate)
        parts = [samples[begin : begin + size] for begin in range(0, len(samples), size)]
        return [(collate(part, config, device), len(part) / len(samples)) for part in parts]

    return make


def from_cache(
    settings: Settings, cache: Cache, processes: Processes, device: torch.device
) -> Callable[[int], Sequence[tuple[Frozen, float]]]:
    """Return what makes the parts of a step from cached outputs; videos of different sizes are parts."""
    recipe = settings.recipe

    def make(step: int) -> Sequence[tuple[Frozen, float]]:
        rng = np.random.default_rng([settings.seed, step, processes.rank])
        clips = [cache.sample(rng, recipe.frames) for _ in range(recipe.clips)]
        size = -(-recipe.clips // recipe.accumulate)
        parts = [
            part
            for begin in range(0, len(clips), size)
            for part in joined_by_size(clips[begin : begin + size])
        ]
        return [(part.to(device), len(part.queries) / len(clips)) for part in parts]

    return make


def filled_cache(
    settings: Settings,
    running: Running,
    videos: Videos,
    model: Dvis,
    processes: Processes,
    progress: Callable[[int, int], None],
) -> Cache:
    """Return the outputs of the frozen parts for whole videos; the first process computes what is missing."""
    stage = settings.stage
    count = min(settings.recipe.cached, videos.count or settings.recipe.cached)
    made_from: dict[str, object] = {
        "stage": stage,
        "config": model.config.name,
        "data": settings.data,
        "size": list(settings.size),
        "weights": _frozen_sha256(model, stage),
    }
    cache = Cache(running.cache, made_from, count)
    compute = segmented if stage == "tracker" else tracked

    def make(number: int) -> Frozen:
        return compute(model, collate([videos.whole(number)], model.config, running.device))

    if not processes.rank:
        fill(cache, make, progress)
    processes.wait()
    return cache


def _frozen_sha256(model: Dvis, stage: Stage) -> str:
    """Return a hash of all weights but those that the stage trains."""
    found = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        if not key.startswith(f"{stage}."):
            found.update(key.encode() + value.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _flipped(sample: Sample, rng: np.random.Generator) -> Sample:
    return sample.flipped() if rng.random() < FLIPPED else sample
