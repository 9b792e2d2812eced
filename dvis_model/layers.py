"""The attention, feed-forward and projection layers that decoder, tracker and refiner share.

All layers are post-norm: each adds its result to what came in and normalises the sum.
Parameter names are those of the official release.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MultiheadAttention(nn.Module):
    """Multi-head attention with the parameters of `torch.nn.MultiheadAttention`, batch first."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_uniform_(self.out_proj.weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None = None) -> Tensor:
        """Return [B, N, C].

        Args:
            query: [B, N, C].
            key, value: [B, S, C].
            visible: bool [B, 1 or heads, N, S], True where a query may look; None: everywhere.
        """
        q, k, v = map(self._split_heads, self._project(query, key, value))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=visible)  # [B, heads, N, C / heads]
        joined: Tensor = self.out_proj(attended.transpose(1, 2).flatten(2))
        return joined

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """Return what queries, keys and values are projected to; inputs that are the same at one go."""
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if query is key is value:
            return F.linear(value, weight, bias).chunk(3, dim=-1)
        dim = query.shape[-1]
        q = F.linear(query, weight[:dim], bias[:dim])
        if key is value:
            return q, *F.linear(value, weight[dim:], bias[dim:]).chunk(2, dim=-1)
        k = F.linear(key, weight[dim : 2 * dim], bias[dim : 2 * dim])
        return q, k, F.linear(value, weight[2 * dim :], bias[2 * dim :])

    def _split_heads(self, x: Tensor) -> Tensor:
        split: Tensor = x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        return split


class CrossAttentionLayer(nn.Module):
    """Queries look at a memory."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.multihead_attn = MultiheadAttention(dim, num_heads)
        self.norm = nn.LayerNorm(dim)

    def forward(
        self, identity: Tensor, query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None = None
    ) -> Tensor:
        """Return norm(identity + attention) [B, N, C].

        `identity` is what the attention is added to. The masked decoder hands in its queries without their
        position; the referring tracker something else than the query altogether.
        """
        normed: Tensor = self.norm(identity + self.multihead_attn(query, key, value, visible))
        return normed


class SelfAttentionLayer(nn.Module):
    """Queries look at each other."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(dim, num_heads)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, position: Tensor | None = None) -> Tensor:
        """x [B, N, C]; `position`, broadcast against it, is added to queries and keys, not to values."""
        where = x if position is None else x + position
        normed: Tensor = self.norm(x + self.self_attn(where, where, x))
        return normed


class FfnLayer(nn.Module):
    """Two linear maps with a ReLU between them."""

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(dim, hidden_dim)
        self.linear2 = nn.Linear(hidden_dim, dim)
        self.norm = nn.LayerNorm(dim)
        for linear in (self.linear1, self.linear2):
            nn.init.xavier_uniform_(linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x + self.linear2(F.relu(self.linear1(x), inplace=True)))
        return normed


class Mlp(nn.Module):
    """Linear layers with a ReLU between each two."""

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*ends) for ends in pairwise(dims))

    def forward(self, x: Tensor) -> Tensor:
        for index, layer in enumerate(self.layers):
            x = layer(F.relu(x, inplace=True) if index else x)
        return x


def mask_product(mask_embeddings: Tensor, mask_features: Tensor) -> Tensor:
    """Return the mask logits [T, Q, h, w] of embeddings [T, Q, C] on mask features [T, C, h, w]."""
    frames, _, height, width = mask_features.shape
    features = mask_features.flatten(2)
    return torch.bmm(mask_embeddings.type_as(features), features).view(frames, -1, height, width)
