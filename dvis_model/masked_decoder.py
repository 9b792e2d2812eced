"""The masked-attention decoder of Mask2Former (Cheng et al., arXiv:2112.01527)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dvis_model.layers import CrossAttentionLayer, FfnLayer, Mlp, SelfAttentionLayer
from dvis_model.outputs import SegmenterOutput
from dvis_model.position_encoding import sine_position

LEVELS = 3


class MaskedDecoder(nn.Module):
    """Learned queries that look, layer by layer, only where their own mask of the layer before is.

    With `reid_dim`, each query also gets an embedding that distinguishes objects (DVIS++).
    """

    def __init__(
        self,
        *,
        dim: int,
        mask_dim: int,
        num_heads: int,
        ffn_dim: int,
        num_layers: int,
        num_queries: int,
        num_classes: int,
        reid_dim: int | None,
    ) -> None:
        super().__init__()
        self.transformer_self_attention_layers = nn.ModuleList(
            SelfAttentionLayer(dim, num_heads) for _ in range(num_layers)
        )
        self.transformer_cross_attention_layers = nn.ModuleList(
            CrossAttentionLayer(dim, num_heads) for _ in range(num_layers)
        )
        self.transformer_ffn_layers = nn.ModuleList(FfnLayer(dim, ffn_dim) for _ in range(num_layers))
        self.decoder_norm = nn.LayerNorm(dim)
        self.query_feat = nn.Embedding(num_queries, dim)
        self.query_embed = nn.Embedding(num_queries, dim)
        self.level_embed = nn.Embedding(LEVELS, dim)
        self.class_embed = nn.Linear(dim, num_classes + 1)
        self.mask_embed = Mlp([dim, dim, dim, mask_dim])
        self.reid_embed = None if reid_dim is None else Mlp([dim, reid_dim, reid_dim, dim])

    def forward(
        self, memories: Sequence[Tensor], shapes: Sequence[tuple[int, int]], mask_features: Tensor
    ) -> SegmenterOutput:
        """Segment each frame on its own.

        Args:
            memories: [T, h * w, C] of strides 32, 16 and 8.
            shapes: their (h, w).
            mask_features: [T, C, H/4, W/4].
        """
        *_, queries = self.decode(memories, shapes, mask_features)
        return self._output(queries, mask_features)

    def decode(
        self, memories: Sequence[Tensor], shapes: Sequence[tuple[int, int]], mask_features: Tensor
    ) -> Iterator[Tensor]:
        """Yield the queries [T, Q, C] before the first layer, as learned, and after each layer."""
        levels = [
            self._level(index, *level, mask_features)
            for index, level in enumerate(zip(memories, shapes, strict=True))
        ]
        queries = self.query_feat.weight.expand(len(mask_features), -1, -1)
        yield queries
        where = self.query_embed.weight
        layers = zip(
            self.transformer_cross_attention_layers,
            self.transformer_self_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )
        for index, (cross_attention, self_attention, ffn) in enumerate(layers):
            key, value, features = levels[index % LEVELS]
            visible = self._visible(queries, features)
            queries = cross_attention(queries, queries + where, key, value, visible)
            queries = ffn(self_attention(queries, where))
            yield queries

    def _level(
        self, index: int, memory: Tensor, shape: tuple[int, int], mask_features: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return keys and values [T, S, C] of one level, and the mask features at its size [T, C, S].

        Attention masks are mask logits shrunk to the level's size. Shrinking is linear, so shrinking the
        features once a level does as much as shrinking each layer's masks, for a fraction of the work.
        """
        value = memory + self.level_embed.weight[index]
        key = value + sine_position(*shape, memory.shape[-1], memory.device)
        shrunk = F.interpolate(mask_features, shape, mode="bilinear", align_corners=False)
        return key, value, shrunk.flatten(2)

    @torch.no_grad()
    def _visible(self, queries: Tensor, features: Tensor) -> Tensor:
        """Return bool [T, 1, Q, S]: where each query's mask is at least one half."""
        logits = torch.bmm(self.mask_embed(self.decoder_norm(queries)), features)
        visible = logits >= 0
        # A query whose mask is empty looks everywhere.
        return (visible | ~visible.any(dim=-1, keepdim=True))[:, None]

    def _output(self, queries: Tensor, mask_features: Tensor) -> SegmenterOutput:
        normed = self.decoder_norm(queries)
        embeddings, raw_embeddings = normed, queries
        if self.reid_embed is not None:
            reid = self.reid_embed(normed)
            embeddings = torch.cat([normed, reid], dim=-1)
            raw_embeddings = torch.cat([queries, reid], dim=-1)
        return SegmenterOutput(
            embeddings=embeddings,
            raw_embeddings=raw_embeddings,
            class_logits=self.class_embed(normed),
            mask_embeddings=self.mask_embed(normed),
            mask_features=mask_features,
        )
