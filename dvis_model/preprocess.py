"""RGB frames -> what the network takes: resized as the official code does, normalised, padded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from dvis_model.config import DvisConfig

Frame = NDArray[np.uint8]
Size = tuple[int, int]


class FrameProblem(ValueError):
    """A frame that cannot be used; the message says which one and why."""


@dataclass(frozen=True, slots=True)
class FrameSizes:
    """(height, width) in pixels of one video's frames at every step.

    Attributes:
        original: as they came.
        image: resized.
        padded: what the network sees; the image is its top left part.
        output: of the result.
    """

    original: Size
    image: Size
    padded: Size
    output: Size


def frame_sizes(
    original: Size,
    config: DvisConfig,
    *,
    short_side: int | None = None,
    output: tuple[int | None, int | None] = (None, None),
) -> FrameSizes:
    """Return the sizes for frames of an original size (height, width).

    Args:
        short_side: of the resized image; None: as the configuration says; 0: no resizing.
        output: height and width of the result; None: the original's.
    """
    wanted = config.min_size_test if short_side is None else short_side
    image = resized_size(original, wanted, config.max_size_test) if wanted else original
    divisor = config.size_divisibility
    return FrameSizes(
        original=original,
        image=image,
        padded=(-(-image[0] // divisor) * divisor, -(-image[1] // divisor) * divisor),
        output=(output[0] or original[0], output[1] or original[1]),
    )


def resized_size(original: Size, short_side: int, long_side: int) -> Size:
    """Return the size with this short side, or with this long side where it would be exceeded; no side is 0.

    >>> resized_size((720, 1280), 360, 1333)
    (360, 640)
    >>> resized_size((1000, 4000), 720, 1333)
    (333, 1333)
    """
    height, width = original
    scale = short_side / min(height, width)
    new_height, new_width = (short_side, scale * width) if height < width else (scale * height, short_side)
    excess = max(new_height, new_width)
    if excess > long_side:
        new_height, new_width = new_height * long_side / excess, new_width * long_side / excess
    return max(int(new_height + 0.5), 1), max(int(new_width + 0.5), 1)


def checked_frames(frames: Iterable[Any]) -> Iterator[Frame]:
    """Yield the frames; all of one size.

    Raises:
        FrameProblem: a frame is not a uint8 [h, w, 3] array, or not of the size of the first.
    """
    first: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        if (
            not isinstance(frame, np.ndarray)
            or frame.dtype != np.uint8
            or frame.ndim != 3
            or frame.shape[2] != 3
        ):
            raise FrameProblem(
                f"Frame {index}: expected an RGB array, uint8 [height, width, 3], but got {_described(frame)}"
            )
        first = first or frame.shape
        if frame.shape != first:
            raise FrameProblem(
                f"Frame {index}: is {frame.shape[1]}x{frame.shape[0]}, but frame 0 is {first[1]}x{first[0]}. "
                "All frames of a video must have one size: resize them first."
            )
        if 0 in frame.shape:
            raise FrameProblem(f"Frame {index}: has no pixels, its shape is {frame.shape}")
        yield frame


def _described(frame: Any) -> str:
    if isinstance(frame, np.ndarray):
        return f"{frame.dtype} {list(frame.shape)}"
    return type(frame).__name__


def windows(frames: Iterator[Frame], size: int) -> Iterator[list[Frame]]:
    """Yield the frames in lists of `size`; the last may be shorter."""
    while window := list(islice(frames, size)):
        yield window


def network_input(frames: Sequence[Frame], sizes: FrameSizes, config: DvisConfig, like: Tensor) -> Tensor:
    """Return [T, 3, H, W] of the type and on the device of `like`: resized, normalised, then padded below and
    on the right with zeros."""
    resized = np.stack([_resized(frame, sizes.image) for frame in frames])
    pixels = torch.from_numpy(resized).to(like.device).permute(0, 3, 1, 2)
    mean, std = like.new_tensor([config.pixel_mean, config.pixel_std])[..., None, None]
    padded = like.new_zeros(len(frames), 3, *sizes.padded)
    padded[:, :, : sizes.image[0], : sizes.image[1]] = (pixels.to(like.dtype) - mean) / std
    return padded


def _resized(frame: Frame, size: Size) -> Frame:
    if frame.shape[:2] == size:
        return frame
    return np.asarray(Image.fromarray(frame).resize((size[1], size[0]), Image.Resampling.BILINEAR))
