"""Compares a checkpoint with all configurations, without loading it into a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import safetensors

from dvis_model.checkpoint import compare, expected_shapes, matching_configs, not_finite, renamed, tensors_in
from dvis_model.convert import CheckpointRefused, to_safetensors
from dvis_model.variants import VARIANTS


@dataclass(frozen=True, slots=True)
class Inspection:
    """The contents of a file of weights.

    Attributes:
        entries: number of its tensors.
        parameters: of the numbers in them.
        configurations: names of all whose model it fits.
        nearest: name of the one that it differs from least.
        differences: from the nearest, one line per module and kind; empty where it fits.
        broken: names of the tensors with NaN or infinity.
    """

    entries: int
    parameters: int
    configurations: tuple[str, ...]
    nearest: str
    differences: tuple[str, ...]
    broken: tuple[str, ...]


def as_safetensors(source: Path, scratch: Path) -> Path:
    """Return `source` where it is safetensors already, else `scratch`, to which it was converted.

    Raises:
        CheckpointRefused: it is not a checkpoint; CheckpointHoldsCode: a pickle that asks for more than data.
    """
    if _is_safetensors(source):
        return source
    to_safetensors(source, scratch)
    if not _is_safetensors(scratch):
        raise CheckpointRefused(source.name, "was not converted to safetensors")
    return scratch


def inspect_weights(path: Path) -> Inspection:
    """Look through a file of safetensors, one tensor at a time in memory.

    Raises:
        CheckpointRefused: it has entries that weights cannot have.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    broken: list[str] = []
    for name, tensor in tensors_in(path):
        shapes[renamed(name)] = tuple(tensor.shape)
        broken += not_finite({name: tensor})
    fits, nearest = matching_configs(shapes)
    difference = compare(shapes, expected_shapes(VARIANTS[nearest]))
    return Inspection(
        entries=len(shapes),
        parameters=sum(math.prod(shape) for shape in shapes.values()),
        configurations=tuple(fits),
        nearest=nearest,
        differences=tuple(difference.lines()),
        broken=tuple(broken),
    )


def _is_safetensors(path: Path) -> bool:
    try:
        with safetensors.safe_open(path, framework="pt"):
            return True
    except safetensors.SafetensorError:
        return False
