"""Swin transformer (Liu et al., arXiv:2103.14030): attention within windows that shift between blocks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# What is added to the scores of pixels that a shift has brought into one window.
APART = -100.0


class SwinTransformer(nn.Module):
    """Swin with a norm of its own for each stage's output."""

    def __init__(
        self, embed_dim: int, depths: Sequence[int], num_heads: Sequence[int], window_size: int
    ) -> None:
        super().__init__()
        self.channels = tuple(embed_dim * 2**stage for stage in range(len(depths)))
        self.patch_embed = PatchEmbedding(embed_dim)
        self.layers = nn.ModuleList(
            Stage(dim, depth, heads, window_size, shrinks=stage + 1 < len(depths))
            for stage, (dim, depth, heads) in enumerate(zip(self.channels, depths, num_heads, strict=True))
        )
        for stage, dim in enumerate(self.channels):
            self.add_module(f"norm{stage}", nn.LayerNorm(dim))

    def forward(self, frames: Tensor) -> list[Tensor]:
        """frames [T, 3, H, W] -> res2 to res5: [T, C, H/4, W/4] to [T, 8 C, H/32, W/32], sizes rounded up."""
        x = self.patch_embed(frames)
        features = []
        for index, stage in enumerate(self.layers):
            out, x = stage(x)
            features.append(self.get_submodule(f"norm{index}")(out).permute(0, 3, 1, 2))
        return features


class PatchEmbedding(nn.Module):
    """4x4 patches to vectors."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=4, stride=4)
        self.norm = nn.LayerNorm(dim)

    def forward(self, frames: Tensor) -> Tensor:
        """[T, 3, H, W] -> [T, h, w, C]."""
        height, width = frames.shape[-2:]
        patches: Tensor = self.norm(
            self.proj(F.pad(frames, (0, -width % 4, 0, -height % 4))).permute(0, 2, 3, 1)
        )
        return patches


class Stage(nn.Module):
    """Blocks of one resolution; every second one is shifted by half a window."""

    def __init__(self, dim: int, depth: int, heads: int, window: int, shrinks: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(dim, heads, window, shift=(index % 2) * (window // 2)) for index in range(depth)
        )
        self.downsample = PatchMerging(dim) if shrinks else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [T, h, w, C] -> the stage's output, and what the next stage takes."""
        for block in self.blocks:
            x = block(x)
        return x, x if self.downsample is None else self.downsample(x)


class PatchMerging(nn.Module):
    """Each 2x2 pixels become one of twice the channels."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = nn.LayerNorm(4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        """[T, h, w, C] -> [T, h/2, w/2, 2 C], sizes rounded up."""
        height, width = x.shape[1:3]
        x = F.pad(x, (0, 0, 0, width % 2, 0, height % 2))
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        merged: Tensor = self.reduction(self.norm(torch.cat(corners, dim=-1)))
        return merged


class Block(nn.Module):
    """Window attention and a two-layer network, each added to a normed input."""

    def __init__(self, dim: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, heads, window)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = FeedForward(dim, 4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        """[T, h, w, C] -> the same shape."""
        x = x + self._attend(self.norm1(x))
        shaped: Tensor = x + self.mlp(self.norm2(x))
        return shaped

    def _attend(self, x: Tensor) -> Tensor:
        frames, height, width, channels = x.shape
        window, shift = self.window, self.shift
        # The padding comes after the norm: zeros that, as in the official code, still get the projection's
        # bias.
        x = F.pad(x, (0, 0, 0, -width % window, 0, -height % window))
        padded_height, padded_width = x.shape[1:3]
        apart = None
        if shift:
            x = torch.roll(x, (-shift, -shift), dims=(1, 2))
            apart = _apart(padded_height, padded_width, window, shift, x.device)
        rows, columns = padded_height // window, padded_width // window
        x = x.view(frames, rows, window, columns, window, channels).transpose(2, 3)
        x = self.attn(x.reshape(-1, window * window, channels), apart)
        x = x.view(frames, rows, columns, window, window, channels).transpose(2, 3)
        x = x.reshape(frames, padded_height, padded_width, channels)
        if shift:
            x = torch.roll(x, (shift, shift), dims=(1, 2))
        return x[:, :height, :width]


@lru_cache(maxsize=32)
def _apart(height: int, width: int, window: int, shift: int, device: torch.device) -> Tensor:
    """Return [windows, N, N], 0 for pixels that were neighbours before the shift, else APART."""

    def band(length: int) -> Tensor:
        index = torch.arange(length, device=device)
        return (index >= length - window).int() + (index >= length - shift).int()

    region = 3 * band(height)[:, None] + band(width)
    tiles = (
        region.view(height // window, window, width // window, window)
        .transpose(1, 2)
        .flatten(2)
        .flatten(0, 1)
    )
    return torch.where(tiles[:, None] == tiles[:, :, None], 0.0, APART)


class WindowAttention(nn.Module):
    """Attention within windows, with a learned bias for each offset between two pixels."""

    relative_position_index: Tensor

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        row, column = np.mgrid[:window, :window].reshape(2, -1)
        rows, columns = (index[:, None] - index + window - 1 for index in (row, column))  # [N, N]
        self.register_buffer("relative_position_index", torch.as_tensor(rows * (2 * window - 1) + columns))
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, apart: Tensor | None) -> Tensor:
        """x [T * windows, N, C]; apart [windows, N, N], added to the scores."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        if apart is None:
            attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias[None])
        else:
            scores = (bias + apart[:, None]).repeat(len(x) // len(apart), 1, 1, 1)
            attended = F.scaled_dot_product_attention(q, k, v, attn_mask=scores)
        joined: Tensor = self.proj(attended.transpose(1, 2).flatten(2))
        return joined


class FeedForward(nn.Module):
    """Two linear maps with a GELU between them."""

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out
