"""Which videos are to be segmented, and what the benchmark calls them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from dvis_model.config import DvisConfig, Task
from dvis_model.video_files import Video

EXPECTED: Final[dict[Task, str]] = {
    "vis": "JSON with `videos`, each with `id` and `file_names`",
    "vps": "JSON with `videos`, each with `video_id` and `images`",
    "vss": "a list of videos, one name a line",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A video, and what the benchmark calls it: for instances a number, else its name."""

    video: Video
    id: int | str

    @property
    def part_name(self) -> str:
        """Of the file that holds its result."""
        return f"{self.id} {self.video.path.name}.zip"


def jobs_for(videos: Sequence[Video], config: DvisConfig, annotations: Path | None) -> list[Job]:
    """Return what is to be done, in the order of the videos' names.

    Args:
        annotations: the data set's file, which says which videos there are, and their ids: JSON of
            YouTube-VIS, OVIS or VIPSeg, a list of names (val.txt) of VSPW. Without it all are taken, and
            those for instances numbered from 1.

    Raises:
        ValueError: the file is none of a data set, or lists a video that is not there, or with another number
            of pictures; two have one name.
    """
    found = {video.name: video for video in videos}
    if len(found) < len(videos):
        count = Counter(video.name for video in videos)
        raise ValueError(f"Two videos are called {count.most_common(1)[0][0]!r}: rename one of them")
    if annotations is None:
        ids: dict[str, int | str] = {name: number for number, name in enumerate(found, start=1)}
    else:
        listed = _listed(annotations, config.task)
        _check_complete(listed, found, annotations)
        ids = {video.name: video.id for video in listed}
    return [Job(found[name], ids[name] if config.task == "vis" else name) for name in sorted(ids)]


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a data set says of a video: its folder's name, its id, and perhaps how many pictures it has."""

    name: str
    id: int | str
    length: int | None


def _listed(annotations: Path, task: Task) -> list[_Listed]:
    """Return a data set's videos; but for instances, name and id are the same."""
    try:
        if task == "vss":
            return [_Listed(name, name, None) for name in annotations.read_text("utf-8").split()]
        videos = json.loads(annotations.read_bytes())["videos"]
        if task == "vis":
            return [
                _Listed(PurePosixPath(files[0]).parts[-2], int(video["id"]), len(files))
                for video in videos
                for files in [video["file_names"]]
            ]
        names = [(str(video["video_id"]), len(video["images"])) for video in videos]
        return [_Listed(name, name, length) for name, length in names]
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(
            f"{annotations} is no annotation file for this task. Expected {EXPECTED[task]}, but got "
            f"{type(error).__name__}: {error}"
        ) from error


def _check_complete(listed: Sequence[_Listed], found: Mapping[str, Video], annotations: Path) -> None:
    """Raise ValueError unless the input has each video, with as many pictures as it should."""
    if not listed:
        raise ValueError(f"{annotations} lists no videos")
    for what, values in (("id", [x.id for x in listed]), ("name", [x.name for x in listed])):
        value, times = Counter(values).most_common(1)[0]
        if times > 1:
            raise ValueError(f"{annotations} lists {times} videos of the {what} {value!r}; expected one")
    missing = sorted(video.name for video in listed if video.name not in found)
    if missing:
        raise ValueError(
            f"Not among the input: {len(missing)} of the {len(listed)} videos in {annotations.name}, "
            f"first {missing[0]!r}"
        )
    for video in listed:
        pictures = found[video.name].pictures
        if pictures and video.length not in (None, len(pictures)):
            raise ValueError(
                f"Video {video.name} has {len(pictures)} pictures, but {annotations.name} lists "
                f"{video.length}. The benchmark takes a result for each that is listed, and no other"
            )
