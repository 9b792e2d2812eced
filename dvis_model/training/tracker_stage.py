"""Stage 2: the referring tracker on a frozen segmenter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dvis_model.model import Dvis
from dvis_model.tracker import ReferringTracker
from dvis_model.training.assignment import Objects, Predictions, assign_at_first_appearance
from dvis_model.training.criterion import Losses, layer_losses
from dvis_model.training.frozen import Frozen, segmented
from dvis_model.training.points import Draw
from dvis_model.training.recipe import Recipe
from dvis_model.training.samples import Clips
from dvis_model.training.segmenter_stage import mask_logits
from dvis_model.training.stage import Turn


class TrackerStage:
    """The tracker learns to keep each object on the query that found it in its first frame."""

    prefix = "tracker."

    def __init__(self, model: Dvis, recipe: Recipe) -> None:
        """Freeze a model but its tracker."""
        if not isinstance(model.tracker, ReferringTracker):
            raise ValueError(
                f"{model.config.name} has no referring tracker of version 1, the only one that can be trained"
            )
        model.eval().requires_grad_(False)
        self.module: ReferringTracker = model.tracker.train().requires_grad_(True)
        self._model, self._weights, self._recipe = model, model.criterion.empty_weight, recipe

    def losses(self, batch: Frozen | Clips, turn: Turn) -> Sequence[Losses]:
        """See `Stage`."""
        if isinstance(batch, Clips):
            batch = segmented(self._model, batch)
        tracker = self.module
        queries, indices = unrolled(tracker, batch.queries, self._recipe.noise, turn.draw)
        normed = tracker.decoder_norm(queries)
        masks = mask_logits(tracker.mask_embed(normed), batch.mask_features.flatten(0, 1))
        layers = [Predictions(*layer) for layer in zip(tracker.class_embed(normed), masks, strict=True)]
        every = all_frames(batch)
        count = max(turn.mean(len(every.labels)), 1.0)
        guide = _reordered(batch.guide(), indices) if turn.guided else None
        debut = debut_of(batch)
        shared = None if guide is None else self._assigned(guide, debut, turn.draw)
        found = []
        for layer in layers:
            query = self._assigned(layer, debut, turn.draw) if shared is None else shared
            found.append(
                layer_losses(
                    layer,
                    every,
                    query.repeat_interleave(batch.masks.shape[1]),
                    class_weights=self._weights,
                    num_masks=count,
                    num_points=self._recipe.points,
                    draw=turn.draw,
                )
            )
        return found

    def _assigned(self, predicted: Predictions, debut: Debut, draw: Draw) -> Tensor:
        """Return the query of each object [N]."""
        there = Predictions(predicted.class_logits[debut.images], predicted.mask_logits[debut.images])
        query = assign_at_first_appearance(
            there, debut.objects, debut.clip, debut.first, self._recipe.points, draw
        )
        return query[debut.place]


@dataclass(frozen=True, slots=True)
class Debut:
    """N objects, each in the frame in which it first appears, sorted by these frames.

    Attributes:
        images: int64, the frames among B * T in which any of them appears first.
        objects: their `image` is an index of `images`.
        clip, first: int64 [N].
        place: int64 [N], where each of the objects of the batch is among these.
    """

    images: Tensor
    objects: Objects
    clip: Tensor
    first: Tensor
    place: Tensor


def debut_of(batch: Frozen) -> Debut:
    """Return where the objects of a batch first appear."""
    first = batch.masks.flatten(2).amax(dim=2).argmax(dim=1)
    image = batch.clip * batch.masks.shape[1] + first
    order = image.argsort(stable=True)
    images, index = image[order].unique(return_inverse=True)
    objects = Objects(index, batch.labels[order], batch.masks[order, first[order]])
    return Debut(images, objects, batch.clip[order], first[order], order.argsort())


def all_frames(batch: Frozen) -> Objects:
    """Return each object in each frame of its clip, also where it is not to be seen: N * T objects."""
    length = batch.masks.shape[1]
    image = batch.clip[:, None] * length + torch.arange(length, device=batch.clip.device)
    return Objects(image.flatten(), batch.labels.repeat_interleave(length), batch.masks.flatten(0, 1))


def unrolled(
    tracker: ReferringTracker, embeddings: Tensor, noise: float, draw: Draw
) -> tuple[Tensor, Tensor]:
    """Track through clips; return queries [L, B * T, Q, C] after each layer, and matches int64 [B * T, Q].

    Args:
        embeddings: [B, T, Q, C] of the segmenter.
        noise: share of the frames, but the first of a clip, in which tracks start from mixed embeddings; what
            they are most of is then their match.
    """
    clips, length, count, _ = embeddings.shape
    index = torch.arange(count, device=embeddings.device).expand(clips, -1)
    layers: list[list[Tensor]] = []
    indices = [index]
    last = embeddings[:, 0]
    for frame in range(length):
        current = embeddings[:, frame]
        if frame == 0:
            layers.append(list(tracker.refer(current, current, lambda identity: identity)))
            continue
        index = tracker.match(last, current)
        identity = _taken(current, index)
        if noise:
            mixed, where = mixed_up(current, draw)
            noisy = draw((clips, 1, 1)) < noise
            identity = torch.where(noisy, mixed, identity)
            index = torch.where(noisy[..., 0], where, index)
        last = _taken(current, index)
        reference = layers[-1][-1]
        layers.append(list(tracker.refer(identity, current, always(reference))))
        indices.append(index)
    stacked = torch.stack([torch.stack(frame) for frame in layers], dim=2)  # [L, B, T, Q, C]
    return stacked.flatten(1, 2), torch.stack(indices, dim=1).flatten(0, 1)


def always(reference: Tensor) -> Callable[[Tensor], Tensor]:
    """Return what gives every layer the same reference."""
    return lambda _: reference


def mixed_up(embeddings: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
    """Return embeddings [B, Q, C] mixed with a random permutation of them, and which one each is most of.

    The "wa" noise of DVIS++ (arXiv:2312.13305): matching becomes unreliable, and the tracker has to look.
    """
    clips, count, _ = embeddings.shape
    permutation = draw((clips, count)).argsort(dim=1)
    weight = draw((clips, count, 1))
    mixed = weight * embeddings + (1 - weight) * _taken(embeddings, permutation)
    own = torch.arange(count, device=embeddings.device)
    return mixed, torch.where(weight[..., 0] < 0.5, permutation, own)


def _taken(embeddings: Tensor, index: Tensor) -> Tensor:
    return torch.take_along_dim(embeddings, index[..., None], dim=1)


def _reordered(predicted: Predictions, indices: Tensor) -> Predictions:
    """Return predictions of B * T frames in the order of the tracks."""
    return Predictions(
        torch.take_along_dim(predicted.class_logits, indices[..., None], dim=1),
        torch.take_along_dim(predicted.mask_logits, indices[..., None, None], dim=1),
    )
