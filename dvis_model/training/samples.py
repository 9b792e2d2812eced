"""What training learns from: some frames of a video, with the masks of its objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvis_model.config import DvisConfig


@dataclass(frozen=True, slots=True)
class Sample:
    """T frames of one video.

    Attributes:
        frames: uint8 RGB [T, H, W, 3].
        labels: int64 [N], the class of each object; for semantic segmentation an object is a class.
        masks: bool [N, T, H, W]; each object is to be seen in some frame.
    """

    frames: NDArray[np.uint8]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_]

    def flipped(self) -> Sample:
        """Return it with left and right exchanged."""
        return Sample(self.frames[:, :, ::-1], self.labels, self.masks[..., ::-1])


class Videos(Protocol):
    """A source of samples."""

    @property
    def count(self) -> int | None:
        """The number of its videos; None: as many as are wanted."""

    def sample(self, rng: np.random.Generator, step: int, frames: int) -> Sample:
        """Return some neighbouring frames of a video that the random numbers choose.

        Args:
            step: number of the training step. The same random numbers and step give the same sample.
        """

    def whole(self, number: int) -> Sample:
        """Return a video from its first frame to its last."""


@dataclass(frozen=True, slots=True)
class Clips:
    """B samples of T frames as tensors.

    Attributes:
        frames: [B, T, 3, H, W], normalised; padded with zeros below and on the right.
        clip: int64 [N], the sample of each object, ascending.
        labels: int64 [N].
        masks: float [N, T, H, W], 0 or 1.
    """

    frames: Tensor
    clip: Tensor
    labels: Tensor
    masks: Tensor


def collate(samples: Sequence[Sample], config: DvisConfig, device: torch.device) -> Clips:
    """Return samples as one batch, which is as large as the largest of them, rounded up for the network."""
    divisor = config.size_divisibility
    height, width = (
        -(-max(sample.frames.shape[side] for sample in samples) // divisor) * divisor for side in (1, 2)
    )
    length = len(samples[0].frames)
    clip = np.repeat(np.arange(len(samples)), [len(sample.labels) for sample in samples])
    frames = torch.zeros(len(samples), length, 3, height, width)
    masks = torch.zeros(len(clip), length, height, width)
    mean, std = torch.tensor([config.pixel_mean, config.pixel_std])[..., None, None]
    begin = 0
    for index, sample in enumerate(samples):
        rows, columns = sample.frames.shape[1:3]
        pixels = torch.from_numpy(np.ascontiguousarray(sample.frames)).permute(0, 3, 1, 2)
        frames[index, :, :, :rows, :columns] = (pixels - mean) / std
        end = begin + len(sample.labels)
        masks[begin:end, :, :rows, :columns] = torch.from_numpy(np.ascontiguousarray(sample.masks))
        begin = end
    labels = np.concatenate([sample.labels for sample in samples])
    return Clips(
        frames=frames.to(device, non_blocking=True),
        clip=torch.from_numpy(clip).to(device),
        labels=torch.from_numpy(labels).to(device),
        masks=masks.to(device, non_blocking=True),
    )
