"""The loop of a stage: batches in, weights out, resumable at every saved step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic

import torch
from torch import Tensor

from dvis_model.training.criterion import Losses
from dvis_model.training.optimizer import MovingAverage, make_optimizer, rate_at, set_rate
from dvis_model.training.processes import Processes
from dvis_model.training.recipe import Recipe
from dvis_model.training.saved import load_state, save_state
from dvis_model.training.stage import Batch, Stage, Turn, random_numbers

STATE_NAME: Final = "state.pt"


class Diverged(ArithmeticError):
    """The loss is not a number."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: its number from 1, the sum of the last layer's losses, and the rate."""

    number: int
    loss: float
    class_loss: float
    mask_loss: float
    dice_loss: float
    gradient: float
    rate: float
    seconds: float


class Loop(Generic[Batch]):
    """One stage with its optimizer. What it does at a step follows from the state and the step's number."""

    def __init__(
        self,
        stage: Stage[Batch],
        recipe: Recipe,
        folder: Path,
        *,
        seed: int,
        device: torch.device,
        processes: Processes,
        shorter: torch.dtype | None = None,
    ) -> None:
        """Continue what is in the folder, or begin.

        Args:
            shorter: the type in which the network computes where that is safe; None: float32.
        """
        self.step = 0
        self._stage, self._recipe, self._path, self._seed = stage, recipe, folder / STATE_NAME, seed
        self._device, self._processes, self._shorter = device, processes, shorter
        self._optimizer = make_optimizer(stage.module, recipe)
        self.average = MovingAverage(stage.module, recipe.average)
        if self._path.is_file():
            self._restore(load_state(self._path))

    def run(
        self,
        batches: Callable[[int, int], Iterator[Sequence[tuple[Batch, float]]]],
        end: int,
    ) -> Iterator[Step]:
        """Do the steps up to number `end`, and yield each.

        Args:
            batches: yields the parts of each step from a first one to before another, with their shares of
                the step.

        Raises:
            Diverged: the loss is not a number; nothing of this step was kept.
        """
        for batch in batches(self.step, end):
            begin = time.perf_counter()
            rate = rate_at(self.step, self._recipe)
            set_rate(self._optimizer, rate)
            losses = self._backward(batch)
            gradient = self._update()
            self.step += 1
            self.average.update(self.step)
            yield Step(self.step, *losses, gradient, rate, time.perf_counter() - begin)

    def _backward(self, parts: Sequence[tuple[Batch, float]]) -> tuple[float, float, float, float]:
        """Sum up the gradients of the parts of a step; return the loss and those of the last layer."""
        numbers = torch.zeros(4, device=self._device)
        for index, (part, share) in enumerate(parts):
            draw = random_numbers(self._device, self._seed, self.step, self._processes.rank, index)
            guided = self.step < self._recipe.steps // 2
            turn = Turn(guided, draw, self._processes.mean)
            with self._autocast():
                layers = self._stage.losses(part, turn)
            total: Tensor = sum((layer.total for layer in layers), torch.zeros((), device=self._device))
            (total * share).backward()
            last: Losses = layers[-1]
            numbers += torch.stack([total, last.class_, last.mask, last.dice]).detach() * share
        loss, *others = numbers.tolist()
        if not math.isfinite(self._processes.mean(loss)):
            raise Diverged(
                f"The loss of step {self.step + 1} is not a number. {self._path} keeps the last good state: "
                "begin again from it with a lower --learning-rate in another folder, or look for broken "
                "pictures or masks in the data"
            )
        return loss, others[0], others[1], others[2]

    def _autocast(self) -> AbstractContextManager[object]:
        if self._shorter is None:
            return nullcontext()
        return torch.autocast(self._device.type, self._shorter)

    def _update(self) -> float:
        """Let the weights follow the gradients of all processes; return the norm of the gradient."""
        parameters = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
        self._processes.average_gradients(parameters)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self._recipe.clip_norm)
        self._optimizer.step()
        self._optimizer.zero_grad()
        return float(norm)

    def save(self) -> None:
        """Write the state to the folder, whole or not at all."""
        if self._processes.rank:
            return
        state: dict[str, Any] = {
            "step": self.step,
            "module": self._stage.module.state_dict(),
            "average": self.average.values,
            "optimizer": self._optimizer.state_dict(),
        }
        save_state(self._path, state)

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            self._stage.module.load_state_dict(state["module"])
            self._optimizer.load_state_dict(state["optimizer"])
            for name, value in self.average.values.items():
                value.copy_(state["average"][name])
            self.step = int(state["step"])
        except (LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self._path} is not of this configuration and stage: {str(error).splitlines()[0][:200]}. "
                "Give another --output"
            ) from error
