"""Reads one frame of a mask store, in plain Python: for posters. See `evaluator.playback.store`.

A submission may be made to be slow to read. So only little of it is read, and a poster lacks some masks.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from webapp.playback.heads import HEAD_BYTES
from webapp.playback.models import MaskStore

# Of a window, unpacked: 32 frames of a crowd take 2 MB.
WINDOW_BYTES: Final = 32 << 20
# Of a frame: about a quarter of a second of reading. Masks of people and cars take 1 to 4 kB each.
FRAME_BYTES: Final = 1 << 18


class TooComplex(ValueError):
    """A poster does without these masks."""


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """One video of a store. Its pieces lie between `offsets` in the file."""

    path: Path
    offsets: Sequence[int]
    head: dict[str, Any]

    @classmethod
    def open(cls, store: MaskStore, path: Path, video_id: int) -> "StoredVideo | None":
        """Return a video; None where the store lacks it. Raises OSError, zlib.error, TooComplex."""
        offsets = store.offsets(video_id)
        return cls(path, offsets, json.loads(_piece(path, offsets, 0, HEAD_BYTES))) if offsets else None

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
        """Yield the tracklets of a frame that have a pixel there, by index, with masks of the full size.

        What would take more than FRAME_BYTES together is left out. Raises OSError, zlib.error, TooComplex.
        """
        height, width = self.head["height"], self.head["width"]
        window, at = self._window(frame)
        objects, frames = struct.unpack_from("<II", window)
        lengths = struct.unpack_from(f"<{objects * frames}I", window, 8)
        begin = 8 + 4 * objects * frames + sum(lengths[: at * objects])
        left = FRAME_BYTES
        for number, length in enumerate(lengths[at * objects : (at + 1) * objects]):
            if 0 < length <= left:
                left -= length
                columns = bytearray(height * width)
                for first, last in _bounds(window[begin : begin + length]):
                    columns[first:last] = b"\xff" * (last - first)
                turned = Image.frombytes("L", (height, width), bytes(columns))
                yield number, turned.transpose(Image.Transpose.TRANSPOSE)
            begin += length

    def map(self, frame: int, colours: int) -> Image.Image:
        """Return a map of the full size: 0 for no object, else one more than its index modulo `colours`.

        Raises OSError, zlib.error, TooComplex.
        """
        window, at = self._window(frame)
        (frames,) = struct.unpack_from("<I", window)
        lengths = struct.unpack_from(f"<{frames}I", window, 4)
        begin = 4 + 4 * frames + sum(lengths[:at])
        if lengths[at] > FRAME_BYTES:
            raise TooComplex
        numbers = _numbers(window[begin : begin + lengths[at]])
        runs = zip(numbers, numbers, strict=True)
        rows = b"".join(bytes([(one - 1) % colours + 1 if one else 0]) * length for one, length in runs)
        return Image.frombytes("L", (self.head["width"], self.head["height"]), rows)

    def _window(self, frame: int) -> tuple[bytes, int]:
        piece, at = divmod(frame, self.head["window"])
        return _piece(self.path, self.offsets, 1 + piece, WINDOW_BYTES), at


def _piece(path: Path, offsets: Sequence[int], number: int, most: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offsets[number])
        packed = file.read(min(offsets[number + 1] - offsets[number], most + 1))
    reader = zlib.decompressobj()
    found = reader.decompress(packed, most)
    if not reader.eof:
        raise TooComplex
    return found


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
