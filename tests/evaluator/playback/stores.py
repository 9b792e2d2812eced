"""Reads mask stores by their description alone, slowly, as a second opinion on what was written."""

import json
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.playback.store import StoreIndex


def pieces(path: Path, index: StoreIndex, video: int) -> list[bytes]:
    """The pieces of one video, each decompressed."""
    contents, offsets = path.read_bytes(), index.videos[str(video)]
    return [zlib.decompress(contents[begin:end]) for begin, end in pairwise(offsets)]


def head(path: Path, index: StoreIndex, video: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pieces(path, index, video)[0])
    return found


def masks(path: Path, index: StoreIndex, video: int) -> NDArray[np.bool_]:
    """Every mask of one video [objects, frames, height, width]."""
    first, *windows = pieces(path, index, video)
    shape = json.loads(first)
    found = [_window(window, shape["height"], shape["width"]) for window in windows]
    return np.concatenate(found, axis=1)


def _window(window: bytes, height: int, width: int) -> NDArray[np.bool_]:
    objects, frames = np.frombuffer(window, "<u4", 2).tolist()
    lengths = np.frombuffer(window, "<u4", objects * frames, 8).reshape(frames, objects)
    at = 8 + 4 * objects * frames
    found = np.zeros((objects, frames, width * height), bool)
    for t in range(frames):
        for n in range(objects):
            end = at + int(lengths[t, n])
            _paint(window[at:end], found[n, t])
            at = end
    assert at == len(window)
    return found.reshape(objects, frames, width, height).swapaxes(2, 3)


def maps(path: Path, index: StoreIndex, video: int) -> NDArray[np.int64]:
    """The object of every pixel of one video of maps [frames, height, width], -1 for none."""
    first, *windows = pieces(path, index, video)
    shape = json.loads(first)
    assert shape["kind"] == "maps"
    found: list[list[int]] = []
    for window in windows:
        frames = int(np.frombuffer(window, "<u4", 1)[0])
        at = 4 + 4 * frames
        for length in np.frombuffer(window, "<u4", frames, 4).tolist():
            numbers = _numbers(window[at : at + length])
            found.append([])
            for one, pixels in zip(numbers[::2], numbers[1::2], strict=True):
                found[-1] += [one - 1] * pixels
            at += length
        assert at == len(window)
    return np.array(found, np.int64).reshape(shape["length"], shape["height"], shape["width"])


def _numbers(coded: bytes) -> list[int]:
    found: list[int] = []
    value = shift = 0
    for byte in coded:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    assert shift == 0
    return found


def _paint(mask: bytes, pixels: NDArray[np.bool_]) -> None:
    runs: list[int] = []
    for number in _numbers(mask):
        runs.append(number + runs[-2] if len(runs) > 2 else number)
    ends = np.cumsum(runs)
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        pixels[begin:end] = True
