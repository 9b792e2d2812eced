"""Reads results.json with care, one prediction at a time: every problem with its place, or a plain copy.

Python's `json` does the parsing here, so memory is that of one prediction (and of the copy, which is written
only as long as no problem was found).
"""

from __future__ import annotations

import json
import math
from typing import Any

from evaluator.formats.json_text import Entries, JsonText
from evaluator.formats.ytvis_json import KEYS
from evaluator.formats.ytvis_masks import Mask, describe, read_mask
from evaluator.prepared import GroundTruth
from evaluator.problems import Problem, ProblemList, Where, problem
from evaluator.rle import MaskInvalid
from evaluator.types import VideoInfo

_MASK_KINDS = {"polygons": "masks-polygons", "uncompressed": "masks-uncompressed"}
_KIND_WORDS = {"polygons": "polygons", "uncompressed": "uncompressed RLE"}


class CarefulReader:
    """Checks the predictions of one file.

    Args:
        text, entries: the file, as `ytvis_json.open_list` gives it.
        ground_truth: None checks only what can be known without it.
    """

    def __init__(self, text: JsonText, entries: Entries, ground_truth: GroundTruth | None) -> None:
        self._text = text
        self._entries = entries
        self._videos = None if ground_truth is None else {video.id: video for video in ground_truth.videos}
        self._problems = ProblemList()
        self._kinds = {"polygons": 0, "uncompressed": 0}
        self._plain: list[bytes] = []

    def read(self) -> tuple[tuple[Problem, ...], tuple[Problem, ...], memoryview]:
        """Return (errors, warnings, the predictions written plainly if there are no errors)."""
        for index, place in enumerate(self._entries.whole):
            self._read_entry(index, _parse(self._text.slice(place)))
        file = Where(file=self._text.name)
        warnings = tuple(
            problem(_MASK_KINDS[kind], file, f"{count} masks are {_KIND_WORDS[kind]}.")
            for kind, count in self._kinds.items()
            if count
        )
        plain = memoryview(b"[" + b",".join(self._plain) + b"]")
        return self._problems.to_tuple(), warnings, plain

    def _read_entry(self, index: int, entry: Any) -> None:
        where = Where(file=self._text.name, entry=index)
        if not isinstance(entry, dict):
            self._problems.add("entry-type", where, f"The item is {describe(entry)}, expected an object.")
            return
        fine = True
        for key in KEYS:
            if key not in entry:
                place = Where(file=self._text.name, entry=index, field=key)
                self._problems.add("field-missing", place, f"The prediction has no `{key}`.")
                fine = False
        video = self._video(entry, index)
        if video is not None:
            where = Where(file=self._text.name, entry=index, video_id=video.id, video=video.name)
        fine &= self._check_category(entry, where)
        fine &= self._check_score(entry, where)
        masks = self._masks(entry, where, video)
        if not fine or masks is None or self._problems.has_errors():
            self._plain.clear()
            return
        plain = {key: entry[key] for key in KEYS[:3]}
        plain["score"] = float(plain["score"])
        self._plain.append(json.dumps({**plain, "segmentations": masks}).encode())

    def _video(self, entry: dict[str, Any], index: int) -> VideoInfo | None:
        if "video_id" not in entry:
            return None
        number = entry["video_id"]
        if not _is_integral(number):
            where = Where(file=self._text.name, entry=index, field="video_id")
            message = f"`video_id` is {describe(number)}, expected an integer."
            self._problems.add("video-id-type", where, message)
            return None
        if self._videos is None:
            return None
        if number not in self._videos:
            where = Where(file=self._text.name, entry=index, video_id=number, field="video_id")
            known = f"{len(self._videos)} videos with ids {_span(self._videos)}"
            message = f"The ground truth has no video {describe(number)}; it has {known}."
            self._problems.add("video-unknown", where, message)
            return None
        return self._videos[number]

    def _check_category(self, entry: dict[str, Any], where: Where) -> bool:
        if "category_id" not in entry or _is_integral(entry["category_id"]):
            return True
        message = f"`category_id` is {describe(entry['category_id'])}, expected an integer."
        self._problems.add("category-id-type", _field(where, "category_id"), message)
        return False

    def _check_score(self, entry: dict[str, Any], where: Where) -> bool:
        if "score" not in entry:
            return True
        score = entry["score"]
        if not isinstance(score, (int, float)) or isinstance(score, bool):
            message = f"`score` is {describe(score)}, expected a number."
            self._problems.add("score-type", _field(where, "score"), message)
            return False
        if not _is_finite(score):
            message = f"`score` is {describe(score)}, expected a finite number."
            self._problems.add("score-not-finite", _field(where, "score"), message)
            return False
        return True

    def _masks(
        self, entry: dict[str, Any], where: Where, video: VideoInfo | None
    ) -> list[dict[str, Any] | None] | None:
        """Return the masks written plainly, or None if there is a problem (or no way to know the size)."""
        if "segmentations" not in entry:
            return None
        values = entry["segmentations"]
        if not isinstance(values, list):
            message = f"`segmentations` is {describe(values)}, expected a list."
            self._problems.add("segmentations-type", _field(where, "segmentations"), message)
            return None
        if video is not None and len(values) != video.length:
            message = f"`segmentations` has {len(values)} items, but the video has {video.length} frames."
            self._problems.add("tracklet-length", _field(where, "segmentations"), message)
            return None
        size = None if video is None else (video.height, video.width)
        masks: list[dict[str, Any] | None] = []
        fine = True
        for frame, value in enumerate(values):
            try:
                masks.append(self._plain_mask(read_mask(value, size)))
            except MaskInvalid as error:
                place = Where(where.file, where.entry, where.video_id, where.video, frame, "segmentations")
                self._problems.add(error.code, place, f"{str(error)[0].upper()}{str(error)[1:]}")
                fine = False
        return masks if fine else None

    def _plain_mask(self, found: tuple[Mask, tuple[int, int]] | None) -> dict[str, Any] | None:
        if found is None:
            return None
        mask, size = found
        if mask.kind in self._kinds:
            self._kinds[mask.kind] += 1
        return {"size": size, "counts": mask.counts}


def _parse(entry: bytes) -> Any:
    return json.loads(entry.decode("utf-8", "replace"), parse_int=_parse_int)


def _parse_int(digits: str) -> int | float:
    """Python refuses to read integers of thousands of digits; they are as good as infinite here."""
    return int(digits) if len(digits) < 400 else math.inf


def _field(where: Where, field: str) -> Where:
    return Where(where.file, where.entry, where.video_id, where.video, where.frame, field)


def _is_integral(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(score: int | float) -> bool:
    try:
        return math.isfinite(score)
    except OverflowError:
        return False


def _span(ids: dict[int, VideoInfo]) -> str:
    return f"{min(ids)} to {max(ids)}" if ids else "none"
