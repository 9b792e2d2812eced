"""One process per GPU, as `torchrun` starts them; alone, there is nothing to share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those of a training: number `rank` of `count`."""

    rank: int = 0
    count: int = 1

    def mean(self, number: float) -> float:
        """Return the mean over all processes of a number that each of them has."""
        if self.count == 1:
            return number
        shared = torch.tensor(number, dtype=torch.float64)
        torch.distributed.all_reduce(shared, group=torch.distributed.group.WORLD)
        return float(shared) / self.count

    def average_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Give every parameter the mean of its gradients in all processes."""
        if self.count == 1:
            return
        gradients = [x.grad if x.grad is not None else torch.zeros_like(x) for x in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.count
        for parameter, gradient in zip(parameters, flat.split([x.numel() for x in parameters]), strict=True):
            parameter.grad = gradient.view_as(parameter)

    def wait(self) -> None:
        """Return when all processes are here."""
        if self.count > 1:
            torch.distributed.barrier()


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Join the processes that `torchrun` started, if it did."""
    if "WORLD_SIZE" not in os.environ:
        yield Processes()
        return
    torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()
