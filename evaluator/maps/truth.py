"""The maps of a ground truth as runs of equal numbers: decoded from PNG, or prepared by an earlier call.

A prepared video is one file, named after the SHA-256 of its PNG files and the version of this layout. So it
never goes stale, and two processes that write it at once write the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.files.hashes import remembered_sha256
from evaluator.files.members import FolderMembers
from evaluator.maps import png
from evaluator.maps.joint_table import encode_runs
from evaluator.problems import GroundTruthError, Where, problem

LAYOUT: Final = 1
FILE_BYTES: Final = png.file_limit(1, png.LARGEST_IMAGE)
_SIZE_FIELDS = 2


@dataclass(frozen=True, slots=True)
class RunMap:
    """One map: `values` uint32 [runs], `ends` int32 [runs], see `evaluator.maps.joint_table.encode_runs`."""

    height: int
    width: int
    values: NDArray[np.uint32]
    ends: NDArray[np.int32]


@dataclass(slots=True)
class TruthMaps:
    """Gives the maps of a ground truth video by video; any process may ask.

    Attributes:
        members: the files of the ground truth.
        videos: name of each video, and its maps in the order of the frames.
        decode: `png.decode_ids` or `png.decode_values`.
        prepared_dir: where prepared videos are kept; None keeps nothing.
    """

    members: FolderMembers
    videos: Sequence[tuple[str, Sequence[str]]]
    decode: Callable[[bytes, png.PngHeader], NDArray[Any]]
    prepared_dir: Path | None = None
    _sha256: dict[int, str] = field(default_factory=dict)

    def read_video(self, index: int) -> list[RunMap]:
        """Return the maps of a video, all of one size. Raises GroundTruthError, OSError."""
        _, names = self.videos[index]
        if self.prepared_dir is None:
            files = list(self._read(names))
            self._sha256[index] = _joint_sha256(files)
            return self._decode(index, files)
        paths = [self.members.path(name) for name in names]
        sha256 = remembered_sha256(paths, self.prepared_dir, lambda: _joint_sha256(self._read(names)))
        self._sha256[index] = sha256
        path = self.prepared_dir / f"runs-{sha256}-{LAYOUT}.npy"
        if not path.is_file():
            _save(self._decode(index, self._read(names)), path)
        return _load(path, len(names))

    def sha256(self, index: int) -> str:
        """Return the SHA-256 of the files of a video, which `read_video` has read."""
        return self._sha256[index]

    def _read(self, names: Iterable[str]) -> Iterator[bytes]:
        return (self.members.read(name, FILE_BYTES) for name in names)

    def _decode(self, index: int, files: Iterable[bytes]) -> list[RunMap]:
        video, names = self.videos[index]
        maps: list[RunMap] = []
        for number, contents in enumerate(files):
            try:
                header = png.read_header(contents)
                if maps and (header.height, header.width) != (maps[0].height, maps[0].width):
                    size = f"{maps[0].height} x {maps[0].width}"
                    message = f"The map has {header.height} x {header.width} pixels, the first one {size}."
                    raise png.PngInvalid("png-size", message)
                runs = encode_runs(self.decode(contents, header))
            except png.PngInvalid as error:
                where = Where(file=names[number], video_id=video, frame=number)
                raise GroundTruthError([problem("gt-map", where, str(error))]) from error
            maps.append(RunMap(header.height, header.width, *runs))
        return maps


def _joint_sha256(files: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(contents).digest() for contents in files)).hexdigest()


def _save(maps: list[RunMap], path: Path) -> None:
    """Write height, width, the runs of each map, then the values and ends of each, as one uint32 array."""
    size = (maps[0].height, maps[0].width) if maps else (0, 0)
    parts = [np.array([*size, *(len(item.values) for item in maps)], np.uint32)]
    for item in maps:
        parts += [item.values, item.ends.view(np.uint32)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="draft-", delete=False) as file:
        np.save(file, np.concatenate(parts), allow_pickle=False)
    Path(file.name).replace(path)


def _load(path: Path, frames: int) -> list[RunMap]:
    """Return the prepared maps, mapped from disk."""
    words = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)).view(np.ndarray)
    height, width = (int(number) for number in words[:_SIZE_FIELDS])
    start = _SIZE_FIELDS + frames
    maps = []
    for runs in words[_SIZE_FIELDS:start].tolist():
        values, ends = words[start : start + runs], words[start + runs : start + 2 * runs]
        maps.append(RunMap(height, width, values, ends.view(np.int32)))
        start += 2 * runs
    with contextlib.suppress(PermissionError):  # a folder of another user
        os.utime(path)  # the time of last use, by which old ones can be deleted
    return maps
