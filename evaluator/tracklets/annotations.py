"""Reads and checks the annotation JSON of YouTube-VIS and OVIS."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from evaluator.files.forms import form_of_bytes
from evaluator.files.json_text import Entries, JsonInvalid, JsonText, parse_value
from evaluator.files.source import map_file
from evaluator.files.words import counted, describe, describe_field, wrong_length
from evaluator.problems import PROBLEMS, GroundTruthError, ProblemList, Where, problem
from evaluator.tracklets.ground_truth import GroundTruth, TrackletArrays
from evaluator.tracklets.kernels import decode_tracklet
from evaluator.tracklets.masks import read_mask
from evaluator.tracklets.occlusion import LEVEL_NUMBERS, occlusion_score
from evaluator.tracklets.rle import MaskInvalid
from evaluator.types import CategoryInfo, VideoInfo

_KEYS: Final = ("id", "video_id", "category_id", "iscrowd", "areas", "occlusion", "segmentations")
_SIZES: Final = ("length", "height", "width")
_PIXELS: Final = 1 << 31
_LARGEST_AREA: Final = 1e10
_LISTED_IDS: Final = 10


def read_annotations(path: Path, *, occlusion: bool) -> GroundTruth:
    """Return the ground truth of an annotation file.

    Args:
        path: the official JSON with videos, categories and annotations.
        occlusion: whether every annotation must have occlusion levels (OVIS).

    Raises:
        GroundTruthError: with every problem found.
        OSError: the file cannot be read.
    """
    return _Reader(path, occlusion).read()


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class _Reader:
    def __init__(self, path: Path, occlusion: bool) -> None:
        self._file = path.name
        self._occlusion = occlusion
        self._contents = map_file(path)
        self._problems = ProblemList()

    def read(self) -> GroundTruth:
        form = form_of_bytes(bytes(self._contents[:512]))
        if form is not None:
            self._report("gt-json", f"Expected the annotation JSON, unpacked, but this is {form}.")
            self._raise_problems()
        try:
            text = JsonText(self._file, self._contents, quote=False)
            fields, entries = self._find_parts(text)
            videos = self._videos(self._value(text, fields["videos"]), _FirstMasks(text, entries))
            categories = self._categories(self._value(text, fields["categories"]))
            self._raise_problems()
            tracklets = self._tracklets(text, entries, videos, categories)
        except JsonInvalid as error:
            message = f"{error.problem.message} ({PROBLEMS[error.problem.code].title})"
            raise GroundTruthError([problem("gt-json", error.problem.where, message)]) from error
        except json.JSONDecodeError as error:  # an unknown escape in a string
            message = f"A string is not JSON: {error}."
            raise GroundTruthError([problem("gt-json", Where(file=self._file), message)]) from error
        self._raise_problems()
        digest = hashlib.sha256(self._contents).hexdigest()
        warnings = self._problems.to_tuple()
        return GroundTruth(digest, videos, categories, len(entries), tracklets, warnings)

    def _report(self, code: str, message: str, where: Where | None = None) -> None:
        self._problems.add(code, where or Where(file=self._file), message)

    def _raise_problems(self) -> None:
        if self._problems.has_errors():
            raise GroundTruthError(self._problems.to_tuple())

    def _find_parts(self, text: JsonText) -> tuple[dict[str, tuple[int, int]], Entries]:
        top = text.top()
        if text.data[top] != ord("{"):
            text.expect_end(text.skip_value(top))
            is_list = "; it is a list, as predictions are" if text.data[top] == ord("[") else ""
            message = f"The top level is not an object with videos, categories, annotations{is_list}."
            self._report("gt-not-an-object", message)
            self._raise_problems()
        fields, lists = text.object_fields(top, {"annotations": _KEYS})
        for name in ("videos", "categories", "annotations"):
            if name not in fields:
                where = Where(file=self._file, field=name)
                looks = "" if self._problems.has_errors() else text.looks_like(top)
                self._report("gt-field-missing", f"The file has no `{name}`.{looks}", where)
        self._raise_problems()
        if "annotations" in lists:
            entries = lists["annotations"]
            if len(entries) and (entries.spans("segmentations") < 0).all():
                where = Where(file=self._file, field="segmentations")
                looks = text.looks_like(top) if "images" in fields else ""
                self._report("gt-field-missing", f"No annotation has `segmentations`.{looks}", where)
            return fields, entries
        if text.slice(fields["annotations"]) != b"null":
            where = Where(file=self._file, field="annotations")
            self._report("gt-field-type", "`annotations` is neither a list nor null.", where)
            self._raise_problems()
        # Null is a split without ground truth: nothing is defined.
        return fields, Entries(_KEYS, np.empty((0, 2 * len(_KEYS) + 3), np.int64))

    def _value(self, text: JsonText, span: tuple[int, int]) -> Any:
        return parse_value(text.slice(span))

    def _records(self, field: str, value: Any) -> list[dict[str, Any]]:
        """Return the objects of a list with distinct integer ids, in the order of the ids."""
        where = Where(file=self._file, field=field)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._report("gt-field-type", f"`{field}` is not a list of objects.", where)
            return []
        known: dict[int, dict[str, Any]] = {}
        for index, item in enumerate(value):
            if not _is_integer(item.get("id")):
                message = f"{field}: `id` is {describe_field(item, 'id')}."
                self._report("gt-field-type", message, replace(where, entry=index))
            elif item["id"] in known:
                self._report("gt-id-duplicate", f"{field}: the id {item['id']} is used twice.", where)
            else:
                known[item["id"]] = item
        return [known[number] for number in sorted(known)]

    def _videos(self, value: Any, masks: _FirstMasks) -> tuple[VideoInfo, ...]:
        videos = []
        for item in self._records("videos", value):
            where = Where(file=self._file, field="videos", video_id=item["id"])
            sizes = [self._size(item, name, masks, where) for name in _SIZES]
            length, height, width = (size or 0 for size in sizes)
            if not (length and height and width):
                continue
            if height * width >= _PIXELS:
                self._report("gt-too-large", f"The video has {height} x {width} pixels.", where)
                continue
            videos.append(VideoInfo(item["id"], _video_name(item), length, height, width))
        return tuple(videos)

    def _size(self, item: dict[str, Any], name: str, masks: _FirstMasks, where: Where) -> int | None:
        """Return the length, height or width of a video; None after a problem.

        The official evaluation reads none of them, so a missing one may also follow from the masks.
        """
        value: Any = item.get(name)
        if name not in item:
            listed = _listed_frames(item) if name == "length" else None
            value = masks.size(item["id"], name) if listed is None else listed
        if _is_integer(value) and value > 0:
            return int(value)
        if name in item:
            message = f"`{name}` of the video is {describe(value)}, expected a positive integer."
            self._report("gt-field-type", message, replace(where, field=name))
        else:
            unit, sources = "in pixels", "no `segmentations`"
            if name == "length":
                unit, sources = "its number of frames", "neither `file_names` nor `segmentations`"
            message = f"The video has no `{name}` ({unit}), and {sources} show it."
            self._report("gt-field-missing", message, replace(where, field=name))
        return None

    def _categories(self, value: Any) -> tuple[CategoryInfo, ...]:
        records = self._records("categories", value)
        return tuple(CategoryInfo(item["id"], str(item.get("name", item["id"]))) for item in records)

    def _tracklets(
        self,
        text: JsonText,
        entries: Entries,
        videos: tuple[VideoInfo, ...],
        categories: tuple[CategoryInfo, ...],
    ) -> TrackletArrays:
        return _TrackletReader(
            self._file, text, entries, videos, categories, self._occlusion, self._problems
        ).read()


class _FirstMasks:
    """Finds lengths and sizes in the annotations, for files whose videos lack them."""

    def __init__(self, text: JsonText, entries: Entries) -> None:
        self._text = text
        self._entries = entries

    def size(self, video_id: int, name: str) -> int | None:
        """Return the length, height or width of the first annotation of a video that has masks."""
        return self._sizes.get(video_id, {}).get(name)

    @cached_property
    def _sizes(self) -> dict[int, dict[str, int]]:
        found: dict[int, dict[str, int]] = {}
        spans = (self._entries.spans("video_id").tolist(), self._entries.spans("segmentations").tolist())
        for video_span, masks_span in zip(*spans, strict=True):
            if video_span[0] < 0 or masks_span[0] < 0:
                continue
            video_id = parse_value(self._text.slice(video_span))
            if not _is_integer(video_id) or len(found.get(video_id, ())) == len(_SIZES):
                continue
            masks = parse_value(self._text.slice(masks_span))
            if isinstance(masks, list) and masks:
                sizes = [mask["size"] for mask in masks if isinstance(mask, dict) and "size" in mask]
                known = [size for size in sizes if isinstance(size, list) and len(size) == len(_SIZES) - 1]
                shown = dict(zip(_SIZES, (len(masks), *(known[0] if known else ())), strict=False))
                found[video_id] = shown | found.get(video_id, {})
        return found


def _listed_frames(video: dict[str, Any]) -> int | None:
    names = video.get("file_names")
    return len(names) if isinstance(names, list) and names else None


def _video_name(item: dict[str, Any]) -> str:
    """Return the folder of the video's frames, as YouTube-VIS and OVIS name videos."""
    files = item.get("file_names")
    if isinstance(files, list) and files and isinstance(files[0], str) and "/" in files[0]:
        return files[0].rsplit("/", 1)[0]
    return str(item.get("name", item["id"]))


