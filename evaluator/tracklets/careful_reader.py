"""Reads results.json with care, one prediction at a time: every problem with its position, or a plain copy.

The small fields of a prediction, and masks that the compiled decoder does not take, are read by Python's
`json`. Memory is that of one prediction, and of the copy for as long as no problem was found.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any, Final

import numpy as np

from evaluator.files.forms import form_of_entry
from evaluator.files.json_text import Entries, JsonText, parse_value
from evaluator.files.words import counted, describe, shown_names, wrong_length
from evaluator.problems import Problem, ProblemList, Where, problem
from evaluator.tracklets.ground_truth import GroundTruth
from evaluator.tracklets.kernels import decode_tracklet
from evaluator.tracklets.masks import read_mask
from evaluator.tracklets.results_json import KEYS, LONGEST_NUMBER, UNKNOWN, UNREADABLE, PredictionTable
from evaluator.tracklets.rle import MaskInvalid
from evaluator.types import VideoInfo

_LARGEST_ENTRY: Final = 16 << 20
_LARGEST_EXPLAINED: Final = 1 << 20
_LARGEST_ID: Final = 1 << 53
_MANY_FRAMES: Final = 100_000
_MASK_KINDS: Final = {"polygons": "masks-polygons", "uncompressed": "masks-uncompressed"}
_KIND_WORDS: Final = {"polygons": "written as polygons", "uncompressed": "uncompressed RLE"}
_FIRST_SIZE: Final = re.compile(rb'"size"\s*:\s*\[\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\]')


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
        self._video_index = {number: index for index, number in enumerate(self._videos or {})}
        categories = () if ground_truth is None else ground_truth.categories
        self._category_index = {category.id: index for index, category in enumerate(categories)}
        count = len(entries)
        self._table = PredictionTable(
            text,
            video=np.full(count, UNREADABLE, np.int32),
            category=np.full(count, UNREADABLE, np.int32),
            category_ids=[None] * count,
            score=np.full(count, np.nan),
            spans=entries.spans("segmentations"),
        )
        # Both are asked for once an entry, and a hostile file has a million entries.
        self._escaped = entries.escaped
        self._ids_of_names = {video.name: video.id for video in (self._videos or {}).values()}
        self._span = _span([*self._videos]) if self._videos else "none"
        self._problems = ProblemList()
        self._kinds = {"polygons": 0, "uncompressed": 0}
        self._plain: list[bytes] = []
        self._is_explained = False
        self._shift = self._shift_of_videos()

    def read(self) -> tuple[tuple[Problem, ...], tuple[Problem, ...], memoryview]:
        """Return (errors, warnings, the predictions written plainly if there are no errors)."""
        for index in range(len(self._entries)):
            try:
                self._read_entry(index)
            except json.JSONDecodeError as error:  # an unknown escape in a string
                where = Where(file=self._text.name, entry=index)
                self._problems.add("json-syntax", where, f"A string is not JSON: {error}.")
        file = Where(file=self._text.name)
        warnings = tuple(
            problem(_MASK_KINDS[kind], file, f"{counted(count, 'mask is', 'masks are')} {_KIND_WORDS[kind]}.")
            for kind, count in self._kinds.items()
            if count
        )
        plain = memoryview(b"[" + b",".join(self._plain) + b"]")
        return self._problems.to_tuple(), warnings, plain

    @property
    def table(self) -> PredictionTable:
        """What could be read of the predictions' fields."""
        return self._table

    def _shift_of_videos(self) -> str:
        """Return a sentence if all video ids would be known when counted from another number."""
        used: set[int] = set()
        for span in self._entries.spans("video_id"):
            number = _parse_small(self._text.slice(span)) if span[0] >= 0 else None
            if number is None or not _is_integral(number) or abs(number) > _LARGEST_ID:
                return ""
            used.add(int(number))
        known = (self._videos or {}).keys()
        for shift, start, do in ((1, 0, "added"), (-1, 1, "subtracted")):
            shifted = {number + shift for number in used}
            if len(used) > 1 and not used <= known and shifted <= known:
                return f" All ids fit if 1 is {do}: they look counted from {start}."
        return ""

    def _read_entry(self, index: int) -> None:
        where = Where(file=self._text.name, entry=index)
        fields = self._fields(index, where)
        if fields is None:
            return
        values = {key: _parse_small(fields[key]) for key in KEYS[:3] if key in fields}
        video = self._video(values, where)
        if video is not None:
            where = replace(where, video_id=video.id, video=video.name)
            self._table.video[index] = self._video_index[video.id]
        for key in KEYS:
            if key not in fields:
                message = f"The prediction has no `{key}`{self._fields_instead(index)}."
                self._problems.add("field-missing", replace(where, field=key), message)
        self._check_category(values, where, index)
        self._check_score(values, where, index)
        masks = self._masks(fields["segmentations"], where, video) if "segmentations" in fields else None
        if masks is None or self._videos is None or self._problems.has_errors():
            self._plain.clear()
            return
        values["score"] = float(values["score"])
        self._plain.append(json.dumps(values).encode()[:-1] + b', "segmentations": ' + masks + b"}")

    def _fields(self, index: int, where: Where) -> dict[str, bytes] | None:
        """Return the JSON of each known field, or None if the entry is not an object."""
        start, end = self._entries.whole[index].tolist()
        if end - start > _LARGEST_ENTRY:
            message = f"The prediction takes {end - start:,} bytes, at most {_LARGEST_ENTRY:,} are read."
            self._problems.add("entry-too-large", where, message)
            return None
        if self._text.data[start] != ord("{"):
            found = describe(_parse_small(self._text.slice((start, end))))
            lists = "; join the lists of all videos into one" if found == "a list" else ""
            self._problems.add("entry-type", where, f"The item is {found}, expected an object{lists}.")
            return None
        if self._escaped[index]:  # a key may be spelt with escapes: let Python read them
            whole: dict[str, Any] = parse_value(self._text.slice((start, end)))
            return {key: json.dumps(whole[key]).encode() for key in KEYS if key in whole}
        spans = {key: self._entries.spans(key)[index] for key in KEYS}
        return {key: self._text.slice(span) for key, span in spans.items() if span[0] >= 0}

    def _fields_instead(self, index: int) -> str:
        """Return the words for what fields an entry has, for the first one that lacks any."""
        start, end = self._entries.whole[index].tolist()
        if self._is_explained or end - start > _LARGEST_EXPLAINED:
            return ""
        self._is_explained = True
        fields = list(parse_value(self._text.slice((start, end))))
        form = form_of_entry(fields)
        return f"; it has {shown_names(fields) or 'no field'}" + (f". This looks like {form}" if form else "")

    def _video(self, values: dict[str, Any], where: Where) -> VideoInfo | None:
        if "video_id" not in values:
            return None
        number = values["video_id"]
        if not _is_integral(number):
            named = self._ids_of_names.get(number) if isinstance(number, str) else None
            hint = "" if named is None else f"; the video of this name has the id {named}"
            message = f"`video_id` is {describe(number)}, expected an integer{hint}."
            self._problems.add("video-id-type", replace(where, field="video_id"), message)
            return None
        if self._videos is None:
            return None
        if number not in self._videos:
            message = (
                f"The ground truth has no video {describe(number)}; "
                f"its {counted(len(self._videos), 'id is', 'ids are')} {self._span}.{self._shift}"
            )
            where = replace(where, video_id=int(number), field="video_id")
            self._problems.add("video-unknown", where, message)
            return None
        return self._videos[number]

    def _check_category(self, values: dict[str, Any], where: Where, index: int) -> None:
        if "category_id" not in values:
            return
        if _is_integral(values["category_id"]):
            self._table.category_ids[index] = values["category_id"]
            self._table.category[index] = self._category_index.get(values["category_id"], UNKNOWN)
            return
        message = f"`category_id` is {describe(values['category_id'])}, expected an integer."
        self._problems.add("category-id-type", replace(where, field="category_id"), message)

    def _check_score(self, values: dict[str, Any], where: Where, index: int) -> None:
        if "score" not in values:
            return
        score = values["score"]
        where = replace(where, field="score")
        if not isinstance(score, (int, float)) or isinstance(score, bool):
            message = f"`score` is {describe(score)}, expected a number."
            self._problems.add("score-type", where, message)
        elif not _is_finite(score):
            message = f"`score` is {describe(score)}, expected a finite number."
            self._problems.add("score-not-finite", where, message)
        else:
            self._table.score[index] = float(score)

    def _masks(self, written: bytes, where: Where, video: VideoInfo | None) -> bytes | None:
        """Return the masks written plainly, or None if there is a problem with them."""
        if self._is_plain(written, video):
            return written
        values = parse_value(written)
        where = replace(where, field="segmentations")
        if not isinstance(values, list):
            message = f"`segmentations` is {describe(values)}, expected a list."
            self._problems.add("segmentations-type", where, message)
            return None
        if video is not None and len(values) != video.length:
            message = wrong_length("segmentations", len(values), video.length)
            self._problems.add("tracklet-length", where, message)
            return None
        size = None if video is None else (video.height, video.width)
        masks: list[dict[str, Any] | None] = []
        for frame, value in enumerate(values):
            try:
                found = read_mask(value, size)
            except MaskInvalid as error:
                message = f"{str(error)[0].upper()}{str(error)[1:]}"
                self._problems.add(error.code, replace(where, frame=frame), message)
                continue
            if found is None:
                masks.append(None)
                continue
            mask, mask_size = found
            if mask.kind in self._kinds:
                self._kinds[mask.kind] += 1
            masks.append({"size": mask_size, "counts": mask.counts})
        return json.dumps(masks).encode() if len(masks) == len(values) else None

    def _is_plain(self, written: bytes, video: VideoInfo | None) -> bool:
        """Return whether the compiled decoder takes the masks; it counts those that are not compressed."""
        if video is not None:
            height, width, length = video.height, video.width, video.length
        else:
            size = _FIRST_SIZE.search(written)
            if size is None:
                return False
            height, width, length = int(size[1]), int(size[2]), min(written.count(b",") + 1, _MANY_FRAMES)
        if height * width >= 1 << 31:
            return False
        bounds = np.empty(min(len(written), length * (height * width + 1)), np.int32)
        first, runs, areas = np.empty((3, length), np.int64)
        data = np.frombuffer(written, np.uint8)
        used, listed, frames = decode_tracklet(data, 0, height, width, bounds, first, runs, areas)
        if used < 0 or (video is not None and frames != length):
            return False
        self._kinds["uncompressed"] += listed
        return True


def _span(ids: list[int]) -> str:
    return str(ids[0]) if len(ids) == 1 else f"{min(ids)} to {max(ids)}"


def _parse_small(value: bytes) -> Any:
    """Return a value that should be a number; of one that is far too long, only what kind it is."""
    if len(value) <= LONGEST_NUMBER:
        return parse_value(value)
    kinds: dict[bytes, Any] = {b"[": [], b"{": {}, b'"': value[1:41].decode("utf-8", "replace")}
    return kinds.get(value[:1], math.inf)


def _is_integral(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(score: int | float) -> bool:
    try:
        return math.isfinite(score)
    except OverflowError:
        return False
