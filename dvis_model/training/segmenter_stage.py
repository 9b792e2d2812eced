"""Stage 1: the segmenter, each frame on its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dvis_model.model import Dvis
from dvis_model.training.assignment import Objects, Predictions


def segmenter_layers(model: Dvis, frames: Tensor) -> list[Predictions]:
    """Return what the segmenter predicts for frames [B, 3, H, W], before its first layer and after each one."""
    head = model.sem_seg_head
    features: Sequence[Tensor] = model.backbone(frames)
    mask_features, memories = head.pixel_decoder(features)
    shapes = [(x.shape[-2], x.shape[-1]) for x in reversed(features[1:])]
    predictor = head.predictor
    queries = torch.stack(list(predictor.decode(memories, shapes, mask_features)))  # [L, B, Q, C]
    normed = predictor.decoder_norm(queries)
    masks = mask_logits(predictor.mask_embed(normed), mask_features)
    classes = predictor.class_embed(normed)
    return [Predictions(*layer) for layer in zip(classes, masks, strict=True)]


def mask_logits(embeddings: Tensor, features: Tensor) -> Tensor:
    """Return [L, B, Q, h, w] of embeddings [L, B, Q, D] of L layers on mask features [B, D, h, w]."""
    layers, images, queries, _ = embeddings.shape
    together = embeddings.transpose(0, 1).flatten(1, 2)  # [B, L * Q, D]
    logits = torch.bmm(together.type_as(features), features.flatten(2))
    return logits.view(images, layers, queries, *features.shape[-2:]).transpose(0, 1)


__all__ = ["Objects", "mask_logits", "segmenter_layers"]
