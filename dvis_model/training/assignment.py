"""Which query is to predict which object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from dvis_model.training.losses import pairwise_dice_cost, pairwise_mask_cost
from dvis_model.training.points import Draw, read_at
from dvis_model.words import counted

MASK_COST: Final = 5.0
CLASS_COST: Final = 2.0
DICE_COST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Objects:
    """The M objects of some images; an image is a frame, or all frames of a clip one below the other.

    Attributes:
        image: int64 [M], the image in which each lies; ascending, where they are matched.
        labels: int64 [M], from 0.
        masks: float32 [M, H, W], 0 or 1.
    """

    image: Tensor
    labels: Tensor
    masks: Tensor


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one layer predicts for B images: class logits [B, Q, K + 1], mask logits [B, Q, h, w]."""

    class_logits: Tensor
    mask_logits: Tensor


@torch.no_grad()
def matching_costs(predicted: Predictions, objects: Objects, num_points: int, draw: Draw) -> Tensor:
    """Return float32 [M, Q]: what it costs each query of an object's image to predict this object.

    Masks are compared at random points, the same for all.
    """
    points = draw((1, num_points, 2))
    images = len(predicted.mask_logits)
    logits = read_at(predicted.mask_logits.float(), points.expand(images, -1, -1))
    masks = objects.masks[:, None]
    slot = rank_within(objects.image)
    most = int(slot.max()) + 1 if len(slot) else 0
    targets = logits.new_zeros(images, most, num_points)
    targets[objects.image, slot] = read_at(masks, points.expand(len(masks), -1, -1))[:, 0]
    costs = MASK_COST * pairwise_mask_cost(logits, targets) + DICE_COST * pairwise_dice_cost(logits, targets)
    probabilities = predicted.class_logits.float().softmax(dim=-1)  # [B, Q, K + 1]
    return costs[objects.image, slot] - CLASS_COST * probabilities[objects.image, :, objects.labels]


def rank_within(group: Tensor) -> Tensor:
    """Return int64 [M]: of each entry of an ascending [M], how many equal ones stand before it.

    >>> rank_within(torch.tensor([0, 0, 2, 2, 2])).tolist()
    [0, 1, 0, 1, 2]
    """
    return torch.arange(len(group), device=group.device) - torch.searchsorted(group, group)


@torch.no_grad()
def assign(predicted: Predictions, objects: Objects, num_points: int, draw: Draw) -> Tensor:
    """Return int64 [M], the query of each object: one to one within an image, of the least total cost."""
    costs = matching_costs(predicted, objects, num_points, draw)
    return assign_by_cost(costs, objects.image)


def assign_by_cost(costs: Tensor, group: Tensor) -> Tensor:
    """Return int64 [M], the column of each row of costs [M, Q]: one to one among rows of the same group.

    Raises:
        ValueError: a group has more rows than there are columns.
    """
    # As in `matching`: loading it takes a quarter as long as torch.
    from scipy.optimize import linear_sum_assignment

    table, groups = np.nan_to_num(costs.cpu().numpy(), nan=1e6, posinf=1e6, neginf=-1e6), group.cpu().numpy()
    query = np.empty(len(table), dtype=np.int64)
    for number in np.unique(groups):
        rows = np.flatnonzero(groups == number)
        if len(rows) > table.shape[1]:
            raise ValueError(
                f"{counted(len(rows), 'object')} in one image or clip, but the model has "
                f"{counted(table.shape[1], 'query', 'queries')}: "
                "use a configuration with more queries"
            )
        query[rows] = linear_sum_assignment(table[rows])[1]
    return torch.from_numpy(query).to(costs.device)


@torch.no_grad()
def assign_at_first_appearance(
    predicted: Predictions,
    objects: Objects,
    clip: Tensor,
    first: Tensor,
    num_points: int,
    draw: Draw,
    *,
    reuse: bool = False,
) -> Tensor:
    """Return int64 [N], the query of each object of some clips, decided where it first appears.

    Args:
        predicted: for all frames of all clips.
        objects: N objects, each with its mask in the frame (`image`) in which it first appears.
        clip: int64 [N], the clip of each object.
        first: int64 [N], its first frame within the clip.
        reuse: whether objects that appear later may get a query that another one has, as in DVIS version 1.
    """
    costs = matching_costs(predicted, objects, num_points, draw)
    query = torch.full_like(clip, -1)
    for frame in first.unique().tolist():
        now = first == frame
        if not reuse:
            for taken in (query >= 0).nonzero()[:, 0].tolist():
                costs[now & (clip == clip[taken]), query[taken]] = 1e6
        query[now] = assign_by_cost(costs[now], clip[now])
    return query
