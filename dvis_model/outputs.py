"""The outputs of the stages, and the results. T frames, Q queries, K classes, C channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, slots=True)
class SegmenterOutput:
    """Segmentation of T frames, each on its own.

    Attributes:
        embeddings: [T, Q, C], normed queries; with re-identification embeddings after them, C is twice as
            much.
        raw_embeddings: [T, Q, C], the same before the norm.
        class_logits: [T, Q, K + 1], the last one of "no object".
        mask_embeddings: [T, Q, D]; their product with the mask features is the mask logits.
        mask_features: [T, D, H/4, W/4].
    """

    embeddings: Tensor
    raw_embeddings: Tensor
    class_logits: Tensor
    mask_embeddings: Tensor
    mask_features: Tensor


@dataclass(frozen=True, slots=True)
class TrackerState:
    """A tracker's memory of the frame before.

    Attributes:
        queries: [Q, C], its instance queries before the norm; not read by bipartite matching.
        embeddings: [Q, C], its segmenter embeddings in the order of the tracks.
    """

    queries: Tensor
    embeddings: Tensor


@dataclass(frozen=True, slots=True)
class TrackerOutput:
    """Instances of T frames, query k the same object in all of them.

    Attributes:
        queries: [T, Q, C], what the refiner takes.
        references: [T, Q, C], what each frame looked for (DVIS++), or None.
        class_logits: [T, Q, K + 1].
        mask_embeddings: [T, Q, D].
        indices: int64 [T, Q], which segmenter query each track was matched with.
    """

    queries: Tensor
    references: Tensor | None
    class_logits: Tensor
    mask_embeddings: Tensor
    indices: Tensor


@dataclass(frozen=True, slots=True)
class RefinerOutput:
    """Instances of a whole video.

    Attributes:
        queries: [T, Q, C], normed.
        class_logits: [Q, K + 1], one for all frames.
        mask_embeddings: [T, Q, D].
    """

    queries: Tensor
    class_logits: Tensor
    mask_embeddings: Tensor


class Segment(TypedDict):
    """One segment of a panoptic video; `category_id` counts from 0, things first."""

    id: int
    category_id: int
    isthing: bool


@dataclass(frozen=True, slots=True)
class VideoInstances:
    """N scored masks through a video; one query may appear with several labels.

    Attributes:
        scores: float32 [N] in [0, 1], falling.
        labels: int64 [N], from 0.
        query_ids: int64 [N].
        masks: bool [N, T, H, W].
    """

    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    query_ids: NDArray[np.int64]
    masks: NDArray[np.bool_]

    @property
    def num_frames(self) -> int:
        """T."""
        return int(self.masks.shape[1])


@dataclass(frozen=True, slots=True)
class VideoPanoptic:
    """One segment id per pixel.

    Attributes:
        ids: int32 [T, H, W]; 0 is void.
        segments: one entry for each id.
    """

    ids: NDArray[np.int32]
    segments: list[Segment]

    @property
    def num_frames(self) -> int:
        """T."""
        return int(self.ids.shape[0])


@dataclass(frozen=True, slots=True)
class VideoSemantic:
    """One class per pixel: `labels` uint8 [T, H, W], from 0, things first."""

    labels: NDArray[np.uint8]

    @property
    def num_frames(self) -> int:
        """T."""
        return int(self.labels.shape[0])


VideoResult = VideoInstances | VideoPanoptic | VideoSemantic
