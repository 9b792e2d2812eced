"""Reads one mask of a YouTube-VIS file thoroughly: any encoding, and a clear problem where it is wrong.

Slow and careful, for the few masks that the compiled decoder of `evaluator.tracklets.rle` does not take.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pycocotools import mask as coco_mask

from evaluator.files.words import describe
from evaluator.tracklets.rle import MaskInvalid, compress_runs, expand_counts


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask as compressed `counts`; `kind` is how it was written."""

    counts: str
    kind: str


def read_mask(value: Any, size: tuple[int, int] | None) -> tuple[Mask, tuple[int, int]] | None:
    """Return a mask and its size, or None if it is absent.

    Args:
        value: what JSON gives: null, an RLE object or a list of polygons.
        size: height and width of the video; None takes the mask's own (a polygon then has none to check).

    Raises:
        MaskInvalid: the mask is wrong.
    """
    # Official quirk: {} and [] are absent masks, as null is.
    if value is None or value == {} or value == []:
        return None
    if isinstance(value, list):
        if size is None:
            check_polygons(value)
            return Mask("", "polygons"), (0, 0)
        return Mask(_rasterise(value, *size), "polygons"), size
    if not isinstance(value, dict):
        raise MaskInvalid("mask-type", f"a mask is {describe(value)}, expected an RLE object or null.")
    found = _size(value)
    if size is not None and found != size:
        hint = " (height and width are swapped)" if found == size[::-1] else ""
        message = f"the mask has size {list(found)}, but the video has {list(size)}{hint}."
        raise MaskInvalid("mask-size", message)
    return _read_counts(value, found), found


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _size(value: dict[str, Any]) -> tuple[int, int]:
    if "size" not in value:
        raise MaskInvalid("mask-size-type", "the mask has no `size`, expected [height, width].")
    size = value["size"]
    if not isinstance(size, list) or len(size) != 2 or not all(_is_integer(n) and n > 0 for n in size):
        raise MaskInvalid("mask-size-type", f"`size` is {str(size)[:60]}, expected [height, width].")
    if size[0] * size[1] >= 1 << 31:
        raise MaskInvalid("mask-size-type", f"`size` is {str(size)[:60]}, more than 2^31 pixels.")
    return size[0], size[1]


def _read_counts(value: dict[str, Any], size: tuple[int, int]) -> Mask:
    counts = value.get("counts")
    pixels = size[0] * size[1]
    if isinstance(counts, str):
        if counts[:2] in ("b'", 'b"'):
            message = (
                '`counts` begins with b\', as Python prints bytes: write counts.decode("ascii") instead.'
            )
            raise MaskInvalid("rle-characters", message)
        runs = expand_counts(counts)
        kind = "compressed"
    elif isinstance(counts, list) and all(_is_integer(n) for n in counts):
        runs = counts
        kind = "uncompressed"
    else:
        found = "missing" if "counts" not in value else describe(counts)
        raise MaskInvalid("rle-counts-type", f"`counts` is {found}, expected a string or a list of integers.")
    for index, run in enumerate(runs):
        if not 0 <= run <= pixels:
            message = f"run {index} of the mask is {run}, expected 0..{pixels} ({size[0]} x {size[1]})."
            raise MaskInvalid("rle-range", message)
    if sum(runs) != pixels:
        message = f"the runs of the mask add up to {sum(runs)}, expected {pixels} ({size[0]} x {size[1]})."
        raise MaskInvalid("rle-total", message)
    return Mask(compress_runs(runs), kind)


def check_polygons(polygons: list[Any]) -> None:
    for polygon in polygons:
        if not isinstance(polygon, list):
            raise MaskInvalid("polygon-invalid", f"a list of polygons holds {describe(polygon)}.")
        numbers = all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in polygon)
        if not numbers or not all(math.isfinite(n) and abs(n) < 1e6 for n in polygon):
            message = "a polygon holds something other than finite numbers below a million."
            raise MaskInvalid("polygon-invalid", message)
        if len(polygon) < 6 or len(polygon) % 2:
            message = f"a polygon has {len(polygon)} numbers, expected x, y of at least three points."
            raise MaskInvalid("polygon-invalid", message)


def _rasterise(polygons: list[Any], height: int, width: int) -> str:
    """Return the union of the polygons as compressed counts, by the rule of the COCO API."""
    check_polygons(polygons)
    floats = [[float(n) for n in polygon] for polygon in polygons]
    parts = coco_mask.frPyObjects(floats, height, width)
    merged: dict[str, bytes] = coco_mask.merge(parts)
    return compress_runs(expand_counts(merged["counts"].decode("ascii")))
