"""The loss of one layer's predictions, given which query is to predict which object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from dvis_model.training.assignment import Objects, Predictions
from dvis_model.training.losses import class_loss, dice_loss, mask_loss
from dvis_model.training.points import Draw, read_at, uncertain_points

WEIGHTS: Final[Mapping[str, float]] = {"class": 2.0, "mask": 5.0, "dice": 5.0}


@dataclass(frozen=True, slots=True)
class Losses:
    """Of one layer, before they are weighted: scalars."""

    class_: Tensor
    mask: Tensor
    dice: Tensor

    @property
    def total(self) -> Tensor:
        """The weighted sum."""
        return WEIGHTS["class"] * self.class_ + WEIGHTS["mask"] * self.mask + WEIGHTS["dice"] * self.dice


def layer_losses(
    predicted: Predictions,
    objects: Objects,
    query: Tensor,
    *,
    class_weights: Tensor,
    num_masks: float,
    num_points: int,
    draw: Draw,
) -> Losses:
    """Return the losses of one layer.

    Args:
        query: int64 [M], the query that is to predict each object; the others are to predict "no object".
        class_weights: [K + 1], the last one of "no object".
        num_masks: what sums over masks are divided by: the number of objects.
    """
    images, queries, classes = predicted.class_logits.shape
    targets = query.new_full((images * queries,), classes - 1)
    matched = objects.image * queries + query
    targets[matched] = objects.labels
    logits = predicted.mask_logits.flatten(0, 1).index_select(0, matched).float()[:, None]
    points = uncertain_points(logits[:, 0], num_points, draw)
    with torch.no_grad():
        masks = read_at(objects.masks[:, None], points)[:, 0]
    at_points = read_at(logits, points)[:, 0]
    return Losses(
        class_=class_loss(predicted.class_logits, targets, class_weights),
        mask=mask_loss(at_points, masks, num_masks),
        dice=dice_loss(at_points, masks, num_masks),
    )
