"""Trackers: queries of single frames -> instances whose identity holds from frame to frame.

Each takes frames and the state of the frame before, and returns what the next call takes; none remembers
anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from dvis_model.config import Matching
from dvis_model.layers import CrossAttentionLayer, FfnLayer, Mlp, SelfAttentionLayer
from dvis_model.matching import NORM_EPSILON, match_queries, match_queries_inverted
from dvis_model.outputs import SegmenterOutput, TrackerOutput, TrackerState


class Tracker(nn.Module):
    """The interface of a tracker. This one keeps the order of the queries."""

    def forward(
        self, segmented: SegmenterOutput, state: TrackerState | None
    ) -> tuple[TrackerOutput, TrackerState]:
        """Track through the T frames of a window.

        Args:
            segmented: these frames.
            state: of the frame before; None at the start of a video.
        """
        indices = torch.arange(segmented.embeddings.shape[1], device=segmented.embeddings.device)
        return _reordered(segmented, indices.expand(len(segmented.embeddings), -1))

    def frame_memory(self, segmented: SegmenterOutput) -> Tensor:
        """Return what the refiner looks at, [T, Q, C]."""
        return segmented.embeddings

    def project(self, mask_features: Tensor) -> Tensor:
        """Return the features [T, D, h, w] that go with this tracker's mask embeddings."""
        return mask_features


class BipartiteTracker(Tracker):
    """MinVIS: reorder the queries of each frame by one-to-one matching with those of the frame before."""

    def forward(
        self, segmented: SegmenterOutput, state: TrackerState | None
    ) -> tuple[TrackerOutput, TrackerState]:
        previous = segmented.embeddings[0] if state is None else state.embeddings
        indices = []
        for frame, current in enumerate(segmented.embeddings):
            first = state is None and frame == 0
            index = torch.arange(len(current), device=current.device) if first else None
            indices.append(match_queries(previous, current) if index is None else index)
            previous = current[indices[-1]]
        return _reordered(segmented, torch.stack(indices))


def _reordered(segmented: SegmenterOutput, indices: Tensor) -> tuple[TrackerOutput, TrackerState]:
    def ordered(x: Tensor) -> Tensor:
        return torch.take_along_dim(x, indices[..., None], dim=1)

    queries = ordered(segmented.embeddings)
    output = TrackerOutput(
        queries=queries,
        references=None,
        class_logits=ordered(segmented.class_logits),
        mask_embeddings=ordered(segmented.mask_embeddings),
        indices=indices,
    )
    return output, TrackerState(queries=queries[-1], embeddings=queries[-1])


