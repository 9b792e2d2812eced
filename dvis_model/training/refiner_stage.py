"""Stage 3: the temporal refiner on a frozen segmenter and tracker."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dvis_model.model import Dvis
from dvis_model.refiner import TemporalRefiner
from dvis_model.training.assignment import Objects, Predictions, assign
from dvis_model.training.criterion import Losses, layer_losses
from dvis_model.training.frozen import Frozen, tracked
from dvis_model.training.recipe import Recipe
from dvis_model.training.samples import Clips
from dvis_model.training.stage import Turn


class RefinerStage:
    """The refiner learns from whole clips: all frames of a clip are one tall picture with one assignment."""

    prefix = "refiner."

    def __init__(self, model: Dvis, recipe: Recipe) -> None:
        """Freeze a model but its refiner."""
        if model.refiner is None:
            raise ValueError(f"{model.config.name} has no refiner: use a configuration ..._Offline")
        model.eval().requires_grad_(False)
        self.module: TemporalRefiner = model.refiner.train().requires_grad_(True)
        self._model, self._weights, self._recipe = model, model.criterion.empty_weight, recipe

    def losses(self, batch: Frozen | Clips, turn: Turn) -> Sequence[Losses]:
        """See `Stage`."""
        if isinstance(batch, Clips):
            batch = tracked(self._model, batch)
        length = batch.masks.shape[1]
        points = self._recipe.points * length
        tall = Objects(batch.clip, batch.labels, batch.masks.flatten(1, 2))
        count = max(turn.mean(len(tall.labels)), 1.0)
        shared = None
        if turn.guided:
            guide = Predictions(
                batch.class_logits.mean(dim=1), tall_masks(batch.mask_embeddings, batch.mask_features)
            )
            shared = assign(guide, tall, points, turn.draw)
        found = []
        for layer in self._layers(batch):
            query = assign(layer, tall, points, turn.draw) if shared is None else shared
            found.append(
                layer_losses(
                    layer,
                    tall,
                    query,
                    class_weights=self._weights,
                    num_masks=count,
                    num_points=points,
                    draw=turn.draw,
                )
            )
        return found

    def _layers(self, batch: Frozen) -> list[Predictions]:
        found = []
        for queries in self.module.refine(batch.queries.transpose(0, 1), batch.memory.transpose(0, 1)):
            output = self.module.output(queries)
            masks = tall_masks(output.mask_embeddings.transpose(0, 1), batch.mask_features)
            found.append(Predictions(output.class_logits, masks))
        return found


def tall_masks(embeddings: Tensor, features: Tensor) -> Tensor:
    """Return mask logits [B, Q, T * h, w] of embeddings [B, T, Q, D] on mask features [B, T, D, h, w]."""
    masks = torch.matmul(embeddings.type_as(features), features.flatten(3))  # [B, T, Q, h * w]
    tall: Tensor = masks.transpose(1, 2).unflatten(3, features.shape[-2:]).flatten(2, 3)
    return tall
