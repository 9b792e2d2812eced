"""The mask store: all masks of one file, for a browser that reads them video by video, window by window.

A store is a sequence of pieces, each compressed by itself (zlib, which browsers call "deflate"). An index,
kept beside it, says where they begin: each video has a head and, behind it, a piece for every `WINDOW`
frames. So a server answers with ranges of bytes and decodes nothing.

The index knows videos by id; those of maps, whose ids are names, are numbered from 1 in the order of the
ground truth, as `evaluator.ground_truths` does.

The head is JSON: `kind`, `length`, `height`, `width`, `window`, and `objects`, a list of
`{category, score, first, last, frames}`. `first` and `last` are frames, null where none has a pixel; `frames`
is how many have one. `category` is null where it is none of the benchmark's; `crowd: true` marks annotated
crowds. Of kind "tracklets" the object with the highest score, which is painted last, comes first. Of kind
"maps" objects stand in the order in which they appear, without score: the segments of a panoptic video,
with their id as `segment`, or the classes of a semantic one.

A window of kind "tracklets" holds N masks in each of its F frames: N and F as uint32, then F x N uint32, the
length in bytes of each mask (0 where there is none), then the masks. A mask is its runs, column by column,
background first, without the last run of background: the numbers r0, r1, r2, r3 - r1, r4 - r2, ... in zigzag
order (0, -1, 1, -2, ... are 0, 1, 2, 3, ...), seven bits in a byte, lowest first, the highest bit set if the
number goes on.

A window of kind "maps" holds F frames: F as uint32, then F x uint32, the length in bytes of each frame, then
the frames. A frame is its runs, row by row, one after another to the last pixel of the last row: for each
the object, 0 for none, 1 for the first one of the head, and the number of its pixels, both written as
numbers of masks are.

A store of kind "events" has heads alone (`evaluator.playback.events`). All numbers are little-endian.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.video_pool import each_video
from evaluator.options import Options

WINDOW: Final = 32
"""Frames in a window: one second of a film, so that the first comes at once and few are asked for."""
LEVEL: Final = 6
MAGIC: Final = b"DVISMSK1"


@dataclass(frozen=True, slots=True)
class Pieces:
    """The head and the windows of one video, compressed."""

    video: int
    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StoreIndex:
    """Where the pieces of each video lie: for P pieces P + 1 offsets in bytes, the last one their end."""

    videos: dict[str, tuple[int, ...]]
    size: int

    def to_json(self) -> dict[str, Any]:
        """Return a form for a database; `from_json` is its inverse."""
        return {"videos": {key: list(offsets) for key, offsets in self.videos.items()}, "size": self.size}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> StoreIndex:
        return cls({key: tuple(offsets) for key, offsets in value["videos"].items()}, int(value["size"]))


def pack_head(head: dict[str, Any]) -> bytes:
    """Return the first piece of a video."""
    return pack(json.dumps(head, separators=(",", ":"), allow_nan=False).encode())


def changes(values: NDArray[np.integer[Any]]) -> list[list[int]]:
    """Return [frame, value] wherever a value differs from that of the frame before."""
    at = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()] if len(values) else []
    return [[frame, int(values[frame])] for frame in at]


def write_store(path: Path, videos: Iterable[Pieces]) -> StoreIndex:
    """Write the pieces of all videos to a new file, which appears when it is whole, and return their places.

    Raises:
        OSError: it cannot be written; nothing is left of it then.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    found: dict[str, tuple[int, ...]] = {}
    try:
        with draft.open("wb") as file:
            file.write(MAGIC)
            for video in videos:
                offsets = [file.tell()]
                for part in video.parts:
                    file.write(part)
                    offsets.append(file.tell())
                found[str(video.video)] = tuple(offsets)
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return StoreIndex(found, size)


def store_videos(path: Path, pieces: Callable[[int], Pieces], videos: int, options: Options) -> StoreIndex:
    """Write pieces(0), pieces(1) ..., made in `options.workers` processes; see `write_store`."""

    def each() -> Iterator[Pieces]:
        for done, found in enumerate(each_video(pieces, videos, options.workers), start=1):
            options.report_progress(done, videos)
            yield found

    return write_store(path, each())


def pack(*parts: bytes) -> bytes:
    """Return the parts together, compressed."""
    packed = zlib.compressobj(LEVEL)
    return b"".join([*map(packed.compress, parts), packed.flush()])
