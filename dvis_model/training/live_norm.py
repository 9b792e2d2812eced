"""Batch norms that learn, for training from scratch, and the way back to frozen ones."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from dvis_model.backbones.resnet import EPSILON, ConvNorm


class LiveConvNorm(nn.Module):
    """A convolution without bias and a batch norm that learns; entries have the names of `ConvNorm`."""

    def __init__(self, frozen: ConvNorm) -> None:
        super().__init__()
        self.weight, self.stride, self.padding = frozen.weight, frozen.stride, frozen.padding
        self.norm = nn.BatchNorm2d(frozen.out_channels, eps=EPSILON)
        self.norm.load_state_dict(frozen.norm.state_dict(), strict=False)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(F.conv2d(x, self.weight, None, self.stride, self.padding))
        return normed


def thaw(module: nn.Module) -> None:
    """Put batch norms that learn in the place of all frozen ones."""
    for name, child in module.named_children():
        if isinstance(child, ConvNorm):
            setattr(module, name, LiveConvNorm(child))
        else:
            thaw(child)
