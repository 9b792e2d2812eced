"""What the frozen parts of the model make of a clip: the input of the stage that learns."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from dvis_model.layers import mask_product
from dvis_model.model import Dvis
from dvis_model.training.assignment import Predictions
from dvis_model.training.samples import Clips


@dataclass(frozen=True, slots=True)
class Frozen:
    """B clips of T frames, as the tracker or the refiner meets them.

    Attributes:
        queries: [B, T, Q, C], the segmenter's embeddings, or the tracker's output.
        memory: [B, T, Q, C], what the refiner looks at; for the tracker the same as `queries`.
        class_logits: [B, T, Q, K + 1], and
        mask_embeddings: [B, T, Q, D], of the part before, which guides.
        mask_features: [B, T, D, h, w].
        clip: int64 [N], the clip of each object, ascending.
        labels: int64 [N].
        masks: float [N, T, H, W], 0 or 1.
    """

    queries: Tensor
    memory: Tensor
    class_logits: Tensor
    mask_embeddings: Tensor
    mask_features: Tensor
    clip: Tensor
    labels: Tensor
    masks: Tensor

    def guide(self) -> Predictions:
        """Return what the part before predicts, for all B * T frames."""
        features = self.mask_features.flatten(0, 1)
        masks = mask_product(self.mask_embeddings.flatten(0, 1), features)
        return Predictions(self.class_logits.flatten(0, 1), masks)

    def to(self, device: torch.device) -> Frozen:
        """Return it on a device, all numbers but labels and clips as float32."""
        moved = {}
        for field in fields(self):
            value: Tensor = getattr(self, field.name)
            moved[field.name] = value.to(device, torch.float32 if value.is_floating_point() else value.dtype)
        return replace(self, **moved)


@torch.no_grad()
def segmented(model: Dvis, clips: Clips) -> Frozen:
    """Return what the segmenter makes of clips."""
    shape = clips.frames.shape[:2]
    output = model.segment(clips.frames.flatten(0, 1))
    embeddings = output.embeddings.unflatten(0, shape)
    return Frozen(
        queries=embeddings,
        memory=embeddings,
        class_logits=output.class_logits.unflatten(0, shape),
        mask_embeddings=output.mask_embeddings.unflatten(0, shape),
        mask_features=output.mask_features.unflatten(0, shape),
        clip=clips.clip,
        labels=clips.labels,
        masks=clips.masks,
    )


@torch.no_grad()
def tracked(model: Dvis, clips: Clips) -> Frozen:
    """Return what segmenter and tracker make of clips, each clip as a video of its own."""
    videos = []
    for frames in clips.frames:
        output = model.segment(frames)
        track, _ = model.tracker(output, None)
        videos.append(
            (
                track.queries,
                model.tracker.frame_memory(output),
                track.class_logits,
                track.mask_embeddings,
                model.tracker.project(output.mask_features),
            )
        )
    queries, memory, logits, embeddings, features = map(torch.stack, zip(*videos, strict=True))
    return Frozen(queries, memory, logits, embeddings, features, clips.clip, clips.labels, clips.masks)
