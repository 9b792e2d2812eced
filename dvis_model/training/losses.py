"""The losses of Mask2Former (arXiv:2112.01527), for pairs and for all pairs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def mask_loss(logits: Tensor, targets: Tensor, num_masks: float) -> Tensor:
    """Return the sigmoid cross-entropy of M masks at P points [M, P], a mean over points.

    It is summed over masks and divided by `num_masks`.
    """
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return loss.mean(dim=1).sum() / num_masks


def dice_loss(logits: Tensor, targets: Tensor, num_masks: float) -> Tensor:
    """Return one minus the overlap of M masks at P points [M, P], their sum divided by `num_masks`."""
    masks = logits.sigmoid()
    overlap = (2 * (masks * targets).sum(dim=1) + 1) / (masks.sum(dim=1) + targets.sum(dim=1) + 1)
    return (1 - overlap).sum() / num_masks


def class_loss(logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
    """Return the cross-entropy of class logits [..., K + 1], a mean weighted by the targets' weights."""
    return F.cross_entropy(logits.flatten(0, -2).float(), targets.flatten(), class_weights)


def pairwise_mask_cost(logits: Tensor, targets: Tensor) -> Tensor:
    """Return `mask_loss` of every object of an image with each of its queries, [B, N, Q].

    Args:
        logits: [B, Q, P].
        targets: [B, N, P].
    """
    # log(1 + exp(x)) - x * t, summed over points.
    crossed = torch.bmm(targets, logits.transpose(1, 2))
    return (F.softplus(logits).sum(dim=-1)[:, None] - crossed) / logits.shape[-1]


def pairwise_dice_cost(logits: Tensor, targets: Tensor) -> Tensor:
    """Return `dice_loss` of every object with each query, [B, N, Q]; arguments as in `pairwise_mask_cost`."""
    masks = logits.sigmoid()
    shared = torch.bmm(targets, masks.transpose(1, 2))
    areas = masks.sum(dim=-1)[:, None] + targets.sum(dim=-1)[..., None]
    return 1 - (2 * shared + 1) / (areas + 1)
