"""Reads predictions of panoptic videos from a zip archive or folder.

pred.json                            segments of every frame, frames in the order of the ground truth
pan_pred/<video>/<frame>.png         RGB maps of segment ids, named like those of the ground truth
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from evaluator.files.json_text import Entries, JsonInvalid, JsonText, parse_value
from evaluator.files.members import Members, open_members, root_folder
from evaluator.files.words import describe, describe_field, shown_names
from evaluator.panoptic.segments import SegmentsInvalid, read_frame
from evaluator.panoptic.tubes import FrameSegments
from evaluator.problems import Problem, ProblemList, SubmissionRejected, Where, problem

JSON_NAME: Final = "pred.json"
MAP_FOLDER: Final = "pan_pred"
_JSON_BYTES = 1 << 30
_LARGEST_EXPLAINED: Final = 1 << 20
_KEYS: Final = ("video_id", "annotations")


@dataclass(frozen=True, slots=True)
class PanopticPredictions:
    """A submission whose videos are decoded one by one.

    `spans` are the entries of the videos in pred.json: index in the list, begin and end in the file.
    `sha256` is that of pred.json.
    """

    members: Members
    root: str
    text: JsonText
    spans: dict[str, tuple[int, int, int]]
    sha256: str
    warnings: tuple[Problem, ...] = field(default=())

    def file(self, video: str, frame: str) -> str:
        """Return the name of a map."""
        return f"{self.root}{MAP_FOLDER}/{video}/{frame}"

    def read_video(self, video: str, problems: ProblemList) -> list[FrameSegments] | None:
        """Return the frames of a video; None, with problems, if any of them cannot be used."""
        entry, start, end = self.spans[video]
        record = parse_value(self.text.slice((start, end)))
        where = Where(file=JSON_NAME, entry=entry, video_id=video, field="annotations")
        records = record.get("annotations") if isinstance(record, dict) else None
        if not isinstance(records, list):
            found = describe_field(record if isinstance(record, dict) else {}, "annotations")
            message = f"`annotations` of the video is {found}, expected a list of frames."
            problems.add("panoptic-field", where, message)
            return None
        frames: list[FrameSegments] = []
        for number, item in enumerate(records):
            try:
                frames.append(read_frame(item, ground_truth=False))
            except SegmentsInvalid as error:
                where = Where(JSON_NAME, entry, video, None, number, error.field)
                problems.add("panoptic-field", where, str(error))
        return frames if len(frames) == len(records) else None


def open_panoptic_predictions(path: Path) -> PanopticPredictions:
    """Open a submission and find its videos in pred.json.

    Raises:
        SubmissionRejected: it is not an archive, an unsafe one, or without a readable pred.json.
        OSError: a file cannot be read.
    """
    members = open_members(path)
    try:
        root, warnings = root_folder(members, (JSON_NAME,))
        if root + JSON_NAME not in members.names:
            names = ", ".join(repr(name[:60]) for name in list(members.names)[:3]) or "no file at all"
            form = _other_form(members.names)
            message = f"There is no {JSON_NAME} at the top; the first files are {names}.{form}"
            found = problem("panoptic-json-missing", Where(file=members.name), message)
            raise SubmissionRejected([found, *warnings])
        contents = members.read(root + JSON_NAME, _JSON_BYTES + 1)
        if len(contents) > _JSON_BYTES:
            message = f"{JSON_NAME} has more than {_JSON_BYTES:,} bytes."
            found = problem("archive-size", Where(file=JSON_NAME), message)
            raise SubmissionRejected([found, *warnings])
        problems = ProblemList()
        text = JsonText(JSON_NAME, memoryview(contents))
        spans = _find_videos(text, problems)
    except JsonInvalid as error:
        members.close()
        raise SubmissionRejected([error.problem, *warnings]) from error
    except BaseException:
        members.close()
        raise
    if problems.has_errors():
        members.close()
        raise SubmissionRejected((*problems.to_tuple(), *warnings))
    sha256 = hashlib.sha256(contents).hexdigest()
    return PanopticPredictions(members, root, text, spans, sha256, (*warnings, *problems.to_tuple()))


def _find_videos(text: JsonText, problems: ProblemList) -> dict[str, tuple[int, int, int]]:
    top = text.top()
    found: dict[str, Entries] = {}
    if text.data[top] == ord("{"):
        _, found = text.object_fields(top, {"annotations": _KEYS})
    else:
        text.expect_end(text.skip_value(top))
    if "annotations" not in found:
        where = Where(file=text.name, field="annotations")
        looks = text.looks_like(top) if text.data[top] == ord("{") else ""
        message = f"The file has no list `annotations` with one entry per video.{looks}"
        problems.add("panoptic-field", where, message)
        return {}
    entries = found["annotations"]
    spans: dict[str, tuple[int, int, int]] = {}
    for entry, whole in enumerate(entries.whole.tolist()):
        name = _video_id(text, entries.spans("video_id")[entry].tolist(), whole)
        where = Where(file=text.name, entry=entry, field="video_id")
        if not isinstance(name, str):
            message = _no_name(text, entry, whole, entries.spans("video_id")[entry, 0] >= 0, name)
            problems.add("panoptic-field", where, message)
            continue
        if name in spans:
            # Official quirk: the later entry of a video replaces the earlier one.
            problems.add(
                "video-repeated", where, f"The video {name[:80]!r} is listed again; this entry counts."
            )
        spans[name] = (entry, *whole)
    return spans


def _other_form(names: Collection[str]) -> str:
    """Return a sentence on archives of maps that are not of VIPSeg's form."""
    if any(name.endswith(("_cat.png", "_ins.png")) for name in names):
        return " Maps called *_cat.png and *_ins.png are those of KITTI-STEP."
    if any(name.split("/")[-1] == "results.json" for name in names):
        return " A results.json is for video instance segmentation."
    return ""


def _no_name(text: JsonText, entry: int, whole: list[int], is_there: bool, name: Any) -> str:
    """Return a sentence on an entry without the name of its video; of the first, what it looks like."""
    expected = "expected the name of the video's folder"
    if is_there or name is not None:
        return f"`video_id` is {describe(name)}, {expected}."
    message = f"There is no `video_id`, {expected}."
    if entry == 0 and whole[1] - whole[0] <= _LARGEST_EXPLAINED:
        record = parse_value(text.slice((whole[0], whole[1])))
        fields = list(record) if isinstance(record, dict) else []
        if "segments_info" in fields:
            message += (
                " This looks like COCO panoptic results, one entry per image: group the images by video."
            )
        elif fields:
            message += f" The entry has {shown_names(fields)}."
    return message


def _video_id(text: JsonText, span: list[int], whole: list[int]) -> Any:
    if span[0] >= 0:
        return parse_value(text.slice((span[0], span[1])))
    record = parse_value(text.slice((whole[0], whole[1])))  # a key with an escape
    return record.get("video_id") if isinstance(record, dict) else None
