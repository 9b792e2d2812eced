"""ResNet (He et al., arXiv:1512.03385) with frozen batch norms, stride in the 3x3 convolutions."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DEPTHS: Final = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
# Depth from which on the blocks are bottlenecks.
LEAST_BOTTLENECKS: Final = 50
EPSILON: Final = 1e-5


class FrozenBatchNorm(nn.Module):
    """The statistics and the affine map of a batch norm that is never trained."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels) - EPSILON)

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Return scale and shift [C]: the norm is x * scale + shift."""
        scale = self.weight * (self.running_var + EPSILON).rsqrt()
        return scale, self.bias - self.running_mean * scale


class ConvNorm(nn.Conv2d):
    """A convolution without bias and its frozen batch norm, done as one convolution.

    Folding at each call costs one pass over the weights, and keeps no copy that could become stale.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.norm = FrozenBatchNorm(outputs)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        scale, shift = self.norm.scale_and_shift()
        weight = self.weight * scale[:, None, None, None]
        return F.conv2d(x, weight, shift, self.stride, self.padding)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around an identity, or a 1x1 shortcut where the shape changes."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.shortcut = (
            ConvNorm(inputs, width, 1, stride) if inputs != width or stride != 1 else nn.Identity()
        )
        self.conv1 = ConvNorm(inputs, width, 3, stride)
        self.conv2 = ConvNorm(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv1(x), inplace=True)
        return F.relu(self.conv2(y) + self.shortcut(x), inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around an identity, or a 1x1 shortcut where the shape changes."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = self.expansion * width
        self.shortcut = (
            ConvNorm(inputs, outputs, 1, stride) if inputs != outputs or stride != 1 else nn.Identity()
        )
        self.conv1 = ConvNorm(inputs, width, 1)
        self.conv2 = ConvNorm(width, width, 3, stride)
        self.conv3 = ConvNorm(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv1(x), inplace=True)
        y = F.relu(self.conv2(y), inplace=True)
        return F.relu(self.conv3(y) + self.shortcut(x), inplace=True)


class Stem(nn.Module):
    """The 7x7 convolution and the pooling before the first stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(3, width, 7, 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(F.relu(self.conv1(x), inplace=True), kernel_size=3, stride=2, padding=1)


class ResNet(nn.Module):
    """ResNet of 50, 101 or 152 layers in bottlenecks, or of 10 or 18 in basic blocks.

    Attributes:
        channels: of res2 to res5.
    """

    def __init__(self, depth: int = 50, width: int = 64) -> None:
        super().__init__()
        self.stem = Stem(width)
        block = Bottleneck if depth >= LEAST_BOTTLENECKS else BasicBlock
        inputs = width
        channels = []
        for stage, blocks in enumerate(DEPTHS[depth]):
            strides = [1 if stage == 0 else 2] + [1] * (blocks - 1)
            layers = []
            for stride in strides:
                layers.append(block(inputs, width << stage, stride))
                inputs = block.expansion * (width << stage)
            channels.append(inputs)
            self.add_module(f"res{stage + 2}", nn.Sequential(*layers))
        self.channels = tuple(channels)

    def forward(self, frames: Tensor) -> list[Tensor]:
        """frames [T, 3, H, W] -> res2 to res5: [T, C_i, H/s, W/s] of strides 4 to 32."""
        x = self.stem(frames.contiguous(memory_format=torch.channels_last))
        features = []
        for stage in range(2, 6):
            x = self.get_submodule(f"res{stage}")(x)
            features.append(x)
        return features
