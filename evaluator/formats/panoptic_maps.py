"""The maps of a panoptic ground truth as runs of equal ids, decoded from PNG."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.formats import png
from evaluator.formats.panoptic_truth import PanopticTruth, read_panoptic_truth
from evaluator.metrics.joint_table import encode_runs
from evaluator.problems import GroundTruthError, Where, problem

_FILE_BYTES = png.file_limit(1, png.LARGEST_IMAGE)


@dataclass(frozen=True, slots=True)
class RunMap:
    """One map: `values` uint32 [runs], `ends` int32 [runs], see `metrics.joint_table.encode_runs`."""

    height: int
    width: int
    values: NDArray[np.uint32]
    ends: NDArray[np.int32]


@dataclass(slots=True)
class TruthMaps:
    """Gives the maps of a ground truth video by video; any thread may ask."""

    truth: PanopticTruth
    _sha256: dict[int, str] = field(default_factory=dict)

    def read_video(self, index: int) -> list[RunMap]:
        """Return the maps of a video, all of one size. Raises GroundTruthError, OSError."""
        video = self.truth.videos[index]
        sha256 = hashlib.sha256()
        maps: list[RunMap] = []
        for number, file in enumerate(video.files):
            contents = self.truth.members.read(file, _FILE_BYTES)
            sha256.update(hashlib.sha256(contents).digest())
            try:
                header = png.read_header(contents)
                if maps and (header.height, header.width) != (maps[0].height, maps[0].width):
                    size = f"{maps[0].height} x {maps[0].width}"
                    message = f"The map has {header.height} x {header.width} pixels, the first one {size}."
                    raise png.PngInvalid("png-size", message)
                ids = png.decode_ids(contents, header)
            except png.PngInvalid as error:
                where = Where(file=file, video_id=video.name, frame=number)
                raise GroundTruthError([problem("gt-map", where, str(error))]) from error
            maps.append(RunMap(header.height, header.width, *encode_runs(ids)))
        self._sha256[index] = sha256.hexdigest()
        return maps

    def sha256(self, index: int) -> str:
        """Return the SHA-256 of the files of a video, which `read_video` has read."""
        return self._sha256[index]


def open_truth_maps(path: Path, prepared_dir: Path | None) -> TruthMaps:
    """Open a ground truth. Raises GroundTruthError, OSError."""
    return TruthMaps(read_panoptic_truth(path))