class _LayerStack(Tracker):
    """The parameters that both versions of the referring tracker have, in the official order."""

    def __init__(self, *, dim: int, num_heads: int, ffn_dim: int, num_layers: int) -> None:
        super().__init__()
        self.transformer_self_attention_layers = nn.ModuleList(
            SelfAttentionLayer(dim, num_heads) for _ in range(num_layers)
        )
        self.transformer_cross_attention_layers = nn.ModuleList(
            CrossAttentionLayer(dim, num_heads) for _ in range(num_layers)
        )
        self.transformer_ffn_layers = nn.ModuleList(FfnLayer(dim, ffn_dim) for _ in range(num_layers))
        self.decoder_norm = nn.LayerNorm(dim)

    def refer(
        self, identity: Tensor, memory: Tensor, query_of: Callable[[Tensor], Tensor]
    ) -> Iterator[Tensor]:
        """Yield the instance queries [B, Q, C] of B frames after each layer.

        Args:
            identity: [B, Q, C], residual input of the first layer; that of the others is the output of the
                layer before.
            memory: [B, Q, C], the segmenter's queries.
            query_of: maps a layer's residual input to its attention query.
        """
        for self_attention, cross_attention, ffn in self._layers():
            identity = cross_attention(identity, query_of(identity), memory, memory)
            identity = ffn(self_attention(identity))
            yield identity

    def _refer(self, identity: Tensor, memory: Tensor, query_of: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the instance queries [B, Q, C] after the last layer."""
        *_, queries = self.refer(identity, memory, query_of)
        return queries

    def _layers(self) -> Iterator[tuple[nn.Module, nn.Module, nn.Module]]:
        return zip(
            self.transformer_self_attention_layers,
            self.transformer_cross_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )


class ReferringTracker(_LayerStack):
    """The referring tracker of DVIS (Zhang et al., arXiv:2306.03413).

    The official version 1 aligns a frame's queries with the inverse of the right permutation, and its weights
    know no other; "direct" matching is the right one.
    """

    def __init__(
        self,
        *,
        dim: int,
        mask_dim: int,
        num_heads: int,
        ffn_dim: int,
        num_layers: int,
        num_classes: int,
        matching: Matching = "inverted",
    ) -> None:
        super().__init__(dim=dim, num_heads=num_heads, ffn_dim=ffn_dim, num_layers=num_layers)
        self.matching = matching
        self.class_embed = nn.Linear(dim, num_classes + 1)
        self.mask_embed = Mlp([dim, dim, dim, mask_dim])

    def forward(
        self, segmented: SegmenterOutput, state: TrackerState | None
    ) -> tuple[TrackerOutput, TrackerState]:
        queries, indices = [], []
        for current in segmented.embeddings:
            index, state = self._step(current, state)
            queries.append(state.queries)
            indices.append(index)
        normed = self.decoder_norm(torch.stack(queries))
        output = TrackerOutput(
            queries=normed,
            references=None,
            class_logits=self.class_embed(normed),
            mask_embeddings=self.mask_embed(normed),
            indices=torch.stack(indices),
        )
        assert state is not None
        return output, state

    def _step(self, current: Tensor, state: TrackerState | None) -> tuple[Tensor, TrackerState]:
        """Track into one frame, of embeddings [Q, C]."""
        if state is None:
            index = torch.arange(len(current), device=current.device)
            queries = self._refer(current[None], current[None], lambda identity: identity)[0]
            return index, TrackerState(queries=queries, embeddings=current)
        index = self.match(state.embeddings, current)
        aligned = current[index]
        reference = state.queries[None]
        queries = self._refer(aligned[None], current[None], lambda _: reference)[0]
        return index, TrackerState(queries=queries, embeddings=aligned)

    def match(self, reference: Tensor, current: Tensor) -> Tensor:
        """Return the permutation int64 [..., Q] by which embeddings [..., Q, C] of a frame are aligned."""
        if self.matching == "inverted":
            return match_queries_inverted(reference, current)
        return match_queries(reference, current, epsilon=NORM_EPSILON)

    def frame_memory(self, segmented: SegmenterOutput) -> Tensor:
        """Return each frame's queries as if it were a video's first, normed."""
        queries = self._refer(segmented.embeddings, segmented.embeddings, lambda identity: identity)
        normed: Tensor = self.decoder_norm(queries)
        return normed


class ReferringTrackerPlus(_LayerStack):
    """The referring tracker of DVIS++ (Zhang et al., arXiv:2312.13305), as it runs outside training.

    It matches with the embeddings and works on those before the norm; what it asks with is projected, and its
    classes are decided by the reference together with the result.
    """

    def __init__(
        self, *, dim: int, mask_dim: int, num_heads: int, ffn_dim: int, num_layers: int, num_classes: int
    ) -> None:
        super().__init__(dim=dim, num_heads=num_heads, ffn_dim=ffn_dim, num_layers=num_layers)
        self.class_embed = nn.Linear(2 * dim, num_classes + 1)
        self.mask_embed = Mlp([dim, dim, dim, mask_dim])
        self.ref_proj = Mlp([dim, dim, dim, dim])
        self.mask_feature_proj = nn.Conv2d(mask_dim, mask_dim, 1)

    def forward(
        self, segmented: SegmenterOutput, state: TrackerState | None
    ) -> tuple[TrackerOutput, TrackerState]:
        queries, references, indices = [], [], []
        for current, raw in zip(segmented.embeddings, segmented.raw_embeddings, strict=True):
            index, reference, state = self._step(current, raw, state)
            queries.append(state.queries)
            references.append(reference)
            indices.append(index)
        raw_queries, all_references = torch.stack(queries), torch.stack(references)
        normed = self.decoder_norm(raw_queries)
        output = TrackerOutput(
            queries=raw_queries,
            references=all_references,
            class_logits=self.class_embed(torch.cat([all_references, normed], dim=-1)),
            mask_embeddings=self.mask_embed(normed),
            indices=torch.stack(indices),
        )
        assert state is not None
        return output, state

    def _step(
        self, current: Tensor, raw: Tensor, state: TrackerState | None
    ) -> tuple[Tensor, Tensor, TrackerState]:
        """Track into one frame: `current` [Q, C] is matched, `raw` [Q, C] is worked on."""
        memory = raw[None]
        if state is None:
            index = torch.arange(len(current), device=current.device)
            queries = self._refer(memory, memory, self.ref_proj)[0]
            return index, self.ref_proj(raw), TrackerState(queries=queries, embeddings=current)
        index = match_queries(state.embeddings, current, epsilon=NORM_EPSILON)
        reference = self.ref_proj(state.queries)
        queries = self._refer(raw[index][None], memory, lambda _: reference[None])[0]
        return index, reference, TrackerState(queries=queries, embeddings=current[index])

    def frame_memory(self, segmented: SegmenterOutput) -> Tensor:
        """Return the segmenter's queries before the norm."""
        return segmented.raw_embeddings

    def project(self, mask_features: Tensor) -> Tensor:
        projected: Tensor = self.mask_feature_proj(mask_features)
        return projected
