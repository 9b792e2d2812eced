"""One training from the first step, or the last saved one, to its weights."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import torch

from dvis_model.memory import freed_memory_kept
from dvis_model.model import Dvis
from dvis_model.training.beginning import begin_from, build_stage
from dvis_model.training.export import write_weights
from dvis_model.training.feeding import filled_cache, from_cache, from_pictures
from dvis_model.training.loader import Loader
from dvis_model.training.log import Log
from dvis_model.training.loop import Loop, Step
from dvis_model.training.processes import Processes, joined
from dvis_model.training.refiner_stage import RefinerStage
from dvis_model.training.reporter import Reporter
from dvis_model.training.samples import Videos
from dvis_model.training.segmenter_stage import SegmenterStage
from dvis_model.training.settings import Running, Settings, check_folder
from dvis_model.training.stage import Stage
from dvis_model.training.tracker_stage import TrackerStage
from dvis_model.variants import find_config

LOG_NAME: Final = "log.csv"
WEIGHTS_NAME: Final = "model.safetensors"
LOG_COLUMNS: Final = tuple(field.name for field in dataclasses.fields(Step))


def train(settings: Settings, running: Running, videos: Videos) -> bool:
    """Train a stage in a folder, from its last saved step if there is one; return whether it reached the end.

    Ctrl-C saves, and ends it.

    Raises:
        ValueError: the folder has another training, or the weights to begin from are not those of the stage
            before.
        Diverged: the loss is not a number.
    """
    recipe = settings.recipe
    torch.manual_seed(settings.seed)
    model = build_stage(find_config(settings.config), settings.stage)
    said = begin_from(model, settings.stage, None if settings.init is None else Path(settings.init))
    check_folder(running.output, settings)
    with (
        joined(running.device) as processes,
        freed_memory_kept(),
        _interruptible() as stopped,
        Reporter(LOG_COLUMNS, shown=not processes.rank) as reporter,
    ):
        for sentence in said:
            reporter.say(sentence)
        model.to(running.device)
        stage = _stage(settings, model)
        make = _batches(settings, running, videos, model, processes, reporter)
        loop: Loop[Any] = Loop(
            stage,
            recipe,
            running.output,
            seed=settings.seed,
            device=running.device,
            processes=processes,
            shorter=running.precision,
        )
        reporter.begin(recipe.steps, loop.step)
        log = Log(running.output / LOG_NAME, LOG_COLUMNS, loop.step)
        for step in loop.run(Loader(make, threads=running.threads), recipe.steps):
            row = reporter.take(step)
            if row is not None and not processes.rank:
                log.write(row)
            last = step.number == recipe.steps
            stop = processes.mean(len(stopped)) > 0
            if stop or last or step.number % running.save_every == 0:
                loop.save()
            if stop and not last:
                return False
        if not processes.rank:
            average = {stage.prefix + name: value for name, value in loop.average.values.items()}
            write_weights(running.output / WEIGHTS_NAME, model.state_dict() | average)
    return True


def _stage(settings: Settings, model: Dvis) -> Stage[Any]:
    match settings.stage:
        case "segmenter":
            # Official weights were trained with batch norms that never learn.
            return SegmenterStage(model, settings.recipe, live_norms=settings.init is None)
        case "tracker":
            return TrackerStage(model, settings.recipe)
        case "refiner":
            return RefinerStage(model, settings.recipe)


def _batches(
    settings: Settings,
    running: Running,
    videos: Videos,
    model: Dvis,
    processes: Processes,
    reporter: Reporter,
) -> Callable[[int], Sequence[Any]]:
    """Return what makes the parts of a step."""
    if settings.stage == "segmenter" or not settings.recipe.cached:
        return from_pictures(settings, videos, model, processes, running.device)
    cache = filled_cache(settings, running, videos, model, processes, reporter.cached)
    return from_cache(settings, cache, processes, running.device)


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Yield a list that holds something from the first Ctrl-C on; a second one ends the program at once."""
    stopped: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if stopped:
            raise KeyboardInterrupt
        stopped.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
