"""Makes mask stores of maps: of panoptic and semantic submissions, and of their ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BenchmarkSpec
from evaluator.maps import png
from evaluator.maps.header import read_map_header
from evaluator.maps.joint_table import encode_runs
from evaluator.maps.predicted import MapReader
from evaluator.maps.truth import RunMap
from evaluator.options import Options
from evaluator.panoptic.check import VideoReader, check_videos
from evaluator.panoptic.ground_truth import read_panoptic_truth
from evaluator.panoptic.predictions import open_panoptic_predictions
from evaluator.panoptic.tubes import Listing, make_listing
from evaluator.playback.pack_kernels import BYTES_PER_NUMBER, write_map
from evaluator.playback.store import WINDOW, Pieces, StoreIndex, pack, pack_head, store_videos
from evaluator.problems import ProblemList, SubmissionRejected
from evaluator.semantic.ground_truth import read_semantic_truth
from evaluator.semantic.predictions import check_files, open_semantic_predictions

Runs = tuple[NDArray[np.uint32], NDArray[np.int32]]
"""See `evaluator.maps.joint_table.encode_runs`."""
Describe = Callable[[int], dict[str, Any] | None]
"""Gives what the head says of the object with a number in the maps; None where that is no object."""


@dataclass(frozen=True, slots=True)
class MapVideo:
    """One video, whose maps are read one by one."""

    size: tuple[int, int]
    maps: Iterable[Runs]
    describe: Describe


Videos = tuple[int, Callable[[int], MapVideo]]
"""How many, and what gives each by its index."""


def store_predictions(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, path: Path, options: Options
) -> StoreIndex:
    """Write the store of a submission to `path`.

    The ground truth tells the names and sizes of videos and frames, and nothing else of it is written.

    Raises:
        SubmissionRejected: the predictions cannot be read; those that were scored can.
        OSError: a file cannot be read or written.
    """
    opened = _panoptic_predictions if spec.task == "vps" else _semantic_predictions
    with opened(spec, ground_truth, predictions) as videos:
        return _store(videos, path, options)


def store_ground_truth(spec: BenchmarkSpec, ground_truth: Path, path: Path, options: Options) -> StoreIndex:
    """Write the store of a ground truth to `path`.

    Raises:
        GroundTruthError: it cannot be read.
        OSError: a file cannot be read or written.
    """
    opened = _panoptic_truth if spec.task == "vps" else _semantic_truth
    return _store(opened(spec, ground_truth, options.prepared_dir), path, options)


def _panoptic_truth(spec: BenchmarkSpec, ground_truth: Path, prepared_dir: Path | None) -> Videos:
    truth = read_panoptic_truth(ground_truth, len(spec.classes))
    maps = truth.maps(prepared_dir)

    def video(index: int) -> MapVideo:
        found = truth.videos[index]
        return _true_video(maps.read_video(index), _segments(found.segments))

    return len(truth.videos), video


def _semantic_truth(spec: BenchmarkSpec, ground_truth: Path, prepared_dir: Path | None) -> Videos:
    truth = read_semantic_truth(ground_truth)
    maps = truth.maps(prepared_dir)

    def describe(value: int) -> dict[str, Any] | None:
        category = value - spec.first_label
        return {"category": category} if 0 <= category < len(spec.classes) else None

    def video(index: int) -> MapVideo:
        return _true_video(maps.read_video(index), describe)

    return len(truth.videos), video


def _true_video(maps: list[RunMap], describe: Describe) -> MapVideo:
    size = (maps[0].height, maps[0].width) if maps else (0, 0)
    return MapVideo(size, ((one.values, one.ends) for one in maps), describe)


@contextmanager
def _panoptic_predictions(spec: BenchmarkSpec, ground_truth: Path, predictions: Path) -> Iterator[Videos]:
    truth = read_panoptic_truth(ground_truth, len(spec.classes))
    source = open_panoptic_predictions(predictions)

    def video(index: int) -> MapVideo:
        found = truth.videos[index]
        problems = ProblemList()
        reader = VideoReader(source, problems)
        frames = reader.read_segments(truth, index)
        _raise(problems)
        header = read_map_header(truth.members, found.files[0], found.name) if found.files else None
        size = (header.height, header.width) if header else (0, 0)
        maps = (ids for _, ids in reader.read_maps(found.name, found.frames, size))
        return MapVideo(size, _runs(maps, problems), _segments(make_listing(frames or ())))

    with closing(source.members):
        check_videos(truth, source)
        yield len(truth.videos), video


@contextmanager
def _semantic_predictions(spec: BenchmarkSpec, ground_truth: Path, predictions: Path) -> Iterator[Videos]:
    truth = read_semantic_truth(ground_truth)
    source = open_semantic_predictions(predictions, [video.name for video in truth.videos])

    def describe(value: int) -> dict[str, Any]:
        return {"category": value if value < len(spec.classes) else None}

    def video(index: int) -> MapVideo:
        found = truth.videos[index]
        problems = ProblemList()
        reader = MapReader(source.members, png.decode_values, problems)
        header = read_map_header(truth.members, found.files[0], found.name)
        size = (header.height, header.width)
        maps = (
            reader.read(source.file(found.name, frame), found.name, number, size)
            for number, frame in enumerate(found.frames)
        )
        return MapVideo(size, _runs(maps, problems), describe)

    with closing(source.members):
        check_files(source, truth)
        yield len(truth.videos), video


def _runs(maps: Iterable[NDArray[Any] | None], problems: ProblemList) -> Iterator[Runs]:
    for numbers in maps:
        _raise(problems)
        if numbers is not None:
            yield encode_runs(numbers)


def _raise(problems: ProblemList) -> None:
    if problems.has_errors():
        raise SubmissionRejected(problems.to_tuple())


def _segments(listing: Listing) -> Describe:
    """Describe the segments of a video; one has the category that it has in most frames."""
    columns = {number: column for column, number in enumerate(listing.ids.tolist())}
    categories = listing.main_category().tolist()

    def describe(number: int) -> dict[str, Any] | None:
        column = columns.get(number)
        if column is None:
            return None
        crowd = {"crowd": True} if listing.crowd[:, column].any() else {}
        return {"category": categories[column], "segment": number} | crowd

    return describe


def _store(videos: Videos, path: Path, options: Options) -> StoreIndex:
    number, video = videos
    return store_videos(path, lambda index: Pieces(index + 1, _parts(video(index))), number, options)


def _parts(video: MapVideo) -> tuple[bytes, ...]:
    objects: list[dict[str, Any]] = []
    written: dict[int, int] = {}  # what stands in the store for a number of the maps
    windows: list[bytes] = []
    frames: list[bytes] = []
    length = 0
    for values, ends in video.maps:
        numbers, where = np.unique(values, return_inverse=True)
        for number in numbers.tolist():
            if number not in written:
                about = video.describe(number)
                if about is not None:
                    objects.append(about | {"first": length, "last": length, "frames": 0})
                written[number] = 0 if about is None else len(objects)
            if written[number]:
                item = objects[written[number] - 1]
                item["last"] = length
                item["frames"] += 1
        table = np.array([written[number] for number in numbers.tolist()], np.int32)
        frames.append(_frame(table[where], ends))
        length += 1
        if len(frames) == WINDOW:
            windows.append(_window(frames))
            frames = []
    if frames:
        windows.append(_window(frames))
    height, width = video.size
    head = {
        "kind": "maps",
        "length": length,
        "height": height,
        "width": width,
        "window": WINDOW,
        "objects": objects,
    }
    return (pack_head(head), *windows)


def _frame(objects: NDArray[np.int32], ends: NDArray[np.int32]) -> bytes:
    room = np.empty(2 * BYTES_PER_NUMBER * len(objects), np.uint8)
    return room[: write_map(objects, ends, room)].tobytes()


def _window(frames: list[bytes]) -> bytes:
    head = np.array([len(frames), *map(len, frames)], "<u4")
    return pack(head.tobytes(), *frames)
