"""Reads predictions of semantic videos: <video>/<frame>.png in a zip archive or folder."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.formats import png
from evaluator.formats.members import Members, open_members, root_folder
from evaluator.formats.semantic_truth import SemanticTruth, SemanticVideo
from evaluator.problems import (
    GroundTruthError,
    Problem,
    ProblemList,
    SubmissionRejected,
    Where,
    problem,
)

Map = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SemanticPredictions:
    """A submission whose maps are read one by one."""

    members: Members
    root: str
    warnings: tuple[Problem, ...] = ()

    def file(self, video: str, frame: str) -> str:
        """Return the name of a map."""
        return f"{self.root}{video}/{frame}"


def open_semantic_predictions(path: Path, videos: Collection[str]) -> SemanticPredictions:
    """Open a submission; folders of `videos` lie at its top or in one folder.

    Raises:
        SubmissionRejected: it is no archive, or an unsafe one.
        OSError: it cannot be read.
    """
    members = open_members(path)
    root, warnings = root_folder(members, videos)
    return SemanticPredictions(members, root, warnings)


def check_files(source: SemanticPredictions, truth: SemanticTruth) -> tuple[Problem, ...]:
    """Compare names alone, which costs nothing, and return a warning for videos that count nowhere.

    Raises:
        SubmissionRejected: a video or a frame has no map.
    """
    problems = ProblemList()
    names = source.members.names
    tops = {name[len(source.root) :].split("/")[0] for name in names if name.endswith(".png")}
    for video in truth.videos:
        if video.name not in tops:
            where = Where(file=source.members.name, video_id=video.name)
            problems.add("video-missing", where, f"There is no folder {video.name!r} with PNG maps.")
            continue
        for number, frame in enumerate(video.frames):
            file = source.file(video.name, frame)
            if file not in names:
                where = Where(file=file, video_id=video.name, frame=number)
                problems.add("map-missing", where, "There is no such file.")
    if problems.has_errors():
        raise SubmissionRejected(problems.to_tuple())
    extra = sorted(tops - {video.name for video in truth.videos})
    if extra:
        shown = ", ".join(repr(name[:80]) for name in extra[:3])
        where = Where(file=source.members.name)
        problems.add("video-extra", where, f"{len(extra)} videos are not in the ground truth: {shown}.")
    return problems.to_tuple()


@dataclass(slots=True)
class MapReader:
    """Reads the maps of one video; what is wrong with the predicted ones is added to `problems`."""

    source: SemanticPredictions
    problems: ProblemList
    truth_sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    predictions_sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def read(self, truth: SemanticTruth, video: SemanticVideo) -> Iterator[tuple[Map, Map]]:
        """Yield the values [pixels] of ground truth and prediction of each frame; none after a problem.

        Raises GroundTruthError, OSError.
        """
        first: png.PngHeader | None = None
        for number, frame in enumerate(video.frames):
            where = Where(file=frame, video_id=video.name, frame=number)
            contents = truth.read(video, number)
            self.truth_sha256.update(hashlib.sha256(contents).digest())
            try:
                header = png.read_header(contents)
                _check_size(header, first or header, "the first one has")
                values = png.decode_values(contents, header)
            except png.PngInvalid as error:
                raise GroundTruthError([problem("gt-map", where, str(error))]) from error
            first = header
            predicted = self.decode(self.source.file(video.name, frame), where, header)
            if predicted is not None and not self.problems.has_errors():
                yield values, predicted

    def decode(self, file: str, where: Where, frame: png.PngHeader | None) -> Map | None:
        """Return the values of a predicted map of the size of `frame`, or None after a problem."""
        where = Where(file=file, video_id=where.video_id, frame=where.frame)
        limit = png.file_limit(1, png.LARGEST_IMAGE)
        if frame is not None:
            limit = png.file_limit(frame.height, frame.width)
        try:
            contents = self.source.members.read(file, limit)
            self.predictions_sha256.update(hashlib.sha256(contents).digest())
            header = png.read_header(contents)
            _check_size(header, frame or header, "the frame has")
            return png.decode_values(contents, header)
        except png.PngInvalid as error:
            self.problems.add(error.code, where, str(error))
        except SubmissionRejected as error:  # the archive is damaged at this member
            for item in error.problems:
                self.problems.add(item.code, where, item.message)
        return None


def _check_size(header: png.PngHeader, expected: png.PngHeader, whose: str) -> None:
    if (header.height, header.width) != (expected.height, expected.width):
        found = f"The map has {header.height} x {header.width} pixels (height x width)"
        raise png.PngInvalid("png-size", f"{found}, but {whose} {expected.height} x {expected.width}.")
