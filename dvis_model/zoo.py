"""Writes a description of each configuration, without loading any weights.

python -m dvis_model.zoo > webapp/data/models.json
"""

from __future__ import annotations

import json
import math
from typing import Any

from dvis_model.categories import category_ids
from dvis_model.checkpoint import expected_shapes
from dvis_model.config import DvisConfig, ResNetConfig, SwinConfig
from dvis_model.variants import VARIANTS


def zoo() -> list[dict[str, Any]]:
    """Return one entry per configuration, in the order of VARIANTS."""
    return [_entry(config) for config in VARIANTS.values()]


def _entry(config: DvisConfig) -> dict[str, Any]:
    return {
        "name": config.name,
        "task": config.task,
        "generation": config.generation,
        "backbone": _backbone(config),
        "tracker": config.tracker,
        "refiner": config.refiner,
        "categories": _ranges(sorted(category_ids(config))),
        "short_side": config.min_size_test,
        "window": config.window_size,
        "parameters": sum(math.prod(shape) for shape in expected_shapes(config).values()),
    }


def _backbone(config: DvisConfig) -> str:
    if isinstance(config.backbone, ResNetConfig):
        width = "" if config.backbone.width == ResNetConfig().width else f"x{config.backbone.width}"
        return f"ResNet-{config.backbone.depth}{width}"
    return "Swin-L" if config.backbone == SwinConfig() else f"Swin-{config.backbone.embed_dim}"


def _ranges(ids: list[int]) -> list[int]:
    """Return the first and the last of consecutive ids.

    >>> _ranges([1, 2, 3])
    [1, 3]
    """
    first, last = ids[0], ids[-1]
    if ids != list(range(first, last + 1)):
        raise ValueError(f"Expected consecutive category ids, but got {ids}")
    return [first, last]


if __name__ == "__main__":
    print(json.dumps(zoo(), indent=1))
