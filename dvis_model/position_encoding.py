"""Sine position encodings of Mask2Former's attention layers."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

TEMPERATURE = 10_000.0
EPSILON = 1e-6


@lru_cache(maxsize=32)
def sine_position(height: int, width: int, dim: int, device: torch.device) -> Tensor:
    """Return the encoding [h * w, C] of a feature map, row by row. The same tensor each time: do not change
    it.

    The first half of the channels is of the row, the second of the column. Rows and columns are counted from
    1 and scaled to a full turn, 2 pi, at the far edge; sine and cosine take turns.
    """
    rows = _axis(height, dim // 2, device)[:, None].expand(-1, width, -1)  # [h, w, C / 2]
    columns = _axis(width, dim // 2, device)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], dim=-1).flatten(0, 1)


def _axis(length: int, channels: int, device: torch.device) -> Tensor:
    """Return the encoding [length, channels] of one axis."""
    index = torch.arange(1, length + 1, dtype=torch.float32, device=device)
    angle = index / (length + EPSILON) * (2 * math.pi)
    pair = torch.arange(channels // 2, dtype=torch.float32, device=device)
    waves = angle[:, None] / TEMPERATURE ** (2 * pair / channels)
    return torch.stack([waves.sin(), waves.cos()], dim=-1).flatten(1)
