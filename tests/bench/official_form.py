"""The same modules in the form of the official code, as the yardstick of speed.

Written anew from how the official code computes: deformable attention reads each level by grid sampling;
batch norms are steps of their own; attention weights are written out and masks repeated for every head;
masks and classes are computed after every layer, at full size, although only the last ones are used. The
parameters are those of our model.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dvis_model.backbones.resnet import EPSILON, Bottleneck, ConvNorm, ResNet
from dvis_model.layers import FfnLayer, MultiheadAttention, SelfAttentionLayer, mask_product
from dvis_model.masked_decoder import LEVELS, MaskedDecoder
from dvis_model.model import Dvis
from dvis_model.pixel_decoder import DeformableEncoderLayer, PixelDecoder
from dvis_model.position_encoding import sine_position

Shapes = Sequence[tuple[int, int]]


def conv_norm(conv: ConvNorm, x: Tensor) -> Tensor:
    norm = conv.norm
    x = F.conv2d(x, conv.weight, None, conv.stride, conv.padding)
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, EPSILON)


def bottleneck(block: Bottleneck, x: Tensor) -> Tensor:
    y = F.relu(conv_norm(block.conv1, x))
    y = F.relu(conv_norm(block.conv2, y))
    y = conv_norm(block.conv3, y)
    shortcut = conv_norm(block.shortcut, x) if isinstance(block.shortcut, ConvNorm) else x
    return F.relu(y + shortcut)


def backbone(resnet: ResNet, frames: Tensor) -> list[Tensor]:
    x = F.max_pool2d(F.relu(conv_norm(resnet.stem.conv1, frames)), 3, 2, 1)
    features = []
    for stage in range(2, 6):
        for block in resnet.get_submodule(f"res{stage}"):
            x = bottleneck(block, x)
        features.append(x)
    return features


def grid_sampled(value: Tensor, shapes: Shapes, places: Tensor, weights: Tensor) -> Tensor:
    """value [T, S, H, D], places [T, N, H, L, P, 2] in [0, 1], weights [T, N, H, L, P] -> [T, N, H * D]."""
    frames, _, heads, dim = value.shape
    grids = 2 * places - 1
    read = []
    for level, (shape, part) in enumerate(
        zip(shapes, value.split([h * w for h, w in shapes], dim=1), strict=True)
    ):
        maps = part.flatten(2).transpose(1, 2).reshape(frames * heads, dim, *shape)
        grid = grids[:, :, :, level].transpose(1, 2).flatten(0, 1)
        read.append(F.grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False))
    shares = weights.transpose(1, 2).flatten(3).flatten(0, 1)[:, None]
    return (
        (torch.stack(read, dim=-2).flatten(-2) * shares).sum(-1).view(frames, heads * dim, -1).transpose(1, 2)
    )


def encoder_layer(
    layer: DeformableEncoderLayer, tokens: Tensor, position: Tensor, reference: Tensor, shapes: Shapes
) -> Tensor:
    attention = layer.self_attn
    heads, levels, points = attention.num_heads, attention.num_levels, attention.num_points
    query = tokens + position
    value = attention.value_proj(tokens).unflatten(-1, (heads, -1))
    offsets = attention.sampling_offsets(query).unflatten(-1, (heads, levels, points, 2))
    weights = attention.attention_weights(query).unflatten(-1, (heads, levels * points)).softmax(-1)
    scale = torch.tensor([(w, h) for h, w in shapes], dtype=torch.float32)[:, None]
    places = reference[:, :, None, :, None] + offsets / scale
    read = grid_sampled(value, shapes, places, weights.unflatten(-1, (levels, points)))
    tokens = layer.norm1(tokens + attention.output_proj(read))
    return layer.norm2(tokens + layer.linear2(F.relu(layer.linear1(tokens))))


def pixel_decoder(decoder: PixelDecoder, features: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    lateral, *encoded = features
    maps = [proj(x) for proj, x in zip(decoder.input_proj, reversed(encoded), strict=True)]
    shapes = [(x.shape[-2], x.shape[-1]) for x in maps]
    tokens = torch.cat([x.flatten(2).transpose(1, 2) for x in maps], dim=1)
    levels = zip(shapes, decoder.transformer.level_embed, strict=True)
    position = torch.cat([sine_position(*s, 256, tokens.device) + level for s, level in levels])
    centres = [
        torch.stack(
            torch.meshgrid((torch.arange(h) + 0.5) / h, (torch.arange(w) + 0.5) / w, indexing="ij"), -1
        ).flatten(0, 1)
        for h, w in shapes
    ]
    reference = torch.cat(centres).flip(-1)[None, :, None].expand(len(tokens), -1, len(shapes), -1)
    for layer in decoder.transformer.encoder.layers:
        tokens = encoder_layer(layer, tokens, position, reference, shapes)
    memories = tokens.split([h * w for h, w in shapes], dim=1)
    finest = memories[-1].transpose(1, 2).unflatten(2, shapes[-1]).contiguous()
    up = F.interpolate(finest, lateral.shape[-2:], mode="bilinear", align_corners=False)
    return decoder.mask_features(F.relu(decoder.layer_1(decoder.adapter_1(lateral) + up))), list(memories)


def attend(
    attention: MultiheadAttention, q: Tensor, k: Tensor, v: Tensor, blocked: Tensor | None = None
) -> Tensor:
    attended, _ = F.multi_head_attention_forward(
        *(x.transpose(0, 1) for x in (q, k, v)),
        q.shape[-1],
        attention.num_heads,
        attention.in_proj_weight,
        attention.in_proj_bias,
        None,
        None,
        False,
        0.0,
        attention.out_proj.weight,
        attention.out_proj.bias,
        training=False,
        attn_mask=blocked,
    )
    return attended.transpose(0, 1)


def itself(layer: SelfAttentionLayer, x: Tensor, position: Tensor | float = 0.0) -> Tensor:
    return layer.norm(x + attend(layer.self_attn, x + position, x + position, x))


def feed(layer: FfnLayer, x: Tensor) -> Tensor:
    return layer.norm(x + layer.linear2(F.relu(layer.linear1(x))))


def masked_decoder(
    decoder: MaskedDecoder, memories: Sequence[Tensor], shapes: Shapes, mask_features: Tensor
) -> tuple[Tensor, Tensor]:
    """Return class logits [T, Q, K + 1] and mask logits [T, Q, h, w] of the last layer."""

    def heads(queries: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        normed = decoder.decoder_norm(queries)
        masks = mask_product(decoder.mask_embed(normed), mask_features)
        shrunk = F.interpolate(masks, shape, mode="bilinear", align_corners=False)
        blocked = shrunk.sigmoid().flatten(2)[:, None].repeat(1, 8, 1, 1).flatten(0, 1) < 0.5
        return decoder.class_embed(normed), masks, blocked

    queries = decoder.query_feat.weight.expand(len(mask_features), -1, -1)
    where = decoder.query_embed.weight
    classes, masks, blocked = heads(queries, shapes[0])
    for index in range(len(decoder.transformer_ffn_layers)):
        level = index % LEVELS
        value = memories[level] + decoder.level_embed.weight[level]
        key = value + sine_position(*shapes[level], value.shape[-1], value.device)
        blocked[blocked.all(dim=-1)] = False
        layer = decoder.transformer_cross_attention_layers[index]
        queries = layer.norm(queries + attend(layer.multihead_attn, queries + where, key, value, blocked))
        queries = itself(decoder.transformer_self_attention_layers[index], queries, where)
        queries = feed(decoder.transformer_ffn_layers[index], queries)
        classes, masks, blocked = heads(queries, shapes[(index + 1) % LEVELS])
    return classes, masks


def segment(model: Dvis, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Return class logits [T, Q, K + 1] and mask logits [T, Q, h, w]."""
    features = backbone(model.backbone, frames)
    mask_features, memories = pixel_decoder(model.sem_seg_head.pixel_decoder, features)
    shapes = [(x.shape[-2], x.shape[-1]) for x in reversed(features[1:])]
    return masked_decoder(model.sem_seg_head.predictor, memories, shapes, mask_features)
