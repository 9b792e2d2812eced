"""Finds the ground truth of semantic videos: one PNG per frame, in one folder per video.

Accepted is a folder (or the val.txt in it) with

    val.txt                              the videos, one per line; without it, every folder with maps is one
    data/<video>/mask/<frame>.png        or without `data/`, without `mask/`, or without both

The frames of a video follow each other by the numbers in their names: 1, 2, 10, as 001, 002, 010 do.
Which value in a map stands for which class, `BenchmarkSpec.first_label` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluator.files.members import FolderMembers
from evaluator.maps import png
from evaluator.maps.header import read_map_header
from evaluator.maps.names import frame_order, is_plain_name
from evaluator.maps.truth import TruthMaps
from evaluator.problems import GroundTruthError, ProblemList, Where
from evaluator.types import CategoryInfo, GroundTruthSummary, VideoInfo

LIST_NAME: Final = "val.txt"
_DATA_FOLDER = "data"
_MASK_FOLDER = "mask"
_LIST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class SemanticVideo:
    """One annotated video; `frames` are the names of its maps, all in `folder`, in their order."""

    name: str
    folder: str
    frames: tuple[str, ...]

    @property
    def files(self) -> list[str]:
        """The maps below the folder of the ground truth."""
        return [f"{self.folder}/{frame}" for frame in self.frames]


@dataclass(frozen=True, slots=True)
class SemanticTruth:
    """Videos in the order of the list."""

    file: str
    members: FolderMembers
    videos: tuple[SemanticVideo, ...]

    def maps(self, prepared_dir: Path | None) -> TruthMaps:
        """Return the maps, whose numbers are the values in the PNG files."""
        videos = [(video.name, video.files) for video in self.videos]
        return TruthMaps(self.members, videos, png.decode_values, prepared_dir)


def read_semantic_truth(path: Path) -> SemanticTruth:
    """Find the videos and their maps; the maps are read later.

    Raises:
        GroundTruthError: there are none, or a listed video has none.
        OSError: a file cannot be read.
    """
    problems = ProblemList()
    root = _root(path)
    members = FolderMembers(root)
    folders: dict[str, list[str]] = {}
    for name in members.names:
        folder, _, file = name.rpartition("/")
        if file.endswith(".png"):
            folders.setdefault(folder, []).append(file)
    prefix = f"{_DATA_FOLDER}/" if any(folder.startswith(f"{_DATA_FOLDER}/") for folder in folders) else ""
    list_name = path.name if path.is_file() else LIST_NAME
    if list_name in members.names:
        lines = members.read(list_name, _LIST_BYTES).decode("utf-8-sig", "replace").splitlines()
        names = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    else:
        names = sorted({folder[len(prefix) :].split("/")[0] for folder in folders if folder != ""})
    videos = []
    for name in names:
        candidates = (f"{prefix}{name}/{_MASK_FOLDER}", f"{prefix}{name}")
        folder = next((one for one in candidates if one in folders), "")
        if not folder or not is_plain_name(name):
            problems.add(
                "gt-files", Where(file=list_name, video_id=name), f"There is no map in {candidates[0]}."
            )
            continue
        videos.append(SemanticVideo(name, folder, tuple(sorted(folders[folder], key=frame_order))))
    if not videos:
        problems.add(
            "gt-files", Where(file=root.name), "Neither val.txt nor a folder with PNG maps was found."
        )
    if problems.has_errors():
        raise GroundTruthError(problems.to_tuple())
    return SemanticTruth(root.name, members, tuple(videos))


def _root(path: Path) -> Path:
    """Return the folder of a ground truth: around the list, or one level below, as VSPW_480p in VSPW."""
    if path.is_file():
        return path.parent
    if not (path / LIST_NAME).is_file():
        inner = [file.parent for file in path.glob(f"*/{LIST_NAME}")]
        if len(inner) == 1:
            return inner[0]
    return path


def describe_semantic(path: Path, classes: Sequence[str]) -> GroundTruthSummary:
    """Check the files and the first map of every video; see `evaluator.ground_truths.describe_ground_truth`.

    Videos, whose official ids are names, are numbered from 1 in the order of the list. Annotations are maps.
    """
    truth = read_semantic_truth(path)
    videos = []
    for number, video in enumerate(truth.videos, start=1):
        header = read_map_header(truth.members, video.files[0], video.name)
        videos.append(VideoInfo(number, video.name, len(video.frames), header.height, header.width))
    annotations = sum(video.length for video in videos)
    categories = tuple(CategoryInfo(number, name) for number, name in enumerate(classes))
    return GroundTruthSummary(tuple(videos), categories, annotations, _files(path, truth))


def _files(path: Path, truth: SemanticTruth) -> tuple[tuple[str, Path], ...]:
    """Return the list of videos, if there is one, as the file of the usual name, and all maps."""
    root = _root(path)
    listed = path if path.is_file() else root / LIST_NAME
    names = [file for video in truth.videos for file in video.files]
    maps = tuple((name, Path(truth.members.path(name))) for name in names)
    return ((LIST_NAME, listed), *maps) if listed.is_file() else maps
