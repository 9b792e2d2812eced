"""Ground truth of a tracklet benchmark as flat arrays, which can lie on disk and be mapped instead of parsed.

A prepared ground truth is content-addressed: its folder is named after the SHA-256 of the annotation file and
the version of this layout. So it never goes stale, and two processes that make it at once make the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.problems import Problem, Where, problem
from evaluator.types import CategoryInfo, VideoInfo

LAYOUT: Final = 3
_INFO = "info.json"


@dataclass(frozen=True, slots=True)
class TrackletArrays:
    """G tracklets ordered by video, category and position in the file; M masks, tracklet by tracklet.

    Attributes:
        video, category: int32 [G], indices in the lists of videos and categories.
        crowd: uint8 [G].
        mean_area: float64 [G], from the file's `areas`, not from the masks (as the official evaluation does).
        occlusion: float64 [G], occlusion score; NaN where the benchmark has none.
        levels: uint8 [M], how occluded each mask is (`occlusion.LEVEL_NUMBERS`); 0 where nothing is said.
        first, runs, areas: int64, int32, int64 [M], each mask's first bound, foreground runs and pixels.
        bounds: int32, see `evaluator.tracklets.rle`.
        first_tracklet, first_mask: int64 [videos + 1], where a video's tracklets and masks begin.
    """

    video: NDArray[np.int32]
    category: NDArray[np.int32]
    crowd: NDArray[np.uint8]
    mean_area: NDArray[np.float64]
    occlusion: NDArray[np.float64]
    levels: NDArray[np.uint8]
    first: NDArray[np.int64]
    runs: NDArray[np.int32]
    areas: NDArray[np.int64]
    bounds: NDArray[np.int32]
    first_tracklet: NDArray[np.int64]
    first_mask: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """Videos and categories in the order of their ids, and the tracklets of listed categories.

    `warnings` are for the organiser.
    """

    sha256: str
    videos: tuple[VideoInfo, ...]
    categories: tuple[CategoryInfo, ...]
    annotations: int
    tracklets: TrackletArrays
    warnings: tuple[Problem, ...] = ()


def prepared_path(folder: Path, sha256: str, variant: str) -> Path:
    """Return where the prepared form lies; `variant` tells readings of one file apart."""
    return folder / f"{sha256}-{variant}-{LAYOUT}"


def save(ground_truth: GroundTruth, path: Path) -> None:
    """Write the prepared form to the folder `path`, at once or not at all."""
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=path.parent, prefix="draft-"))
    try:
        for field in fields(TrackletArrays):
            np.save(
                draft / f"{field.name}.npy", getattr(ground_truth.tracklets, field.name), allow_pickle=False
            )
        info = {
            "sha256": ground_truth.sha256,
            "videos": [[v.id, v.name, v.length, v.height, v.width] for v in ground_truth.videos],
            "categories": [[c.id, c.name] for c in ground_truth.categories],
            "annotations": ground_truth.annotations,
            "warnings": [[w.code, w.where.to_json(), w.message] for w in ground_truth.warnings],
        }
        (draft / _INFO).write_text(json.dumps(info), encoding="utf-8")
        draft.rename(path)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not path.is_dir():  # otherwise another process was faster, with the same contents
            raise


def load(path: Path) -> GroundTruth | None:
    """Return the prepared form with its arrays mapped from disk, or None if there is none."""
    if not (path / _INFO).is_file():
        return None
    info: dict[str, Any] = json.loads((path / _INFO).read_text(encoding="utf-8"))
    arrays = {field.name: _map_array(path / f"{field.name}.npy") for field in fields(TrackletArrays)}
    with contextlib.suppress(PermissionError):  # a folder that others keep
        os.utime(path)  # the time of last use, for whoever clears old ones away
    return GroundTruth(
        sha256=info["sha256"],
        videos=tuple(VideoInfo(*values) for values in info["videos"]),
        categories=tuple(CategoryInfo(*values) for values in info["categories"]),
        annotations=info["annotations"],
        tracklets=TrackletArrays(**arrays),
        warnings=tuple(problem(code, Where(**where), message) for code, where, message in info["warnings"]),
    )


def _map_array(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.asarray(array).view(np.ndarray)
