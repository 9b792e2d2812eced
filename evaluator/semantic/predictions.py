"""Reads predictions of semantic videos: <video>/<frame>.png in a zip archive or folder."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from evaluator.files.members import Members, open_members, root_folder
from evaluator.files.words import counted
from evaluator.maps.names import found_instead, missing_map, warn_of_maps
from evaluator.problems import Problem, ProblemList, SubmissionRejected, Where
from evaluator.semantic.ground_truth import SemanticTruth


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
        SubmissionRejected: it is not an archive, or an unsafe one.
        OSError: it cannot be read.
    """
    members = open_members(path)
    root, warnings = root_folder(members, videos)
    return SemanticPredictions(members, root, warnings)


def check_files(source: SemanticPredictions, truth: SemanticTruth) -> tuple[Problem, ...]:
    """Compare names alone, which costs nothing, and return warnings of what counts nowhere.

    Raises:
        SubmissionRejected: a video or a frame has no map; with all warnings.
    """
    problems = ProblemList()
    names = source.members.names
    maps = [name for name in names if name.startswith(source.root) and name.endswith(".png")]
    tops = {name[len(source.root) :].split("/")[0] for name in maps}
    for video in truth.videos:
        if video.name not in tops:
            where = Where(file=source.members.name, video_id=video.name)
            instead = "" if problems.has_errors() else f"; {found_instead(source.root + video.name, names)}"
            message = f"There is no folder {video.name!r} with PNG maps{instead}."
            problems.add("video-missing", where, message)
            continue
        for number, frame in enumerate(video.frames):
            file = source.file(video.name, frame)
            if file not in names:
                where = Where(file=file, video_id=video.name, frame=number)
                problems.add("map-missing", where, missing_map(file, names, problems))
    extra = sorted(tops - {video.name for video in truth.videos})
    if extra:
        shown = ", ".join(repr(name[:80]) for name in extra[:3])
        found = counted(len(extra), "video is", "videos are")
        where = Where(file=source.members.name)
        problems.add("video-extra", where, f"{found} not in the ground truth: {shown}.")
    frames = {video.name: set(video.frames) for video in truth.videos}
    warn_of_maps(maps, source.root, frames, source.members.name, problems)
    if problems.has_errors():
        raise SubmissionRejected((*problems.to_tuple(), *source.warnings))
    return problems.to_tuple()
