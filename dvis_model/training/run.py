"""One training from the first step, or the last saved one, to its weights."""

from __future__ import annotations

import dataclasses
import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

import numpy as np
import torch

from dvis_model.assembly import build
from dvis_model.config import DvisConfig
from dvis_model.memory import freed_memory_kept
from dvis_model.model import Dvis
from dvis_model.training.export import write_weights
from dvis_model.training.loader import Loader
from dvis_model.training.log import Log
from dvis_model.training.loop import Loop, Step
from dvis_model.training.processes import Processes, joined
from dvis_model.training.recipe import Recipe, Stage
from dvis_model.training.reporter import Reporter
from dvis_model.training.samples import Clips, Sample, Videos, collate
from dvis_model.training.saved import write_whole
from dvis_model.training.segmenter_stage import SegmenterStage
from dvis_model.variants import find_config

SETTINGS_NAME: Final = "training.json"
LOG_NAME: Final = "log.csv"
WEIGHTS_NAME: Final = "model.safetensors"
LOG_COLUMNS: Final = tuple(field.name for field in dataclasses.fields(Step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What decides the result of a training, but the data.

    Attributes:
        config: name of the configuration.
        data: what the command line said.
        init: the weights to begin from; None: random ones.
        size: height and width of synthetic frames in pixels.
        seed: of weights, order of the data and points.
    """

    stage: Stage
    config: str
    data: str
    init: str | None
    size: tuple[int, int]
    seed: int
    recipe: Recipe

    def as_json(self) -> str:
        """Return it as a file has it."""
        return json.dumps(dataclasses.asdict(self), indent=1)


def train(
    settings: Settings,
    videos: Videos,
    output: Path,
    *,
    device: torch.device,
    precision: torch.dtype | None = None,
    save_every: int = 200,
    threads: int = 1,
) -> bool:
    """Train a stage in a folder, from its last saved step if there is one; return whether it reached the end.

    Ctrl-C saves, and ends it.

    Raises:
        ValueError: the folder has another training.
        Diverged: the loss is not a number.
    """
    _check_folder(output, settings)
    with joined(device) as processes, freed_memory_kept(), _interruptible() as stopped:
        torch.manual_seed(settings.seed)
        model = _model(settings).to(device)
        stage = SegmenterStage(model, settings.recipe, live_norms=settings.init is None)
        loop: Loop[Clips] = Loop(
            stage,
            settings.recipe,
            output,
            seed=settings.seed,
            device=device,
            processes=processes,
            shorter=precision,
        )
        loader = Loader(_maker(settings, videos, model.config, processes, device), threads=threads)
        log = Log(output / LOG_NAME, LOG_COLUMNS, loop.step)
        with Reporter(settings.recipe.steps, loop.step, LOG_COLUMNS) as reporter:
            for step in loop.run(loader, settings.recipe.steps):
                row = reporter.take(step)
                if row is not None and not processes.rank:
                    log.write(row)
                last = step.number == settings.recipe.steps
                if stopped or last or step.number % save_every == 0:
                    loop.save()
                if stopped and not last:
                    return False
        if not processes.rank:
            write_weights(output / WEIGHTS_NAME, model.state_dict() | loop.average.values)
    return True


def _check_folder(output: Path, settings: Settings) -> None:
    """Begin a folder, or make sure that what it has is the same training."""
    output.mkdir(parents=True, exist_ok=True)
    path, wanted = output / SETTINGS_NAME, settings.as_json()
    if not path.is_file():
        write_whole(path, lambda file: file.write(wanted.encode()))
        return
    there = json.loads(path.read_text())
    asked = json.loads(wanted)
    if differences := sorted(_differences(there, asked)):
        raise ValueError(
            f"{output} has a training with other settings: {'; '.join(differences)}. "
            "Give the same settings to go on, or another --output"
        )


def _differences(there: dict[str, Any], asked: dict[str, Any]) -> Iterator[str]:
    for name, value in asked.items():
        if isinstance(value, dict):
            yield from _differences(there.get(name, {}), value)
        elif there.get(name) != value:
            yield f"{name} is {there.get(name)!r} there, {value!r} here"


def _model(settings: Settings) -> Dvis:
    config: DvisConfig = find_config(settings.config)
    return build(config, tracker="bipartite", refiner="none")


def _maker(
    settings: Settings, videos: Videos, config: DvisConfig, processes: Processes, device: torch.device
) -> Any:
    """Return what makes the parts of a step's batch."""
    recipe = settings.recipe

    def make(step: int) -> Sequence[Clips]:
        rng = np.random.default_rng([settings.seed, step, processes.rank])
        samples = [_flipped(videos.sample(rng, step, recipe.frames), rng) for _ in range(recipe.clips)]
        size = -(-recipe.clips // recipe.accumulate)
        return [
            collate(samples[begin : begin + size], config, device) for begin in range(0, len(samples), size)
        ]

    return make


def _flipped(sample: Sample, rng: np.random.Generator) -> Sample:
    return sample.flipped() if rng.random() < 0.5 else sample


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
