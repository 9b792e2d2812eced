"""Reads the predictions of one panoptic video, checks maps against pred.json, and joins them to the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.files.words import counted
from evaluator.maps import png
from evaluator.maps.joint_table import joint_table
from evaluator.maps.names import is_plain_name, missing_map, warn_of_maps
from evaluator.maps.predicted import MapReader
from evaluator.maps.truth import RunMap
from evaluator.panoptic.ground_truth import PanopticTruth
from evaluator.panoptic.predictions import JSON_NAME, MAP_FOLDER, PanopticPredictions
from evaluator.panoptic.segments import SEGMENTS_LIMIT, png_name
from evaluator.panoptic.tubes import FrameSegments, JointTable, VideoTubes, join_tubes, make_listing
from evaluator.problems import ProblemList, SubmissionRejected, Where

_VOID = 0
_GREY = 1 + 256 + 65536


class VideoReader:
    """Reads videos of one submission and adds what is wrong with them to `problems`."""

    def __init__(self, source: PanopticPredictions, problems: ProblemList) -> None:
        self._source = source
        self._problems = problems
        self._reader = MapReader(source.members, png.decode_ids, problems)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the maps that were read."""
        return self._reader.sha256.hexdigest()

    def read_tubes(self, truth: PanopticTruth, index: int, maps: list[RunMap]) -> VideoTubes | None:
        """Return the joint table of a video with the `maps` of its truth, or None after a problem.

        Raises OSError.
        """
        video = truth.videos[index]
        frames = self.read_segments(truth, index)
        if frames is None:
            return None
        tables: list[JointTable] = []
        size = (maps[0].height, maps[0].width) if maps else None
        for number, (file, ids) in enumerate(self.read_maps(video.name, video.frames, size)):
            if ids is None:
                continue
            table = joint_table(maps[number].values, maps[number].ends, ids)
            found = np.unique(table[0] & np.uint64(0xFFFFFFFF))
            self._compare(found, frames[number], video.name, number, file)
            tables.append(table)
        if self._problems.has_errors() or not tables:
            return None
        return join_tubes(video.segments, make_listing(frames), tables)

    def read_segments(self, truth: PanopticTruth, index: int) -> list[FrameSegments] | None:
        """Return what pred.json lists of a video, one entry per frame, or None after a problem."""
        video = truth.videos[index]
        frames = self._source.read_video(video.name, self._problems)
        if frames is None:
            return None
        if len(frames) != len(video.files):
            annotated = counted(len(video.files), "annotated frame")
            message = f"The video has {annotated}, but pred.json lists {len(frames)}."
            self._problems.add("frame-count", self._where(video.name), message)
            return None
        self._check_categories(video.name, frames, truth)
        return frames

    def read_maps(
        self, video: str, files: Sequence[str], size: tuple[int, int] | None
    ) -> Iterator[tuple[str, NDArray[np.uint32] | None]]:
        """Yield the file and the ids of every frame, None where it cannot be used."""
        for number, frame in enumerate(files):
            file = self._source.file(video, frame)
            yield file, self._reader.read(file, video, number, size)

    def check_alone(self, video: str) -> None:
        """Check a video without a ground truth: its maps, as pred.json names them, against their segments."""
        frames = self._source.read_video(video, self._problems) if is_plain_name(video) else None
        names = [frame.file_name for frame in frames or ()]
        if frames is None or not all(map(is_plain_name, names)):
            return  # which videos and frames there should be, only the ground truth says
        files = [png_name(name) for name in names if name is not None]
        for number, (file, ids) in enumerate(self.read_maps(video, files, None)):
            if ids is not None:
                self._compare(np.unique(ids).astype(np.uint64), frames[number], video, number, file)

    def _where(self, video: str, frame: int | None = None, field: str | None = None) -> Where:
        return Where(JSON_NAME, self._source.spans[video][0], video, None, frame, field)

    def _check_categories(self, video: str, frames: list[FrameSegments], truth: PanopticTruth) -> None:
        known = {category.id for category in truth.categories if category.id < truth.classes}
        segments: set[int] = set()
        for number, frame in enumerate(frames):
            segments |= frame.category.keys()
            for table in (frame.category, frame.last_category):
                if not known.issuperset(table.values()):
                    segment, category = next(item for item in table.items() if item[1] not in known)
                    message = f"Segment {segment} has the category {category}, which the ground truth lacks"
                    message += f"; its ids are {min(known, default=0)} to {max(known, default=0)}."
                    self._problems.add("segment-category", self._where(video, number, "category_id"), message)
                    break
        if len(segments) > SEGMENTS_LIMIT:
            message = f"The video has {len(segments):,} segments."
            self._problems.add("segments-too-many", self._where(video), message)

    def _compare(
        self, found: NDArray[np.uint64], frame: FrameSegments, video: str, number: int, file: str
    ) -> None:
        """Report ids that are only in the map or only in the JSON."""
        ids = set(found.tolist())
        unlisted = sorted(ids - frame.category.keys() - {_VOID})
        if unlisted:
            message = f"The map has {_some(unlisted)} without an entry in pred.json.{_coded(ids, frame)}"
            self._problems.add("segment-unlisted", Where(file=file, video_id=video, frame=number), message)
        missing = sorted(frame.category.keys() - ids)
        if missing:
            message = f"`segments_info` lists {_some(missing)} without a pixel in {file}."
            self._problems.add("segment-without-pixels", self._where(video, number, "segments_info"), message)


