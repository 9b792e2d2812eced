"""Finds the videos to segment, their names and ids in the benchmark, and the ids of its categories."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from dvis_model.categories import category_ids
from dvis_model.config import DvisConfig, Task
from dvis_model.picture_files import FrameMissing, find_folder, listed_pictures, split_name, video_order
from dvis_model.video_files import Video, films_in, find_videos
from dvis_model.words import counted

EXPECTED: Final[dict[Task, str]] = {
    "vis": "JSON with `videos`, each with `id` and `file_names`",
    "vps": "JSON with `videos`, each with `video_id` and `images`, which have a `file_name`",
    "vss": "a list of videos, one name per line",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A video, with the benchmark's names of it and of its frames.

    Attributes:
        id: for instances a number, else the video's name.
        listed: file names of the frames, as the data set lists them; None: the data set does not.
    """

    video: Video
    id: int | str
    listed: tuple[str, ...] | None = None

    @property
    def part_name(self) -> str:
        """The name of the file that holds its result."""
        return f"{self.id} {self.video.path.name}.zip"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be done for a data set.

    Attributes:
        categories: the data set's id of each of the model's classes.
        sha256: of the annotation file; empty without one.
    """

    jobs: list[Job]
    categories: tuple[int, ...]
    sha256: str = ""


def plan_for(source: Path, config: DvisConfig, annotations: Path | None) -> Plan:
    """Return the videos at a path and the ids of the categories.

    Args:
        source: a video or a folder of pictures, or a folder of such.
        annotations: the data set's file: JSON of YouTube-VIS, OVIS or VIPSeg, a list of names (val.txt) of
            VSPW. It says which videos there are, with which ids, and which pictures are their frames.
            Without it all are taken in the order of their names, those for instances numbered from 1, and
            the ids of the categories are those of the official data sets.

    Raises:
        FileNotFoundError: there is no such path, or there are no videos.
        ValueError: the file is not one of a data set, or lists a video or a picture that is not there, or
            another number of categories than the model has; two videos have one name.
    """
    if annotations is None:
        return Plan(_all_videos(source, config.task), category_ids(config))
    try:
        content = annotations.read_bytes()
        listed, ids = _listed(content, config.task)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        found = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(
            f"{annotations} is not an annotation file for this task: {found}. "
            f"Expected {EXPECTED[config.task]}"
        ) from error
    _check_listed(listed, annotations)
    if not source.exists():
        raise FileNotFoundError(f"No such video or folder: {source}")
    try:
        categories = category_ids(config, ids)
    except ValueError as error:
        raise ValueError(f"{annotations.name}: {error}") from error
    jobs = [_find(source, video, annotations) for video in listed]
    if missing := [video.name for video, job in zip(listed, jobs, strict=True) if job is None]:
        raise ValueError(
            f"Not among the input: {len(missing)} of the {counted(len(listed), 'video')} in "
            f"{annotations.name}, first {missing[0]!r}"
        )
    sha256 = hashlib.sha256(content).hexdigest()
    return Plan([job for job in jobs if job is not None], categories, sha256)


def _all_videos(source: Path, task: Task) -> list[Job]:
    found = find_videos(source)
    videos = {video.name: video for video in found}
    if len(videos) < len(found):
        count = Counter(video.name for video in found)
        raise ValueError(f"Two videos are called {count.most_common(1)[0][0]!r}: rename one of them")
    names = video_order(videos)
    return [Job(videos[name], i if task == "vis" else name) for i, name in enumerate(names, start=1)]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A video of a data set: its folder's name, its id, and perhaps its pictures with their folders."""

    name: str
    id: int | str
    pictures: tuple[str, ...] | None


def _listed(content: bytes, task: Task) -> tuple[list[_Listed], list[int] | None]:
    """Return a data set's videos and the ids of its categories, None where it does not list any."""
    if task == "vss":
        return [_Listed(name, name, None) for name in content.decode("utf-8").split()], None
    top = json.loads(content)
    read = _instance_video if task == "vis" else _panoptic_video
    videos = [read(video) for video in top["videos"]]
    if top.get("categories") is None:
        return videos, None
    ids = [category["id"] for category in top["categories"]]
    if wrong := [number for number in ids if type(number) is not int]:
        raise TypeError(f"the `id` of a category is {wrong[0]!r}, not a whole number")
    return videos, ids


def _instance_video(video: dict[str, Any]) -> _Listed:
    files = _names(video["file_names"])
    length = video.get("length", len(files))
    if length != len(files):
        raise ValueError(
            f"the video {video['id']} has `length` {length}, but {counted(len(files), 'name')} in "
            "`file_names`"
        )
    name = split_name(files[0])[0] or str(video.get("name", video["id"]))
    return _Listed(name, int(video["id"]), files)


def _panoptic_video(video: dict[str, Any]) -> _Listed:
    name = str(video["video_id"])
    files = _names([image["file_name"] for image in video["images"]])
    return _Listed(name, name, tuple(f if f.startswith(f"{name}/") else f"{name}/{f}" for f in files))


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise TypeError(f"expected a list of file names, but got {str(value)[:80]}")
    return tuple(value)


def _check_listed(listed: Sequence[_Listed], annotations: Path) -> None:
    """Raise ValueError unless there are videos, each listed once."""
    if not listed:
        raise ValueError(f"{annotations} lists no videos")
    for what, values in (("id", [x.id for x in listed]), ("name", [x.name for x in listed])):
        value, times = Counter(values).most_common(1)[0]
        if times > 1:
            raise ValueError(
                f"{annotations} lists {counted(times, 'video')} of the {what} {value!r}; expected one"
            )


def _find(source: Path, listed: _Listed, annotations: Path) -> Job | None:
    """Return where a listed video lies; None if it is not there.

    Raises:
        FrameMissing: one of its pictures is not there.
    """
    if listed.pictures is None:
        folder, names = find_folder(source, listed.name), None
    else:
        folder = find_folder(source, split_name(listed.pictures[0])[0])
        names = tuple(split_name(name)[1] for name in listed.pictures)
    if folder and listed.pictures is None:
        video = Video(folder)
        return Job(video, listed.id) if video.pictures else None
    if folder and listed.pictures is not None:
        try:
            pictures = listed_pictures(source, listed.pictures)
        except FrameMissing as error:
            raise FrameMissing(
                f"Video {listed.name}: {error}. {annotations.name} lists it as a frame"
            ) from error
        return Job(Video(folder, tuple(pictures)), listed.id, names)
    film = _film(source, PurePosixPath(listed.name).name)
    if film is None:
        return None
    length = film.length
    if names is not None and length not in (None, len(names)):
        raise ValueError(
            f"Video {listed.name} has {counted(length or 0, 'frame')}, but {annotations.name} lists "
            f"{len(names)}. The benchmark takes a result for each that is listed, and no other"
        )
    return Job(film, listed.id, names)


def _film(source: Path, name: str) -> Video | None:
    """Return the video file of this name, without its suffix, at or below a path."""
    films = [source] if source.is_file() else films_in(source) if source.is_dir() else []
    return next((Video(film) for film in films if film.stem == name), None)
