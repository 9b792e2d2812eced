"""From what was trained to weights that `load_checkpoint` takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from dvis_model.backbones.resnet import EPSILON
from dvis_model.training.saved import write_whole


def to_weights(state: Mapping[str, Tensor], dtype: torch.dtype = torch.float16) -> dict[str, Tensor]:
    """Return a state dict in a short type, batch norms folded to a scale and a shift.

    A running variance may be beyond the range of float16; scale and shift are not.
    """
    folded = dict(state)
    for key in state:
        if not key.endswith(".running_var"):
            continue
        norm = key.removesuffix(".running_var")
        scale = state[f"{norm}.weight"] * (state[key] + EPSILON).rsqrt()
        folded[f"{norm}.weight"] = scale
        folded[f"{norm}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        folded[f"{norm}.running_mean"] = torch.zeros_like(scale)
        folded[key] = torch.ones_like(scale)
        folded.pop(f"{norm}.num_batches_tracked", None)
    return {
        key: value.detach().to("cpu", dtype if value.is_floating_point() else value.dtype).contiguous()
        for key, value in folded.items()
    }


def write_weights(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write weights as safetensors, whole or not at all."""
    content = safetensors.torch.save(to_weights(state))
    write_whole(path, content)