def check_videos(truth: PanopticTruth, source: PanopticPredictions) -> ProblemList:
    """Compare names alone, which costs nothing. Raises SubmissionRejected if a video or a map is missing."""
    problems = ProblemList()
    where = Where(file=source.text.name)
    for video in truth.videos:
        if video.name not in source.spans:
            listed = counted(len(source.spans), "video")
            names = ", ".join(repr(name[:60]) for name in list(source.spans)[:3])
            message = f"The video {video.name!r} is missing; pred.json lists {listed}{names and ': '}{names}."
            problems.add("video-missing", Where(file=source.text.name, video_id=video.name), message)
            continue
        for number, frame in enumerate(video.frames):
            file = source.file(video.name, frame)
            if file not in source.members.names:
                missing = Where(file=file, video_id=video.name, frame=number)
                problems.add("map-missing", missing, missing_map(file, source.members.names, problems))
    known = {video.name for video in truth.videos}
    extra = [name for name in source.spans if name not in known]
    if extra:
        names = ", ".join(repr(name[:80]) for name in extra[:3])
        found = counted(len(extra), "video is", "videos are")
        problems.add("video-extra", where, f"{found} not in the ground truth: {names}.")
    frames = {video.name: set(video.frames) for video in truth.videos}
    warn_of_maps(source.members.names, f"{source.root}{MAP_FOLDER}/", frames, source.members.name, problems)
    if problems.has_errors():
        raise SubmissionRejected((*problems.to_tuple(), *source.warnings))
    return problems


def _coded(ids: set[int], frame: FrameSegments) -> str:
    """Return a sentence if the ids of a map are those of pred.json, written otherwise."""
    found = ids - {_VOID}
    if {number >> 16 | number & 0xFF00 | (number & 0xFF) << 16 for number in found} <= frame.category.keys():
        return " They are listed with R and B exchanged: OpenCV writes BGR, the map must be RGB."
    if all(not number % _GREY for number in found) and {n // _GREY for n in found} <= frame.category.keys():
        return " Each is a listed id in all three channels: write R + 256 G + 65536 B = id."
    return ""


def _some(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:5]))
    more = f" and {len(ids) - 5:,} more" if len(ids) > 5 else ""
    return f"the id{'s' if len(ids) > 1 else ''} {shown}{more}"
