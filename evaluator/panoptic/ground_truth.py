"""Reads the ground truth of panoptic videos: one JSON file and a folder of PNG maps.

Accepted is a folder (or the JSON file in it) with

    panoptic_gt_VIPSeg_val.json             any name; of several the one that ends so
    panomasksRGB/<video>/<frame>.png        or a folder named like the JSON file, or <video>/ beside it
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from evaluator.files.forms import form_of_bytes
from evaluator.files.members import FolderMembers
from evaluator.files.source import map_file
from evaluator.files.words import describe_field
from evaluator.maps import png
from evaluator.maps.header import read_map_header
from evaluator.maps.names import is_plain_name
from evaluator.maps.truth import TruthMaps
from evaluator.panoptic.segments import LARGEST_ID, SEGMENTS_LIMIT, SegmentsInvalid, png_name, read_frame
from evaluator.panoptic.tubes import FrameSegments, Listing, make_listing
from evaluator.problems import GroundTruthError, Problem, ProblemList, Where
from evaluator.types import CategoryInfo, GroundTruthSummary, VideoInfo

_MASK_FOLDER = "panomasksRGB"


@dataclass(frozen=True, slots=True)
class PanopticCategory:
    id: int
    name: str
    is_thing: bool


@dataclass(frozen=True, slots=True)
class PanopticVideo:
    """One annotated video; `files` are the maps of its frames, below the folder of the ground truth."""

    name: str
    segments: Listing
    files: tuple[str, ...]

    @property
    def frames(self) -> list[str]:
        """The names of the maps in the folder of the video, the same as in predictions."""
        return [file.rsplit("/", 1)[-1] for file in self.files]


@dataclass(frozen=True, slots=True)
class PanopticTruth:
    """Videos and categories in the order of the file; `sha256` is that of the JSON.

    `classes` is the number of classes of the benchmark: the official STQ always counts all of them.
    """

    classes: int
    file: str
    sha256: str
    members: FolderMembers
    videos: tuple[PanopticVideo, ...]
    categories: tuple[PanopticCategory, ...]
    warnings: tuple[Problem, ...] = ()

    def maps(self, prepared_dir: Path | None) -> TruthMaps:
        """Return the maps, whose numbers are ids of segments."""
        videos = [(video.name, video.files) for video in self.videos]
        return TruthMaps(self.members, videos, png.decode_ids, prepared_dir)


def read_panoptic_truth(path: Path, classes: int) -> PanopticTruth:
    """Read and check the JSON file, and that there is a PNG map for every frame.

    Args:
        path: the folder, or the JSON file in it.
        classes: the number of classes of the benchmark.

    Raises:
        GroundTruthError: with every problem found.
        OSError: a file cannot be read.
    """
    problems = ProblemList()
    file = find_json(path, problems)
    folder = FolderMembers(file.parent)
    contents = map_file(file)
    truth = _Reader(file.name, folder, classes, problems).read(contents)
    _raise(problems)
    return replace(truth, warnings=problems.to_tuple())


def describe_panoptic(path: Path, classes: int) -> GroundTruthSummary:
    """Check the JSON file and the first map of every video, as `describe_ground_truth` does for all tasks.

    Videos, whose official ids are names, are numbered from 1 in the order of the file.
    """
    truth = read_panoptic_truth(path, classes)
    videos = []
    for number, video in enumerate(truth.videos, start=1):
        size = (0, 0)
        for file in video.files[:1]:
            header = read_map_header(truth.members, file, video.name)
            size = (header.height, header.width)
        videos.append(VideoInfo(number, video.name, len(video.files), *size))
    tubes = sum(len(video.segments.ids) for video in truth.videos)
    categories = tuple(CategoryInfo(category.id, category.name) for category in truth.categories)
    names = [truth.file, *(file for video in truth.videos for file in video.files)]
    files = tuple((name, Path(truth.members.path(name))) for name in dict.fromkeys(names))
    return GroundTruthSummary(tuple(videos), categories, tubes, files, truth.warnings)


def find_json(path: Path, problems: ProblemList) -> Path:
    """Return the JSON file of a ground truth; warns if there are several. Raises GroundTruthError."""
    if path.is_file():
        return path
    found = _json_files(path) or [file for inner in sorted(path.iterdir()) for file in _json_files(inner)]
    named = [file for file in found if file.name.startswith("panoptic")] or found
    chosen = [file for file in named if file.stem.endswith("_val")] if len(named) > 1 else named
    names = ", ".join(file.relative_to(path).as_posix() for file in named[:5]) or "none"
    if len(chosen) != 1:
        message = f"Expected one panoptic JSON file in the folder {path.name!r}, found {names}."
        problems.add("gt-files", Where(file=path.name), message)
        _raise(problems)
    if len(named) > 1:
        message = f"Of {names}, this one was taken."
        problems.add("gt-several", Where(file=chosen[0].name), message)
    return chosen[0]


def _json_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.json") if not file.name.startswith("."))


def _raise(problems: ProblemList) -> None:
    if problems.has_errors():
        raise GroundTruthError(problems.to_tuple())


class _Reader:
    def __init__(self, file: str, members: FolderMembers, classes: int, problems: ProblemList) -> None:
        self._file = file
        self._classes = classes
        self._members = members
        self._problems = problems
        folder = _MASK_FOLDER
        tops = {name.split("/", 1)[0] for name in members.names if "/" in name}
        if folder not in tops:
            folder = Path(file).stem
        self._prefix = f"{folder}/" if folder in tops else ""

    def read(self, contents: memoryview) -> PanopticTruth:
        try:
            top = _read_top(contents)
        except (ValueError, RecursionError) as error:
            form = form_of_bytes(bytes(contents[:512]))
            what = f"this is {form}" if form else str(error)[:100]
            self._report("gt-json", f"The file is not JSON: {what}.")
            top = {}
        if not isinstance(top, dict):
            self._report(
                "gt-not-an-object", "The top level is not an object with categories and annotations."
            )
            top = {}
        _raise(self._problems)
        categories = self._categories(self._list(top, "categories"))
        pictures = self._pictures(top.get("videos"))
        known = {category.id for category in categories}
        videos = self._videos(self._list(top, "annotations"), pictures, known)
        sha256 = hashlib.sha256(contents).hexdigest()
        return PanopticTruth(self._classes, self._file, sha256, self._members, videos, categories)

    def _report(self, code: str, message: str, **where: Any) -> None:
        self._problems.add(code, Where(file=self._file, **where), message)

    def _list(self, record: dict[str, Any], name: str) -> list[Any]:
        if name not in record:
            self._report("gt-field-missing", f"The file has no `{name}`.", field=name)
            return []
        if not isinstance(record[name], list):
            self._report("gt-field-type", f"`{name}` is not a list.", field=name)
            return []
        items: list[Any] = record[name]
        return items

    def _categories(self, records: list[Any]) -> tuple[PanopticCategory, ...]:
        found: dict[int, PanopticCategory] = {}
        for entry, item in enumerate(records):
            record = item if isinstance(item, dict) else {}
            number, thing = record.get("id"), record.get("isthing")
            if type(number) is not int or number < 0 or thing not in (0, 1):
                wrong, expected = (
                    ("isthing", "0 or 1") if type(number) is int and number >= 0 else ("id", "0 or more")
                )
                message = f"A category's `{wrong}` is {describe_field(record, wrong)}, expected {expected}."
                code = "gt-field-type" if wrong in record else "gt-field-missing"
                self._report(code, message, entry=entry, field="categories")
            elif number in found:
                self._report("gt-id-duplicate", f"categories: the id {number} is used twice.", entry=entry)
            else:
                found[number] = PanopticCategory(number, str(item.get("name", number)), bool(thing))
        return tuple(found.values())

    def _wrong_video(self, item: Any, entry: int, *, name_is_right: bool) -> None:
        record = item if isinstance(item, dict) else {}
        wrong = "annotations" if name_is_right else "video_id"
        expected = "the list of its frames" if name_is_right else "the name of the video's folder"
        message = f"An annotation's `{wrong}` is {describe_field(record, wrong)}, expected {expected}."
        if "segments_info" in record:
            message += " This looks like COCO panoptic annotations, one per image: group the images by video."
        code = "gt-field-type" if wrong in record else "gt-field-missing"
        self._report(code, message, entry=entry, field=wrong)

    def _pictures(self, videos: Any) -> dict[str, list[Any]]:
        """Return the file names that `videos` gives, for annotations that name none."""
        listed = [item for item in videos if isinstance(item, dict)] if isinstance(videos, list) else []
        return {
            str(item.get("video_id")): [
                image.get("file_name") if isinstance(image, dict) else None for image in item["images"]
            ]
            for item in listed
            if isinstance(item.get("images"), list)
        }

    def _videos(
        self, records: list[Any], pictures: dict[str, list[Any]], known: set[int]
    ) -> tuple[PanopticVideo, ...]:
        found: dict[str, PanopticVideo] = {}
        for entry, item in enumerate(map(_parse, records)):
            name = item.get("video_id") if isinstance(item, dict) else None
            frames = item.get("annotations") if isinstance(item, dict) else None
            if not isinstance(name, str) or not is_plain_name(name) or not isinstance(frames, list):
                self._wrong_video(item, entry, name_is_right=isinstance(name, str) and is_plain_name(name))
            elif name in found:
                self._report("gt-id-duplicate", f"annotations: the video {name!r} is listed twice.")
            else:
                found[name] = self._video(name, frames, pictures.get(name, []), known)
        return tuple(found.values())

    def _video(self, name: str, records: list[Any], pictures: list[Any], known: set[int]) -> PanopticVideo:
        frames: list[FrameSegments] = []
        files: list[str] = []
        for number, record in enumerate(records):
            try:
                frame = read_frame(record, ground_truth=True)
                _check_segments(frame, known, self._classes)
            except SegmentsInvalid as error:
                code = "gt-id-zero" if error.field == "id-zero" else "gt-segment"
                field = "id" if error.field == "id-zero" else error.field
                self._report(code, str(error), video_id=name, frame=number, field=field)
                continue
            picture = frame.file_name or (pictures[number] if number < len(pictures) else None)
            if not isinstance(picture, str) or not is_plain_name(picture):
                self._report("gt-segment", "The frame has no `file_name`.", video_id=name, frame=number)
                continue
            frames.append(frame)
            files.append(f"{self._prefix}{name}/{png_name(picture)}")
            if files[-1] not in self._members.names:
                self._report("gt-files", f"There is no map {files[-1]}.", video_id=name, frame=number)
        if len({number for frame in frames for number in frame.category}) > SEGMENTS_LIMIT:
            self._report("gt-segment", f"The video has more than {SEGMENTS_LIMIT:,} segments.", video_id=name)
            frames = []
        return PanopticVideo(name, make_listing(frames), tuple(files))


def _read_top(contents: memoryview) -> Any:
    """Return the file's JSON, whose `annotations`, most of it, are left to be parsed one by one.

    Raises:
        ValueError, RecursionError: it is not JSON.
    """
    try:
        top: dict[str, Any] = msgspec.json.decode(contents, type=dict[str, msgspec.Raw])
        annotations = msgspec.json.decode(top.pop("annotations"), type=list[msgspec.Raw])
        return {name: _parse(value) for name, value in top.items()} | {"annotations": annotations}
    except (ValueError, KeyError):  # something unusual: Python's own parser says what, or takes it
        return json.loads(bytes(contents).decode("utf-8-sig", "replace"))


def _parse(value: Any) -> Any:
    if not isinstance(value, msgspec.Raw):
        return value
    return json.loads(bytes(value).decode("utf-8", "replace"))


def _check_segments(frame: FrameSegments, known: set[int], classes: int) -> None:
    for number, category in [*frame.category.items(), *frame.last_category.items()]:
        if number == 0:
            raise SegmentsInvalid("id-zero", "A segment has the id 0, which stands for no segment.")
        if not 0 < number <= LARGEST_ID:
            message = f"The segment id {number} does not fit into a PNG: 1 to {LARGEST_ID}."
            raise SegmentsInvalid("id", message)
        if category not in known:
            raise SegmentsInvalid("category_id", f"Segment {number} has the unlisted category {category}.")
        if category >= classes:
            message = f"Segment {number} has the category {category}; STQ knows 0 to {classes - 1}."
            raise SegmentsInvalid("category_id", message)
