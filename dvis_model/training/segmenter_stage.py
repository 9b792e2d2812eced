"""Stage 1: the segmenter, each frame on its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dvis_model.model import Dvis
from dvis_model.training.assignment import Objects, Predictions, assign
from dvis_model.training.criterion import Losses, layer_losses
from dvis_model.training.live_norm import thaw
from dvis_model.training.recipe import Recipe
from dvis_model.training.samples import Clips
from dvis_model.training.stage import Turn


class SegmenterStage:
    """Backbone, pixel decoder and masked decoder learn; every layer is matched on its own."""

    prefix = ""

    def __init__(self, model: Dvis, recipe: Recipe, *, live_norms: bool) -> None:
        """Prepare a model; its batch norms learn with it if `live_norms`, else they stay as they are."""
        if live_norms:
            thaw(model.backbone)
        self.module = model
        self._model, self._points = model, recipe.points
        model.train()

    def losses(self, batch: Clips, turn: Turn) -> Sequence[Losses]:
        """See `Stage`."""
        objects = frame_objects(batch)
        count = max(turn.mean(len(objects.labels)), 1.0)
        found = []
        for layer in segmenter_layers(self._model, batch.frames.flatten(0, 1)):
            query = assign(layer, objects, self._points, turn.draw)
            weights = self._model.criterion.empty_weight
            found.append(
                layer_losses(
                    layer,
                    objects,
                    query,
                    class_weights=weights,
                    num_masks=count,
                    num_points=self._points,
                    draw=turn.draw,
                )
            )
        return found


def frame_objects(clips: Clips) -> Objects:
    """Return the objects of each frame that are to be seen in it; frames are counted through all clips."""
    length = clips.masks.shape[1]
    seen = clips.masks.flatten(2).any(dim=2)  # [N, T]
    number, frame = seen.nonzero(as_tuple=True)
    image = clips.clip[number] * length + frame
    order = image.argsort(stable=True)
    return Objects(image[order], clips.labels[number][order], clips.masks[number, frame][order])


def segmenter_layers(model: Dvis, frames: Tensor) -> list[Predictions]:
    """Return what the segmenter predicts for frames [B, 3, H, W] before its first layer and after each."""
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
