"""The pixel decoder of Mask2Former: backbone features -> multi-scale memory and per-pixel mask features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dvis_model.deformable_attention import DeformableAttention, Shapes, pixel_centres
from dvis_model.position_encoding import sine_position

GROUPS = 32
POINTS = 4


class PixelDecoder(nn.Module):
    """A deformable encoder on strides 32, 16 and 8, and one step of a feature pyramid to stride 4.

    Always in the type of its parameters, also where the rest runs in a shorter one: so does the official
    code.
    """

    def __init__(
        self,
        channels: Sequence[int],
        *,
        dim: int,
        mask_dim: int,
        num_heads: int,
        ffn_dim: int,
        num_layers: int,
    ) -> None:
        super().__init__()
        lateral, *encoded = channels
        self.input_proj = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inputs, dim, 1), nn.GroupNorm(GROUPS, dim))
            for inputs in reversed(encoded)
        )
        self.transformer = DeformableTransformer(dim, num_heads, len(encoded), ffn_dim, num_layers)
        self.mask_features = nn.Conv2d(dim, mask_dim, 1)
        self.adapter_1 = ConvGroupNorm(lateral, dim, 1)
        self.layer_1 = ConvGroupNorm(dim, dim, 3)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return mask features [T, C, H/4, W/4] and memories [T, h * w, C] of strides 32, 16 and 8.

        Args:
            features: res2 to res5, [T, C_i, H/s, W/s] of strides 4 to 32.
        """
        with torch.autocast(features[0].device.type, enabled=False):
            dtype = self.mask_features.weight.dtype
            lateral, *encoded = (feature.to(dtype) for feature in features)
            maps = [proj(x) for proj, x in zip(self.input_proj, reversed(encoded), strict=True)]
            memories = self.transformer(maps)
            finest = memories[-1].transpose(1, 2).unflatten(2, maps[-1].shape[-2:])
            finest = finest.contiguous(memory_format=torch.channels_last)
            upsampled = F.interpolate(finest, lateral.shape[-2:], mode="bilinear", align_corners=False)
            pyramid = F.relu(self.layer_1(self.adapter_1(lateral) + upsampled), inplace=True)
            return self.mask_features(pyramid), memories


class ConvGroupNorm(nn.Conv2d):
    """A convolution without bias and its group norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.GroupNorm(GROUPS, outputs)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(super().forward(x))
        return normed


class DeformableTransformer(nn.Module):
    """The encoder and the embedding that distinguishes its levels."""

    def __init__(self, dim: int, num_heads: int, num_levels: int, ffn_dim: int, num_layers: int) -> None:
        super().__init__()
        self.level_embed = nn.Parameter(torch.randn(num_levels, dim))
        self.encoder = DeformableEncoder(dim, num_heads, num_levels, ffn_dim, num_layers)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """maps [T, C, h, w] from coarse to fine -> memories [T, h * w, C] in the same order."""
        shapes = [(x.shape[-2], x.shape[-1]) for x in maps]
        tokens = torch.cat([x.flatten(2).transpose(1, 2) for x in maps], dim=1)
        dim, device = tokens.shape[-1], tokens.device
        position = torch.cat(
            [
                sine_position(*shape, dim, device) + level
                for shape, level in zip(shapes, self.level_embed, strict=True)
            ]
        )
        memory = self.encoder(tokens, position, shapes)
        return list(memory.split([height * width for height, width in shapes], dim=1))


class DeformableEncoder(nn.Module):
    """Layers of deformable self-attention."""

    def __init__(self, dim: int, num_heads: int, num_levels: int, ffn_dim: int, num_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DeformableEncoderLayer(dim, num_heads, num_levels, ffn_dim) for _ in range(num_layers)
        )

    def forward(self, tokens: Tensor, position: Tensor, shapes: Shapes) -> Tensor:
        """tokens [T, S, C], position [S, C] -> [T, S, C]."""
        x, y = pixel_centres(tuple(shapes), tokens.device, tokens.dtype)
        for layer in self.layers:
            tokens = layer(tokens, position, x, y, shapes)
        return tokens


class DeformableEncoderLayer(nn.Module):
    """Deformable self-attention and a two-layer network, post-norm."""

    def __init__(self, dim: int, num_heads: int, num_levels: int, ffn_dim: int) -> None:
        super().__init__()
        self.self_attn = DeformableAttention(dim, num_heads, num_levels, POINTS)
        self.norm1 = nn.LayerNorm(dim)
        self.linear1 = nn.Linear(dim, ffn_dim)
        self.linear2 = nn.Linear(ffn_dim, dim)
        self.norm2 = nn.LayerNorm(dim)

    def forward(self, tokens: Tensor, position: Tensor, x: Tensor, y: Tensor, shapes: Shapes) -> Tensor:
        tokens = self.norm1(tokens + self.self_attn(tokens + position, tokens, x, y, shapes))
        hidden = F.relu(self.linear1(tokens), inplace=True)
        normed: Tensor = self.norm2(tokens + self.linear2(hidden))
        return normed
