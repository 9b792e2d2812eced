"""Reads one frame of a mask store, in plain Python: for posters. See `evaluator.playback.store`."""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from webapp.playback.models import MaskStore


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """One video of a store. Its pieces lie between `offsets` in the file."""

    path: Path
    offsets: Sequence[int]
    head: dict[str, Any]

    @classmethod
    def open(cls, store: MaskStore, path: Path, video_id: int) -> "StoredVideo | None":
        """Return a video; None where the store lacks it. Raises OSError."""
        offsets = store.offsets(video_id)
        return cls(path, offsets, json.loads(_piece(path, offsets, 0))) if offsets else None

    @property
    def has_maps(self) -> bool:
        return str(self.head["kind"]) == "maps"

    def busiest_frame(self) -> int:
        """Return the frame between whose first and last the most objects are, near the middle. 0 if empty."""
        changes = [0] * (self.head["length"] + 1)
        for one in self.head["objects"]:
            if one["first"] is not None:
                changes[one["first"]] += 1
                changes[one["last"] + 1] -= 1
        middle, best, here = (self.head["length"] - 1) / 2, (0, 0.0, 0), 0
        for frame in range(self.head["length"]):
            here += changes[frame]
            best = max(best, (here, -abs(frame - middle), frame))
        return best[2]

    def masks(self, frame: int) -> Iterator[tuple[int, Image.Image]]:
        """Yield the tracklets of a frame that have a pixel there, by index, with masks of the full size."""
        height, width = self.head["height"], self.head["width"]
        window, at = self._window(frame)
        objects, frames = struct.unpack_from("<II", window)
        lengths = struct.unpack_from(f"<{objects * frames}I", window, 8)
        begin = 8 + 4 * objects * frames + sum(lengths[: at * objects])
        for number, length in enumerate(lengths[at * objects : (at + 1) * objects]):
            if length:
                columns = bytearray(height * width)
                for first, last in _bounds(window[begin : begin + length]):
                    columns[first:last] = b"\xff" * (last - first)
                turned = Image.frombytes("L", (height, width), bytes(columns))
                yield number, turned.transpose(Image.Transpose.TRANSPOSE)
            begin += length

    def map(self, frame: int, colours: int) -> Image.Image:
        """Return a map of the full size: 0 for no object, else one more than its index modulo `colours`."""
        window, at = self._window(frame)
        (frames,) = struct.unpack_from("<I", window)
        lengths = struct.unpack_from(f"<{frames}I", window, 4)
        begin = 4 + 4 * frames + sum(lengths[:at])
        numbers = _numbers(window[begin : begin + lengths[at]])
        runs = zip(numbers, numbers, strict=True)
        rows = b"".join(bytes([(one - 1) % colours + 1 if one else 0]) * length for one, length in runs)
        return Image.frombytes("L", (self.head["width"], self.head["height"]), rows)

    def _window(self, frame: int) -> tuple[bytes, int]:
        piece, at = divmod(frame, self.head["window"])
        return _piece(self.path, self.offsets, 1 + piece), at


def _piece(path: Path, offsets: Sequence[int], number: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offsets[number])
        return zlib.decompress(file.read(offsets[number + 1] - offsets[number]))


def _numbers(coded: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in coded:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield (value >> 1) ^ -(value & 1)
            value = shift = 0


def _bounds(coded: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each run of a mask begins and ends, in pixels column by column."""
    runs: list[int] = []
    at = first = 0
    for number in _numbers(coded):
        runs.append(number + runs[-2] if len(runs) > 2 else number)
        at += runs[-1]
        if len(runs) % 2:
            first = at
        else:
            yield first, at
