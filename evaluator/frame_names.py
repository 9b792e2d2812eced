"""The names of the frames that a ground truth lists, in order: what a model looks up in a folder of frames.

Only names are read, so that it takes a moment, and the site may import this module at no cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from evaluator.catalog import BENCHMARKS
from evaluator.files.members import Members, open_members
from evaluator.files.source import map_file
from evaluator.maps.names import frame_order

__all__ = ["frame_order", "listed_frames"]

_DATA_FOLDER: Final = "data"
_MASK_FOLDER: Final = "mask"
_JSON_BYTES: Final = 4 << 30


class _Image(msgspec.Struct):
    file_name: str | None = None


class _InstanceVideo(msgspec.Struct):
    id: int
    file_names: list[str] | None = None


class _InstanceFile(msgspec.Struct):
    videos: list[_InstanceVideo]


class _PanopticImages(msgspec.Struct):
    video_id: str | int
    images: list[_Image] | None = None


class _PanopticVideo(msgspec.Struct):
    video_id: str | int
    annotations: list[_Image]


class _PanopticFile(msgspec.Struct):
    annotations: list[_PanopticVideo]
    videos: list[_PanopticImages] | None = None


def listed_frames(benchmark: str, path: Path) -> dict[str, list[str]]:
    """Return the names of each video's frames, with "/" between folders.

    A video is known by its id, as text, or by its name where the ground truth consists of maps. One whose
    frames the ground truth does not list is left out. Frames of semantic videos are those of the maps,
    without suffix: the pictures have another one.

    Args:
        benchmark: key in `evaluator.catalog.BENCHMARKS`.
        path: a ground truth that was found to be good: the annotation file, or the folder or archive of maps.

    Raises:
        ValueError: the file is not JSON of this form.
        OSError: it cannot be read.
    """
    task = BENCHMARKS[benchmark].task
    if task == "vis":
        instances = msgspec.json.decode(map_file(path), type=_InstanceFile)
        return {str(video.id): video.file_names for video in instances.videos if video.file_names}
    members = open_members(path)
    try:
        return _panoptic(members) if task == "vps" else _semantic(members.names)
    finally:
        members.close()


def _panoptic(members: Members) -> dict[str, list[str]]:
    files = sorted(name for name in members.names if "/" not in name and name.endswith(".json"))
    named = [name for name in files if name.startswith("panoptic")] or files
    if not named:
        raise ValueError("no JSON file")
    truth = msgspec.json.decode(members.read(named[0], _JSON_BYTES), type=_PanopticFile)
    images = {str(video.video_id): video.images or [] for video in truth.videos or []}
    found = {}
    for video in truth.annotations:
        name, maps = str(video.video_id), video.annotations
        pictures = images.get(name, [])
        frames = [frame.file_name for frame in (pictures if len(pictures) == len(maps) else maps)]
        if all(frames):
            found[name] = [f if f.startswith(f"{name}/") else f"{name}/{f}" for f in frames if f]
    return found


def _semantic(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in map(PurePosixPath, names):
        folders = path.parts[:-1]
        if folders[:1] == (_DATA_FOLDER,):
            folders = folders[1:]
        if folders[-1:] == (_MASK_FOLDER,):
            folders = folders[:-1]
        if path.suffix == ".png" and folders:
            found.setdefault("/".join(folders), []).append(path.name.removesuffix(".png"))
    return {
        video: [f"{video}/{frame}" for frame in sorted(frames, key=frame_order)]
        for video, frames in found.items()
    }