class _TrackletReader:
    """Turns the annotations into arrays, video by video."""

    def __init__(
        self,
        file: str,
        text: JsonText,
        entries: Entries,
        videos: tuple[VideoInfo, ...],
        categories: tuple[CategoryInfo, ...],
        occlusion: bool,
        problems: ProblemList,
    ) -> None:
        self._file = file
        self._text = text
        self._entries = entries
        self._videos = videos
        self._video_index: dict[int | None, int] = {video.id: index for index, video in enumerate(videos)}
        self._category_index: dict[int | None, int] = {
            category.id: index for index, category in enumerate(categories)
        }
        self._occlusion = occlusion
        self._levels = bytearray()
        self._problems = problems

    def read(self) -> TrackletArrays:
        count = len(self._entries)
        ids = self._integers("id")
        video_ids = self._integers("video_id")
        category_ids = self._integers("category_id")
        crowd = [0 if value is None else value for value in self._column("iscrowd")]
        self._check_ids(ids, video_ids)
        self._check_categories(category_ids)
        video = np.array([self._video_index.get(n, -1) for n in video_ids], np.int32)
        # Official quirk: annotations of a category that is not listed under `categories` count nowhere.
        category = np.array([self._category_index.get(n, -1) for n in category_ids], np.int32)
        kept = np.flatnonzero((video >= 0) & (category >= 0))
        order = kept[np.lexsort((kept, category[kept], video[kept]))]
        where = [self._where(i, video[i]) for i in range(count)] if count else []
        mean_area = self._each("areas", order, where, self._mean_area)
        occlusion = np.full(len(order), np.nan)
        if self._occlusion:
            occlusion = self._each("occlusion", order, where, self._occlusion_score)
        if self._problems.has_errors():
            return _no_tracklets(len(self._videos))
        masks = self._masks(order, video, where)
        first_tracklet = np.searchsorted(video[order], np.arange(len(self._videos) + 1))
        lengths = np.array([v.length for v in self._videos], np.int64)
        first_mask = np.concatenate([[0], np.cumsum(np.diff(first_tracklet) * lengths)]).astype(np.int64)
        return TrackletArrays(
            video=video[order],
            category=category[order],
            crowd=np.array([bool(crowd[i]) for i in order], np.uint8),
            mean_area=mean_area,
            occlusion=occlusion,
            levels=np.frombuffer(self._levels if self._occlusion else bytes(first_mask[-1]), np.uint8),
            first_tracklet=first_tracklet.astype(np.int64),
            first_mask=first_mask,
            **masks,
        )

    def _where(self, index: int, video: int, field: str | None = None) -> Where:
        if video < 0:
            return Where(file=self._file, entry=index, field=field)
        info = self._videos[video]
        return Where(file=self._file, entry=index, video_id=info.id, video=info.name, field=field)

    def _column(self, key: str) -> list[Any]:
        """Return a field of every annotation, None where it is missing."""
        spans = self._entries.spans(key)
        present = np.flatnonzero(spans[:, 0] >= 0)
        values: list[Any] = [None] * len(spans)
        try:
            decoded = self._text.column(spans[present])
        except msgspec.DecodeError:
            decoded = [parse_value(self._text.slice(span)) for span in spans[present]]
        for index, value in zip(present.tolist(), decoded, strict=True):
            values[index] = value
        return values

    def _integers(self, key: str) -> list[int | None]:
        """Return an integer field of every annotation, None after a problem."""
        values: list[int | None] = []
        present = (self._entries.spans(key)[:, 0] >= 0).tolist()
        for index, value in enumerate(self._column(key)):
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if not _is_integer(value):
                where = Where(file=self._file, entry=index, field=key)
                if present[index]:
                    message = f"`{key}` of an annotation is {describe(value)}, expected an integer."
                    self._problems.add("gt-field-type", where, message)
                else:
                    self._problems.add("gt-field-missing", where, f"The annotation has no `{key}`.")
                value = None
            values.append(value)
        return values

    def _check_ids(self, ids: list[int | None], video_ids: list[int | None]) -> None:
        seen: set[int] = set()
        for index, (number, video_id) in enumerate(zip(ids, video_ids, strict=True)):
            where = Where(file=self._file, entry=index)
            if number == 0:
                self._problems.add("gt-id-zero", where, "An annotation has the id 0.")
            if number in seen:
                self._problems.add("gt-id-duplicate", where, f"annotations: the id {number} is used twice.")
            if number is not None:
                seen.add(number)
            if video_id is not None and video_id not in self._video_index:
                message = f"An annotation belongs to video {video_id}, which `videos` does not list."
                self._problems.add("gt-video-unknown", where, message)

    def _check_categories(self, category_ids: list[int | None]) -> None:
        """Warn of annotations that count nowhere because `categories` does not list theirs."""
        unlisted = [
            (index, number)
            for index, number in enumerate(category_ids)
            if number is not None and number not in self._category_index
        ]
        if unlisted:
            ids = ", ".join(
                str(number) for number in sorted({number for _, number in unlisted})[:_LISTED_IDS]
            )
            have = counted(len(unlisted), "annotation has a category", "annotations have categories")
            message = f"{have} that `categories` does not list: {ids}."
            where = Where(file=self._file, entry=unlisted[0][0], field="category_id")
            self._problems.add("gt-category-unlisted", where, message)

    def _each(
        self, key: str, order: NDArray[np.int64], where: list[Where], read: Callable[[Any, int], float]
    ) -> NDArray[np.float64]:
        """Return one number for each annotation of `order`, made from its list `key`."""
        column = self._column(key)
        present = (self._entries.spans(key)[:, 0] >= 0).tolist()
        values = np.full(len(order), np.nan)
        for row, index in enumerate(order.tolist()):
            value = column[index]
            if not present[index]:
                code = "gt-occlusion" if key == "occlusion" else "gt-field-missing"
                message = f"The annotation has no `{key}`, one item for each frame."
                self._problems.add(code, where[index], message)
                continue
            video_id = where[index].video_id
            length = self._videos[self._video_index[int(video_id)]].length if video_id is not None else 0
            try:
                values[row] = read(value, length)
            except MaskInvalid as error:
                self._problems.add(error.code, where[index], str(error))
        return values

    def _mean_area(self, areas: Any, length: int) -> float:
        if not isinstance(areas, list):
            raise MaskInvalid("gt-field-type", f"`areas` is {describe(areas)}, expected a list.")
        if len(areas) != length:
            raise MaskInvalid("gt-length", wrong_length("areas", len(areas), length))
        # Official quirk: null and 0 are left out of the mean.
        visible = [area for area in areas if area]
        if not all(isinstance(area, (int, float)) and abs(area) <= _LARGEST_AREA for area in visible):
            raise MaskInvalid(
                "gt-field-type", "`areas` holds something other than numbers of pixels and null."
            )
        return float(np.mean(visible)) if visible else 0.0

    def _occlusion_score(self, levels: Any, length: int) -> float:
        """Return the score of one annotation, and keep its levels."""
        if not isinstance(levels, list):
            raise MaskInvalid("gt-occlusion", f"`occlusion` is {describe(levels)}, expected a list.")
        if len(levels) != length:
            message = wrong_length("occlusion", len(levels), length)
            raise MaskInvalid("gt-occlusion", message)
        try:
            score = occlusion_score(levels)
        except (ValueError, TypeError) as error:
            raise MaskInvalid("gt-occlusion", f"`occlusion`: {error}.") from error
        self._levels += bytes(LEVEL_NUMBERS[level] for level in levels)
        return score

    def _masks(
        self, order: NDArray[np.int64], video: NDArray[np.int32], where: list[Where]
    ) -> dict[str, NDArray[Any]]:
        """Decode the masks of all annotations of `order`."""
        spans = self._entries.spans("segmentations")[order]
        lengths = np.array([self._videos[index].length for index in video[order]], np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        first, areas = (np.zeros(int(starts[-1]), np.int64) for _ in range(2))
        runs = np.zeros(int(starts[-1]), np.int32)
        # A run takes at least a byte of the file. What is not written of this takes no memory.
        bounds = np.empty(int((spans[:, 1] - spans[:, 0]).sum()) + 1, np.int32)
        used = 0
        for row, index in enumerate(order.tolist()):
            info = self._videos[video[index]]
            masks = slice(int(starts[row]), int(starts[row + 1]))
            decoded = self._decode(spans[row], info, where[index], bounds[used:])
            if decoded is not None:
                count, mask_first, runs[masks], areas[masks] = decoded
                first[masks] = mask_first + used
                used += count
        return {"first": first, "runs": runs, "areas": areas, "bounds": bounds[:used]}

    def _decode(
        self, span: NDArray[np.int64], info: VideoInfo, where: Where, bounds: NDArray[np.int32]
    ) -> tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
        if span[0] < 0:
            self._problems.add("gt-field-missing", where, "The annotation has no `segmentations`.")
            return None
        decoded = decode_one(self._text.data, int(span[0]), info, bounds)
        if decoded is not None:
            return decoded
        plain = self._plain(span, info, where)
        if plain is None:
            return None
        decoded = decode_one(np.frombuffer(plain, np.uint8), 0, info, bounds)
        if decoded is None:
            raise RuntimeError(f"Expected a decodable mask after checking it: {where}")
        return decoded

    def _plain(self, span: NDArray[np.int64], info: VideoInfo, where: Where) -> bytes | None:
        """Return the masks written plainly, or None after reporting what is wrong with them."""
        values = parse_value(self._text.slice(span))
        if not isinstance(values, list):
            message = f"`segmentations` is {describe(values)}, expected a list."
            self._problems.add("gt-field-type", where, message)
            return None
        if len(values) != info.length:
            message = wrong_length("segmentations", len(values), info.length)
            self._problems.add("gt-length", where, message)
            return None
        size = (info.height, info.width)
        plain = []
        for frame, value in enumerate(values):
            try:
                mask = read_mask(value, size)
            except MaskInvalid as error:
                self._problems.add("gt-mask", where, f"frame {frame}: {error}")
                return None
            plain.append(None if mask is None else {"size": size, "counts": mask[0].counts})
        return json.dumps(plain).encode()


def decode_one(
    data: NDArray[np.uint8], at: int, info: VideoInfo, bounds: NDArray[np.int32]
) -> tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
    """Decode the tracklet at `at` into `bounds`.

    Returns (bounds written, and first, runs, areas [length]), or None if it is not written plainly.
    """
    first, runs, areas = (np.zeros(info.length, np.int64) for _ in range(3))
    used, _, frames = decode_tracklet(data, at, info.height, info.width, bounds, first, runs, areas)
    return (int(used), first, runs, areas) if used >= 0 and frames == info.length else None


def _no_tracklets(videos: int) -> TrackletArrays:
    ints, small, tiny = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.uint8)
    floats = np.empty(0)
    starts = np.zeros(videos + 1, np.int64)
    return TrackletArrays(small, small, tiny, floats, floats, tiny, ints, small, ints, small, starts, starts)
