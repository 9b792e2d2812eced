"""Masks are compared at points, as PointRend (Kirillov et al., arXiv:1912.08193) chooses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

OVERSAMPLING: Final = 3
IMPORTANT_SHARE: Final = 0.75

Draw = Callable[[tuple[int, ...]], Tensor]
"""Returns uniform random numbers in [0, 1) of this shape."""


def read_at(maps: Tensor, points: Tensor) -> Tensor:
    """Return the values [N, C, P] of maps [N, C, h, w] at points.

    Args:
        points: [N, P, 2], x and y; 0 and 1 are the edges of the map. Outside is zero.
    """
    values = F.grid_sample(maps, 2 * points[:, None] - 1, mode="bilinear", align_corners=False)
    return values[:, :, 0]


@torch.no_grad()
def uncertain_points(logits: Tensor, count: int, draw: Draw) -> Tensor:
    """Return points [M, count, 2]: most of them where the mask logits [M, h, w] are nearest to zero.

    Three times as many are drawn; three quarters of the result are the least certain of these, and the
    others are drawn afresh.
    """
    masks = len(logits)
    important = int(IMPORTANT_SHARE * count)
    drawn = draw((masks, OVERSAMPLING * count, 2))
    certainty = read_at(logits[:, None], drawn)[:, 0].abs()
    chosen = certainty.topk(important, dim=1, largest=False, sorted=False).indices
    uncertain = torch.take_along_dim(drawn, chosen[..., None], dim=1)
    return torch.cat([uncertain, draw((masks, count - important, 2))], dim=1)
