"""What a training was begun with, and what can be changed when it goes on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from dvis_model.training.recipe import Recipe, Stage
from dvis_model.training.saved import write_whole

SETTINGS_NAME: Final = "training.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What decides the result of a training.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What changes the speed of a training, or how often something is written, but not its result.

    Attributes:
        output: folder of the training.
        cache: folder of the frozen parts' outputs.
        precision: type in which the network computes where that is safe; None: float32.
        save_every: steps that are lost at most.
        validate_every: steps from one writing of the weights, and validation, to the next.
        threads: that prepare batches.
    """

    output: Path
    cache: Path
    device: torch.device
    precision: torch.dtype | None = None
    save_every: int = 200
    validate_every: int = 2000
    threads: int = 1


def check_folder(output: Path, settings: Settings) -> None:
    """Begin a folder, or make sure that what it has is the same training.

    Raises:
        ValueError: it is another one; the message says what differs.
    """
    output.mkdir(parents=True, exist_ok=True)
    path, wanted = output / SETTINGS_NAME, json.dumps(dataclasses.asdict(settings), indent=1)
    if not path.is_file():
        write_whole(path, wanted.encode())
        return
    there = json.loads(path.read_text())
    if differences := sorted(_differences(there, json.loads(wanted))):
        raise ValueError(
            f"{output} has a training with other settings: {'; '.join(differences)}. "
            "Give the same settings to go on, or another --output"
        )


def _differences(there: dict[str, Any], asked: dict[str, Any]) -> Iterator[str]:
    """Yield what differs; what the folder does not know did not exist when it was begun."""
    for name, value in asked.items():
        if isinstance(value, dict):
            yield from _differences(there.get(name, {}), value)
        elif there.get(name, value) != value:
            yield f"{name} is {there[name]!r} there, {value!r} here"
