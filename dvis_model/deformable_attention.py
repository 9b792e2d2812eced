"""Multi-scale deformable attention (Zhu et al., arXiv:2010.04159) in plain PyTorch.

A query reads a few points of each feature map, between pixels. Reading a point is a weighted sum of its four
neighbours, and attention a weighted sum of points; so all of it is one weighted sum of rows of the value
table, which `embedding_bag` does in one pass, without a tensor of the sampled values. Each map has a border
of zeros in the table, onto which every point outside is drawn: no point needs a test of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Shapes = Sequence[tuple[int, int]]
# Pairs of points and pixels up to which gradients go through a matrix.
MOST_DENSE = 2**20
FRAMES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class _Grid:
    """Constants of a set of L map sizes, for P points and H heads; tables in the order of levels and points.

    Attributes:
        limit_x, limit_y: [L * P], largest coordinate in the map with its border.
        stride: [L * P], rows of the table from a pixel to the one below it.
        first: [H, L * P], row of the top left border pixel.
        corner: [4, L * P] int32, from a point's top left neighbour to all four.
        rows: rows of the table.
    """

    limit_x: Tensor
    limit_y: Tensor
    stride: Tensor
    first: Tensor
    corner: Tensor
    rows: int


@lru_cache(maxsize=16)
def _grid(shapes: tuple[tuple[int, int], ...], heads: int, points: int, device: torch.device) -> _Grid:
    starts, rows = [], 0
    for height, width in shapes:
        starts.append(rows)
        rows += (height + 2) * (width + 2)
    # Whole numbers in float32 until the last step.
    if rows * heads >= 2**24:
        raise ValueError(f"Expected feature maps of less than {2**24 // heads} pixels, but got {shapes}")

    def per_level(values: Sequence[int], dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.tensor(values, dtype=dtype, device=device).repeat_interleave(points)

    below = per_level([heads * (width + 2) for _, width in shapes], torch.int32)
    head = torch.arange(heads, dtype=torch.float32, device=device)
    return _Grid(
        limit_x=per_level([width + 1 for _, width in shapes]),
        limit_y=per_level([height + 1 for height, _ in shapes]),
        stride=per_level([heads * (width + 2) for _, width in shapes]),
        first=per_level([heads * start for start in starts]) + head[:, None],
        corner=torch.stack([torch.zeros_like(below), torch.full_like(below, heads), below, below + heads]),
        rows=rows,
    )


def sample(value: Tensor, shapes: Shapes, x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum [N, H * D] of values read at points between pixels; outside is zero.

    Args:
        value: [S, H, D], the maps one after another, row by row.
        shapes: (height, width) of each of the L maps.
        x, y: [N, H, L * P], in pixels of the map they read; the centre of the first pixel is 0.
        weights: [N, H, L * P].
    """
    heads, dim = value.shape[1:]
    grid = _grid(tuple(shapes), heads, x.shape[-1] // len(shapes), value.device)
    table = _with_border(value, shapes).view(grid.rows * heads, dim)
    index, share = _corners(grid, x, y, weights)
    read = F.embedding_bag(index.flatten(0, 1), table, per_sample_weights=share.flatten(0, 1), mode="sum")
    return read.view(-1, heads * dim)


def sample_dense(value: Tensor, shapes: Shapes, x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return what `sample` does for T frames, [T, N, H * D]; arguments with T before their shapes.

    Each head's reads become a matrix from points to pixels. On small maps, its products and their gradients
    take a fifth of the time of the gradients of `embedding_bag`, which sort the indices.
    """
    heads = value.shape[2]
    grid = _grid(tuple(shapes), heads, x.shape[-1] // len(shapes), value.device)
    table = torch.stack([_with_border(frame, shapes) for frame in value])  # [T, rows, H, D]
    index, share = _corners(grid, x, y, weights)
    pixel = torch.div(index, heads, rounding_mode="floor").transpose(1, 2).long()  # [T, H, N, 4 * L * P]
    reads = share.new_zeros(*pixel.shape[:3], grid.rows).scatter_add_(3, pixel, share.transpose(1, 2))
    return torch.matmul(reads, table.transpose(1, 2)).transpose(1, 2).flatten(2)


def _corners(grid: _Grid, x: Tensor, y: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows of the table (with heads) and shares of the four neighbours, [..., H, 4 * L * P]."""
    heads = x.shape[-2]
    x = torch.minimum((x + 1).clamp_(min=0), grid.limit_x)
    y = torch.minimum((y + 1).clamp_(min=0), grid.limit_y)
    left = torch.minimum(x.floor(), grid.limit_x - 1)
    top = torch.minimum(y.floor(), grid.limit_y - 1)
    row = (top * grid.stride + left * heads + grid.first).to(torch.int32)
    # Where weights ran over, a point is NaN, and as an integer 0 or the least there is. Its shares stay NaN,
    # which is reported at the end; an index outside of the table would be an error of another kind.
    row.clamp_(min=0)
    right_part = weights * (x - left)
    below = y - top
    right_below = right_part * below
    left_below = weights * below - right_below
    right_above = right_part - right_below
    left_above = weights - right_part - left_below
    index = row[..., None, :] + grid.corner  # [..., H, 4, L * P]
    share = torch.stack([left_above, right_above, left_below, right_below], dim=-2)
    return index.flatten(-2), share.flatten(-2)


def _with_border(value: Tensor, shapes: Shapes) -> Tensor:
    """Return value [S, H, D] as the table [rows, H, D] that has a border of zeros around each map."""
    maps = value.split([height * width for height, width in shapes])
    return torch.cat(
        [
            F.pad(part.unflatten(0, shape), (0, 0, 0, 0, 1, 1, 1, 1)).flatten(0, 1)
            for part, shape in zip(maps, shapes, strict=True)
        ]
    )


@lru_cache(maxsize=16)
def pixel_centres(
    shapes: tuple[tuple[int, int], ...], device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Return x and y [S, L]: where each pixel of each map lies in each map, in that map's pixels."""

    def centres(length: int) -> Tensor:
        return (torch.arange(length, dtype=torch.float64) + 0.5) / length

    maps = [torch.meshgrid(centres(height), centres(width), indexing="ij") for height, width in shapes]
    points = torch.cat([torch.stack(grid, dim=-1).flatten(0, 1) for grid in maps])
    pixels = points[:, None] * torch.tensor(shapes) - 0.5  # [S, L, (y, x)]
    y, x = pixels.to(device, dtype).unbind(-1)
    return x, y


class DeformableAttention(nn.Module):
    """Self-attention of the pixels of several feature maps, each reading a few points of each map."""

    def __init__(self, dim: int, num_heads: int, num_levels: int, num_points: int) -> None:
        super().__init__()
        self.num_heads, self.num_levels, self.num_points = num_heads, num_levels, num_points
        reads = num_heads * num_levels * num_points
        self.sampling_offsets = nn.Linear(dim, 2 * reads)
        self.attention_weights = nn.Linear(dim, reads)
        self.value_proj = nn.Linear(dim, dim)
        self.output_proj = nn.Linear(dim, dim)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Let each head begin by looking in a direction of its own, farther with each point."""
        turn = torch.arange(self.num_heads) * (2 * math.pi / self.num_heads)
        direction = torch.stack([turn.cos(), turn.sin()], dim=-1)
        direction = direction / direction.abs().amax(dim=-1, keepdim=True)
        steps = torch.arange(1, self.num_points + 1)
        offsets = (direction[:, None, None] * steps[:, None]).expand(-1, self.num_levels, -1, -1)
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(offsets.flatten())
        for weight in (self.sampling_offsets.weight, self.attention_weights.weight):
            nn.init.zeros_(weight)
        nn.init.zeros_(self.attention_weights.bias)
        for linear in (self.value_proj, self.output_proj):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, query: Tensor, value: Tensor, x: Tensor, y: Tensor, shapes: Shapes) -> Tensor:
        """Return [T, N, C].

        Args:
            query: [T, N, C].
            value: [T, S, C], the maps one after another.
            x, y: [N, L], the point of each map that offsets count from, in that map's pixels.
            shapes: (height, width) of the L maps.
        """
        offset_x, offset_y, scores = self._reads(query)
        points = self.num_points
        where_x = offset_x + x.repeat_interleave(points, dim=1)[:, None]
        where_y = offset_y + y.repeat_interleave(points, dim=1)[:, None]
        weights = scores.softmax(dim=-1)
        values = self.value_proj(value).unflatten(-1, (self.num_heads, -1))
        if torch.is_grad_enabled() and where_x.shape[1] * values.shape[1] <= MOST_DENSE:
            inputs = (tensor.split(FRAMES_AT_ONCE) for tensor in (values, where_x, where_y, weights))
            parts = [sample_dense(part, shapes, *reads) for part, *reads in zip(*inputs, strict=True)]
            read = torch.cat(parts)
        else:
            # One frame at a time: its table and its indices stay in the cache.
            frames = zip(values, where_x, where_y, weights, strict=True)
            read = torch.stack([sample(frame, shapes, *reads) for frame, *reads in frames])
        attended: Tensor = self.output_proj(read)
        return attended

    def _reads(self, query: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return offsets in x and in y, and scores before softmax, each [T, N, H, L * P].

        One product for the three: the rows of x and of y, which take turns in the parameters, are sorted
            first.
        """
        weight = torch.cat(
            [*self.sampling_offsets.weight.unflatten(0, (-1, 2)).unbind(1), self.attention_weights.weight]
        )
        bias = torch.cat(
            [*self.sampling_offsets.bias.unflatten(0, (-1, 2)).unbind(1), self.attention_weights.bias]
        )
        reads = F.linear(query, weight, bias).unflatten(-1, (3, self.num_heads, -1))
        x, y, scores = reads.unbind(2)
        return x, y, scores
