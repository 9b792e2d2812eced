"""The `segments_info` of panoptic JSON files: read and checked, frame by frame."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Final

from evaluator.files.words import describe
from evaluator.panoptic.tubes import FrameSegments

SEGMENTS_LIMIT: Final = 1 << 16
"""Most segments of a video: STQ numbers them with 16 bits."""
LARGEST_ID: Final = (1 << 24) - 1
_LARGEST_AREA = 1 << 53


class SegmentsInvalid(Exception):
    """A frame cannot be used; `field` names what is wrong in it."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def read_frame(frame: Any, *, ground_truth: bool) -> FrameSegments:
    """Return the segments of one frame as `json` decoded it.

    A prediction needs `id` and `category_id` of each segment; a ground truth `area` too.

    Raises:
        SegmentsInvalid: with the field that is missing or wrong.
    """
    if not isinstance(frame, dict):
        raise SegmentsInvalid("annotations", f"The frame is {describe(frame)}, expected an object.")
    segments = frame.get("segments_info")
    if not isinstance(segments, list):
        raise SegmentsInvalid("segments_info", f"`segments_info` is {_found(frame, 'segments_info')}.")
    name = frame.get("file_name")
    found = FrameSegments(name if isinstance(name, str) else None)
    for number, segment in enumerate(segments):
        _read_segment(found, segment, f"segments_info[{number}]", ground_truth)
    return found


def _read_segment(found: FrameSegments, segment: Any, where: str, ground_truth: bool) -> None:
    if not isinstance(segment, dict):
        raise SegmentsInvalid("segments_info", f"{where} is {describe(segment)}, expected an object.")
    number = _integer(segment, "id", where)
    category = _integer(segment, "category_id", where)
    # Official quirk: of an id that is listed twice, VPQ takes the first category and STQ the last.
    repeated = number in found.category
    found.category.setdefault(number, category)
    found.last_category[number] = category
    if ground_truth:
        # Official quirk: VPQ takes areas from the JSON, and adds those of an id that is listed twice.
        found.area[number] = found.area.get(number, 0) + _area(segment, where)
        if _crowd(segment, where) and not repeated:
            found.crowd.add(number)
    elif repeated and "area" not in segment:
        raise SegmentsInvalid("area", f"{where}: the id {number} is listed again and has no `area`.")


def _integer(segment: dict[str, Any], name: str, where: str) -> int:
    value = segment.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise SegmentsInvalid(name, f"{where}: `{name}` is {_found(segment, name)}, expected an integer.")
    return value


def _area(segment: dict[str, Any], where: str) -> int:
    value = segment.get("area")
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= _LARGEST_AREA:
        found = _found(segment, "area")
        raise SegmentsInvalid("area", f"{where}: `area` is {found}, expected a number of pixels.")
    if not float(value).is_integer():
        raise SegmentsInvalid("area", f"{where}: `area` is {value}, expected a whole number of pixels.")
    return int(value)


def _crowd(segment: dict[str, Any], where: str) -> bool:
    value = segment.get("iscrowd", 0)
    if value not in (0, 1):
        raise SegmentsInvalid("iscrowd", f"{where}: `iscrowd` is {describe(value)}, expected 0 or 1.")
    return bool(value)


def _found(record: dict[str, Any], name: str) -> str:
    return describe(record[name]) if name in record else "missing"


def png_name(file_name: str) -> str:
    """Return the name of the PNG map of a frame, whose picture may be named instead.

    >>> png_name("00000012.jpg")
    '00000012.png'
    """
    return str(PurePosixPath(file_name).with_suffix(".png"))
