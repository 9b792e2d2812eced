"""The temporal refiner of DVIS (arXiv:2306.03413): all frames of a video at once."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from dvis_model.layers import CrossAttentionLayer, FfnLayer, Mlp, SelfAttentionLayer
from dvis_model.outputs import RefinerOutput


class TemporalRefiner(nn.Module):
    """Layers that look, for each instance, over time: far by attention, near by convolution."""

    def __init__(
        self, *, dim: int, mask_dim: int, num_heads: int, ffn_dim: int, num_layers: int, num_classes: int
    ) -> None:
        super().__init__()

        def self_attention() -> nn.ModuleList:
            return nn.ModuleList(SelfAttentionLayer(dim, num_heads) for _ in range(num_layers))

        self.transformer_obj_self_attention_layers = self_attention()
        self.transformer_time_self_attention_layers = self_attention()
        self.transformer_cross_attention_layers = nn.ModuleList(
            CrossAttentionLayer(dim, num_heads) for _ in range(num_layers)
        )
        self.transformer_ffn_layers = nn.ModuleList(FfnLayer(dim, ffn_dim) for _ in range(num_layers))
        self.conv_short_aggregate_layers = nn.ModuleList(
            nn.Sequential(ShortConv(dim, 5), nn.ReLU(inplace=True), ShortConv(dim, 3))
            for _ in range(num_layers)
        )
        self.conv_norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(num_layers))
        self.decoder_norm = nn.LayerNorm(dim)
        self.class_embed = nn.Linear(dim, num_classes + 1)
        self.mask_embed = Mlp([dim, dim, dim, mask_dim])
        self.activation_proj = nn.Linear(dim, 1)

    def forward(self, queries: Tensor, memory: Tensor) -> RefinerOutput:
        """Refine the instances of a whole video.

        Args:
            queries: [T, Q, C], the tracker's.
            memory: [T, Q, C], the queries of each frame on its own.
        """
        *_, refined = self.refine(queries[:, None], memory[:, None])
        return self.output(refined[:, 0])

    def refine(self, queries: Tensor, memory: Tensor) -> Iterator[Tensor]:
        """Yield the queries [T, B, Q, C] of B videos after each layer; both arguments have this shape."""
        frames, videos, count, dim = queries.shape
        memory = memory.flatten(0, 1)
        layers = zip(
            self.transformer_time_self_attention_layers,
            self.conv_short_aggregate_layers,
            self.conv_norms,
            self.transformer_obj_self_attention_layers,
            self.transformer_cross_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )
        x = queries
        for over_time, short_conv, conv_norm, over_objects, cross_attention, ffn in layers:
            tracks = x.flatten(1, 2)  # [T, B * Q, C]
            far = over_time(tracks.transpose(0, 1).contiguous()).transpose(0, 1).contiguous()
            near = conv_norm(short_conv(far) + far)
            objects = over_objects(near.view(frames * videos, count, dim))
            objects = ffn(cross_attention(objects, objects, memory, memory))
            x = objects.view(frames, videos, count, dim)
            yield x

    def output(self, queries: Tensor) -> RefinerOutput:
        """Return what queries [T, ..., C] of a layer stand for, with the same middle of the shape."""
        normed = self.decoder_norm(queries)
        weights = self.activation_proj(normed).softmax(dim=0)  # over time
        return RefinerOutput(
            queries=normed,
            class_logits=self.class_embed(torch.sum(normed * weights, dim=0)),
            mask_embeddings=self.mask_embed(normed),
        )


class ShortConv(nn.Conv1d):
    """A convolution over a few frames, which repeats the first and the last one at the ends.

    Done as one product a step in time, of slices that lie together in memory: convolutions of so few frames
    spend their time elsewhere.
    """

    bias: Tensor

    def __init__(self, dim: int, kernel: int) -> None:
        super().__init__(dim, dim, kernel)

    def forward(self, x: Tensor) -> Tensor:
        """[T, Q, C] -> the same shape."""
        reach = self.kernel_size[0] // 2
        padded = torch.cat([x[:1].expand(reach, -1, -1), x, x[-1:].expand(reach, -1, -1)])
        total = self.bias
        for step, weight in enumerate(self.weight.unbind(2)):
            total = torch.addmm(total, padded[step : step + len(x)].flatten(0, 1), weight.t())
        return total.view_as(x)
