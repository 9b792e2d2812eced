"""The models that can be run: what `python -m dvis_model.zoo` says of each, kept in `data/models.json`.

The site never loads the model's code. A test compares the file with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from webapp.benchmarks.models import Split

MODELS_FILE = Path(__file__).resolve().parent.parent / "data" / "models.json"
# Small enough to run anywhere, with made-up weights: to try out a server, not a method.
TINY = "tiny"
GENERATIONS = {"dvis": "DVIS", "dvis_plus": "DVIS++"}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One configuration of the model.

    Attributes:
        categories: first and last id of those that it distinguishes.
        short_side: to which frames are resized, in pixels.
        window: frames segmented together.
        parameters: numbers in all its tensors.
    """

    name: str
    task: str
    generation: str
    backbone: str
    tracker: str
    refiner: str
    categories: tuple[int, int]
    short_side: int
    window: int
    parameters: int

    @property
    def has_built_in_weights(self) -> bool:
        """Return whether it runs without a checkpoint."""
        return self.name.startswith(TINY)

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes in which it runs, the full one first: each omits a stage of the mode before."""
        if self.tracker == "bipartite":
            return ("minvis",)
        return ("online", "minvis") if self.refiner == "none" else ("offline", "online", "minvis")

    def fits(self, split: Split) -> bool:
        """Return whether it predicts as many categories as the split has, for the benchmark's task.

        Class i gets the i-th of the split's sorted ids, whatever they are.
        """
        first, last = self.categories
        return self.task == split.benchmark.task and len(split.known_categories) == last - first + 1

    def factors(self, mode: str) -> dict[str, str]:
        """The typed factors of a variant that is run in this mode."""
        return {
            "segmenter": "Mask2Former",
            "backbone": self.backbone,
            "tracker": "bipartite matching" if mode == "minvis" else "referring tracker",
            "refiner": "temporal refiner" if mode == "offline" else "none",
            "mode": "offline" if mode == "offline" else "online",
        }


@cache
def models() -> dict[str, ModelSpec]:
    """All of them by name."""
    entries: list[dict[str, Any]] = json.loads(MODELS_FILE.read_text())
    specs = [ModelSpec(**{**entry, "categories": tuple(entry["categories"])}) for entry in entries]
    return {spec.name: spec for spec in specs}


def models_for(*splits: Split) -> list[ModelSpec]:
    """Return the models that fit any of these splits, smallest first."""
    return sorted(
        (spec for spec in models().values() if any(spec.fits(split) for split in splits)),
        key=lambda spec: (spec.parameters, spec.name),
    )


def models_with(split: Split, factors: Mapping[str, str]) -> list[tuple[ModelSpec, str]]:
    """Return the models that fit a split, each with its mode, whose runs have exactly these factors.

    The resolution is not compared: it is an option of each run.
    """
    wanted = {name: value.casefold() for name, value in factors.items() if value and name != "resolution"}
    return [
        (spec, mode)
        for spec in models_for(split)
        for mode in spec.modes
        if {name: value.casefold() for name, value in spec.factors(mode).items()} == wanted
    ]
