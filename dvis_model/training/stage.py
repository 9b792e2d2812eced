"""What the loop asks of each of the three stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from dvis_model.training.criterion import Losses
from dvis_model.training.points import Draw

Batch = TypeVar("Batch", contravariant=True)


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass of a step.

    Attributes:
        guided: whether the part before shows which query is to predict which object.
        draw: the pass's random numbers.
        mean: the mean over all processes of a number that each of them has.
    """

    guided: bool
    draw: Draw
    mean: Callable[[float], float]


class Stage(Protocol[Batch]):
    """One stage of the training."""

    @property
    def module(self) -> nn.Module:
        """The part that learns, in training mode."""

    @property
    def prefix(self) -> str:
        """What its names begin with in the model."""

    def losses(self, batch: Batch, turn: Turn) -> Sequence[Losses]:
        """Return the losses of each layer, the last layer's last."""


def random_numbers(device: torch.device, *seed: int) -> Draw:
    """Return what draws the same random numbers for the same seed."""
    generator = torch.Generator(device)
    mixed = 0
    for number in seed:
        mixed = (mixed * 6364136223846793005 + number + 1442695040888963407) % 2**63
    generator.manual_seed(mixed)

    def draw(shape: tuple[int, ...]) -> Tensor:
        return torch.rand(shape, generator=generator, device=device)

    return draw
