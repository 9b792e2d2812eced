"""Reads the stored outputs of the official code, and puts recipe weights into modules."""

import gzip
import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.parity.dvis import recipe

M = TypeVar("M", bound=nn.Module)
HERE = Path(__file__).parent
MANIFESTS = sorted(path.name.removeprefix("manifest_") for path in HERE.glob("manifest_*.json.gz"))


def load(name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return what a case was made of, and its arrays."""
    with np.load(HERE / f"{name}.npz") as archive:
        arrays = dict(archive)
    return json.loads(str(arrays.pop("meta"))), arrays


def manifest(name: str) -> dict[str, Any]:
    """Return the keys and shapes of an official model."""
    content: dict[str, Any] = json.loads(gzip.decompress((HERE / f"manifest_{name}").read_bytes()))
    return content


def recipe_state(module: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    """Return the recipe's values for a module's entries; `prefix` stands before their names in the recipe."""
    return {key: recipe_tensor(prefix + key, value) for key, value in module.state_dict().items()}


def recipe_tensor(key: str, like: Tensor) -> Tensor:
    values = recipe.weight(key, tuple(like.shape))
    return like if values is None else torch.from_numpy(values)


def fill(module: M, prefix: str = "") -> M:
    """Give a module the recipe's weights."""
    module.load_state_dict(recipe_state(module, prefix), strict=True, assign=True)
    return module.eval().requires_grad_(False)


def close(ours: Tensor, stored: NDArray[Any], tolerance: float = 1e-4) -> None:
    """Assert that values agree to a part of their spread."""
    expected = torch.from_numpy(np.asarray(stored, dtype=np.float32))
    scale = max(1.0, float(expected.std()))
    torch.testing.assert_close(ours.float(), expected, rtol=0, atol=tolerance * scale)
