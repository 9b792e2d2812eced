"""The optimizer, its learning rate, and the moving average of the weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from dvis_model.training.recipe import Recipe

# Modules whose parameters do not decay.
NOT_DECAYING = (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm2d, nn.Embedding)


def make_optimizer(module: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW over the parameters of a module that learn.

    Norms and embeddings do not decay; each group carries the factor of its learning rate.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for part_name, part in module.named_modules():
        for name, parameter in part.named_parameters(recurse=False):
            if not parameter.requires_grad:
                continue
            full_name = f"{part_name}.{name}"
            decays = not isinstance(part, NOT_DECAYING) and "relative_position_bias_table" not in name
            rate = recipe.backbone_rate if full_name.startswith("backbone.") else 1.0
            groups.setdefault((recipe.weight_decay if decays else 0.0, rate), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "weight_decay": decay, "factor": rate}
            for (decay, rate), parameters in groups.items()
        ],
        lr=recipe.learning_rate,
    )


def rate_at(step: int, recipe: Recipe) -> float:
    """Return the learning rate of a step: a linear rise, then half a cosine down to zero."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    passed = (step - recipe.warmup) / max(recipe.steps - recipe.warmup, 1)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * passed))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of each group by its factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]


class MovingAverage:
    """The exponential moving average of what a module learned: parameters and the statistics of its norms."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._live = _learned(module)
        self.values = {name: value.detach().clone() for name, value in self._live.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the values after a step; the first ones weigh more, as the average is young."""
        weight = 1 - min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.values.values()), [x.detach() for x in self._live.values()], weight)


def _learned(module: nn.Module) -> dict[str, Tensor]:
    """Return the parameters that learn, and the statistics that follow from them, by name."""
    learned: dict[str, Tensor] = {
        name: value for name, value in module.named_parameters() if value.requires_grad
    }
    for name, part in module.named_modules():
        if isinstance(part, nn.BatchNorm2d) and part.track_running_stats:
            learned |= {f"{name}.{kind}": part.get_buffer(kind) for kind in ("running_mean", "running_var")}
    return learned
