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
from dvis_model.training.log import Curves, Table
from dvis_model.training.loop import Loop, Step
from dvis_model.training.processes import Processes, joined
from dvis_model.training.refiner_stage import RefinerStage
from dvis_model.training.reporter import Reporter
from dvis_model.training.samples import Videos
from dvis_model.training.segmenter_stage import SegmenterStage
from dvis_model.training.settings import Running, Settings, check_folder
from dvis_model.training.stage import Stage
from dvis_model.training.tracker_stage import TrackerStage
from dvis_model.training.validation import SHOWN, Validation
from dvis_model.variants import find_config

WEIGHTS_NAME: Final = "model.safetensors"
LOG_COLUMNS: Final = tuple(field.name for field in dataclasses.fields(Step))


def train(settings: Settings, running: Running, videos: Videos, validation: Validation | None) -> bool:
    """Train a stage in a folder, from its last saved step if there is one; return whether it reached the end.

    Ctrl-C saves, and ends it.

    Raises:
        ValueError: the folder has another training, or the weights to begin from are not those of the stage
            before.
        Diverged: the loss is not a number.
    """
    torch.manual_seed(settings.seed)
    model = build_stage(find_config(settings.config), settings.stage)
    said = begin_from(model, settings.stage, None if settings.init is None else Path(settings.init))
    with (
        joined(running.device) as processes,
        freed_memory_kept(),
        _interruptible() as stopped,
        Reporter(LOG_COLUMNS, shown=not processes.rank) as reporter,
    ):
        if not processes.rank:
            check_folder(running.output, settings)
        processes.wait()
        for sentence in said:
            reporter.say(sentence)
        model.to(running.device)
        stage = _stage(settings, model)
        make = _batches(settings, running, videos, model, processes, reporter)
        loop: Loop[Any] = Loop(
            stage,
            settings.recipe,
            running.output,
            seed=settings.seed,
            device=running.device,
            processes=processes,
            shorter=running.precision,
        )
        results = _Results(settings, running, model, stage, loop, validation, reporter)
        reporter.begin(settings.recipe.steps, loop.step)
        for step in loop.run(Loader(make, threads=running.threads), settings.recipe.steps):
            row = reporter.take(step)
            last = step.number == settings.recipe.steps
            stop = processes.mean(len(stopped)) > 0
            if not processes.rank:
                results.after(step, row, last=last, stop=stop)
            # At the end, so that what a kill cuts off here is done again.
            if stop or last or step.number % running.save_every == 0:
                loop.save()
            if stop and not last:
                return False
    return True


class _Results:
    """What a training leaves beside its state: logs, weights and scores."""

    def __init__(
        self,
        settings: Settings,
        running: Running,
        model: Dvis,
        stage: Stage[Any],
        loop: Loop[Any],
        validation: Validation | None,
        reporter: Reporter,
    ) -> None:
        output, columns = running.output, ("number", *SHOWN[model.config.task])
        self._running, self._model, self._stage, self._loop = running, model, stage, loop
        self._validation, self._reporter = validation, reporter
        self._log = Table(output / "log.csv", LOG_COLUMNS, loop.step)
        self._scores = Table(output / "validation.csv", columns, loop.step)
        self._curves = Curves(output / "tensorboard", loop.step)

    def after(self, step: Step, row: dict[str, float | int] | None, *, last: bool, stop: bool) -> None:
        """Write what is due after a step."""
        if row is not None:
            self._log.write(row)
            self._curves.write("training", step.number, row)
        due = last or step.number % self._running.validate_every == 0
        if due or stop:
            self._write_weights()
            if self._validation is not None and due:
                self._validate(step.number, self._validation)
        if last or stop:
            self._curves.close()

    def _write_weights(self) -> None:
        average = {self._stage.prefix + name: value for name, value in self._loop.average.values.items()}
        write_weights(self._running.output / WEIGHTS_NAME, self._model.state_dict() | average)

    def _validate(self, step: int, validation: Validation) -> None:
        metrics = validation.score(self._running.output / WEIGHTS_NAME, step, self._running.device)
        self._scores.write({"number": step, **metrics})
        self._curves.write("validation", step, metrics)
        shown = ", ".join(f"{name} {100 * value:.1f}" for name, value in metrics.items())
        self._reporter.say(f"step {step}: validation {shown}")


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
