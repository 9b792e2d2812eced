"""COCO run-length masks, decoded straight from the bytes of a JSON file into runs.

A mask is written as the lengths of its runs, column by column, background first. Decoded, it is a row of
`bounds`: the places (y + x * height) at which runs end, so the foreground is [bounds[0], bounds[1]),
[bounds[2], bounds[3]), ... A compressed string holds the lengths in groups of five bits, from the third on as
the difference to the one before the last (format of the COCO API, `maskApi.c`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compiled import BYTES_IN, compiled

Bytes = NDArray[np.uint8]
Bounds = NDArray[np.int32]
Ints = NDArray[np.int64]


_QUOTE: Final = 34
_COMMA: Final = 44
_BACKSLASH: Final = 92
_BAD: Final = -1


@compiled()
def _skip_space(data: Bytes, at: int) -> int:
    while data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9:
        at += 1
    return at


@compiled()
def _group(data: Bytes, at: int) -> int:
    """Return the six bits of the character at `at`, or -1. JSON writes the character 92 as two backslashes."""
    value = np.int64(data[at]) - 48
    if value < 0 or value > 63 or (value == 44 and data[at + 1] != _BACKSLASH):
        return -1
    return value


@compiled()
def _decode_string(data: Bytes, at: int, bounds: Bounds, used: int, pixels: int) -> tuple[int, int, int]:
    """Decode the string that begins at `at`; returns (place after its quote or -1, bounds written, area)."""
    position = 0
    area = 0
    older = 0  # the run before the last, to which the next is relative
    last = 0
    count = 0
    while data[at] != _QUOTE:
        group = _group(data, at)
        if group < 0:
            return _BAD, 0, 0
        at += 1 + (group == 44)
        run = group & 31
        shift = 5
        while group & 32:
            group = _group(data, at)
            if group < 0 or shift > 30:
                return _BAD, 0, 0
            at += 1 + (group == 44)
            run |= (group & 31) << shift
            shift += 5
        if group & 16:
            run -= 1 << shift
        if count > 2:
            run += older
        position += run
        if run < 0 or position > pixels or used + count >= bounds.size:
            return _BAD, 0, 0
        older = last
        last = run
        bounds[used + count] = position
        area += run * (count & 1)
        count += 1
    if position != pixels:
        return _BAD, 0, 0
    return at + 1, count, area


@compiled()
def _decode_integer(data: Bytes, at: int) -> tuple[int, int]:
    """Return (value, place after it); the value is -1 for anything but a non-negative integer below 2^53."""
    value = np.int64(0)
    start = at
    while 48 <= data[at] <= 57 and at - start < 16:
        value = value * 10 + (np.int64(data[at]) - 48)
        at += 1
    if at == start or data[at] == 46 or data[at] == 69 or data[at] == 101:  # . E e
        return -1, at
    return value, at


@compiled()
def _decode_list(data: Bytes, at: int, bounds: Bounds, used: int, pixels: int) -> tuple[int, int, int]:
    """As `_decode_string`, for a list of run lengths whose first item begins at `at`."""
    position = 0
    area = 0
    count = 0
    while True:
        at = _skip_space(data, at)
        run, at = _decode_integer(data, at)
        position += run
        if run < 0 or position > pixels or used + count >= bounds.size:
            return _BAD, 0, 0
        bounds[used + count] = position
        area += run * (count & 1)
        count += 1
        at = _skip_space(data, at)
        if data[at] == 93:  # ]
            break
        if data[at] != _COMMA:
            return _BAD, 0, 0
        at += 1
    if position != pixels:
        return _BAD, 0, 0
    return at + 1, count, area


@compiled()
def _check_size(data: Bytes, at: int, height: int, width: int) -> int:
    """Return the place after the list [height, width] at `at`, or -1 if it is anything else."""
    if data[at] != 91:  # [
        return _BAD
    found_height, at = _decode_integer(data, _skip_space(data, at + 1))
    at = _skip_space(data, at)
    if found_height != height or data[at] != _COMMA:
        return _BAD
    found_width, at = _decode_integer(data, _skip_space(data, at + 1))
    at = _skip_space(data, at)
    if found_width != width or data[at] != 93:  # ]
        return _BAD
    return at + 1


@compiled()
def _key_is(data: Bytes, at: int, key: bytes) -> bool:
    for i in range(len(key)):
        if data[at + i] != key[i]:
            return False
    return data[at + len(key)] == _QUOTE


@compiled()
def _decode_mask(
    data: Bytes, at: int, height: int, width: int, bounds: Bounds, used: int
) -> tuple[int, int, int, int]:
    """Decode the object with `size` and `counts` whose first key's quote is at `at`.

    Returns (place after it or -1, bounds written, area, 1 if the runs were not compressed).
    """
    count = 0
    area = 0
    size_seen = False
    counts_seen = False
    listed = 0
    while True:
        key = at + 1
        is_counts = _key_is(data, key, b"counts")
        if not is_counts and not _key_is(data, key, b"size"):
            return _BAD, 0, 0, 0
        at = _skip_space(data, key + (7 if is_counts else 5))
        at = _skip_space(data, at + 1)  # after the colon
        if is_counts:
            if counts_seen:
                return _BAD, 0, 0, 0
            counts_seen = True
            if data[at] == _QUOTE:
                at, count, area = _decode_string(data, at + 1, bounds, used, height * width)
            elif data[at] == 91:  # [
                listed = 1
                at, count, area = _decode_list(data, at + 1, bounds, used, height * width)
            else:
                return _BAD, 0, 0, 0
        else:
            if size_seen:
                return _BAD, 0, 0, 0
            size_seen = True
            at = _check_size(data, at, height, width)
        if at < 0:
            return _BAD, 0, 0, 0
        at = _skip_space(data, at)
        if data[at] == 125:  # }
            break
        at = _skip_space(data, at + 1)  # after the comma
    if not (size_seen and counts_seen):
        return _BAD, 0, 0, 0
    return at + 1, count, area, listed


@compiled(
    f"Tuple((int64, int64, int64))({BYTES_IN}, int64[:, ::1], int64, int64, int64,"
    "int32[::1], int64[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def decode_tracklets(
    data: Bytes,
    places: Ints,
    height: int,
    width: int,
    length: int,
    bounds: Bounds,
    first: Ints,
    runs: Ints,
    areas: Ints,
) -> tuple[int, int, int]:
    """Decode the `segmentations` of N tracklets of one video.

    The JSON must have passed the scanner of `evaluator.formats.json_scan`. An absent mask (null, {} or [])
    gets no runs and area 0.

    Args:
        data: the JSON file.
        places: [N, 2], where each list begins and ends.
        height, width, length: of the video, in pixels and frames.
        bounds: receives the bounds of all masks, one after the other.
        first, runs, areas: [N, length], receive each mask's first bound, number of foreground runs and area.

    Returns:
        (number of tracklets read, bounds written, number of masks that were not compressed). A number below N means that
        tracklet needs the thorough reader: it is wrong, has polygons or is written in an unusual way.
    """
    used = 0
    listed = 0
    for n in range(places.shape[0]):
        at = places[n, 0]
        if data[at] != 91:  # [
            return n, used, listed
        at = _skip_space(data, at + 1)
        frame = 0
        while data[at] != 93:  # ]
            if frame == length:
                return n, used, listed
            count = 0
            area = 0
            if data[at] == 123:  # {
                at = _skip_space(data, at + 1)
                if data[at] == 125:  # } at once: absent
                    at += 1
                else:
                    at, count, area, plain_list = _decode_mask(data, at, height, width, bounds, used)
                    listed += plain_list
                    if at < 0:
                        return n, used, listed
            elif data[at] == 91:
                at = _skip_space(data, at + 1)
                if data[at] != 93:  # polygons
                    return n, used, listed
                at += 1
            elif data[at] == 110:
                at += 4  # null
            else:
                return n, used, listed
            first[n, frame] = used
            runs[n, frame] = count >> 1
            areas[n, frame] = area
            used += count
            frame += 1
            at = _skip_space(data, at)
            if data[at] == _COMMA:
                at = _skip_space(data, at + 1)
        if frame != length:
            return n, used, listed
    return places.shape[0], used, listed


class MaskInvalid(ValueError):
    """A mask cannot be used: `code` is an entry of the table of problems, the message what was found."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def expand_counts(counts: str) -> list[int]:
    """Return the run lengths that a compressed string holds; they may be negative if the string is wrong.

    Raises:
        MaskInvalid: the string ends within a number, or holds characters that no number is written with.

    >>> expand_counts("03O01")
    [0, 3, 31, 3, 32]
    """
    runs: list[int] = []
    run = shift = 0
    for character in counts:
        group = ord(character) - 48
        if not 0 <= group <= 63:
            message = f"`counts` holds the character {character!r}, expected only '0' to 'o'."
            raise MaskInvalid("rle-characters", message)
        if shift > 30:
            raise MaskInvalid("rle-range", "`counts` holds a number of more than 32 bits.")
        run |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            run -= 1 << shift
        if len(runs) > 2:
            run += runs[-2]
        runs.append(run)
        run = shift = 0
    if shift:
        raise MaskInvalid("rle-truncated", "`counts` ends in the middle of a number.")
    return runs


def compress_runs(runs: Sequence[int]) -> str:
    """Return non-negative run lengths as a compressed string. Empty runs within are joined to their neighbours.

    >>> compress_runs([0, 3, 13, 3])
    '03=0'
    """
    characters = []
    joined = _join_empty(runs)
    for index, run in enumerate(joined):
        value = run - joined[index - 2] if index > 2 else run
        while True:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            characters.append(chr(48 + group + 32 * more))
            if not more:
                break
    return "".join(characters)


def _join_empty(runs: Sequence[int]) -> list[int]:
    joined: list[int] = []
    background = True
    for run in runs:
        if run or not joined:
            if len(joined) % 2 == (0 if background else 1):
                joined.append(run)
            else:
                joined[-1] += run
        background = not background
    return joined
