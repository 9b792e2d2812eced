"""The inner loops of tracklet evaluation: decode run-length masks from JSON, compare tracklets.

A mask is written as the lengths of its runs, column by column, background first. Decoded, it is a row of
`bounds`: the pixel numbers (y + x * height) at which runs end, so the foreground is [bounds[0], bounds[1]),
[bounds[2], bounds[3]), ... A compressed string holds the lengths in groups of five bits, each a character
above '0' with bit 5 set if the number goes on; from the fourth on, as the difference to the one before the
last (format of the COCO API, `maskApi.c`).

The JSON must have passed the scanner of `evaluator.files.json_scan`: nothing here looks for the end of the
file.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import BYTES_IN, INT32_IN, compiled
from evaluator.compute.vector_bytes import (
    BLOCK,
    between_mask,
    highest_bit,
    lowest_bit,
    read_list_numbers,
    read_string_numbers,
)
from evaluator.files.json_scan import skip_space

Bytes = NDArray[np.uint8]
Bounds = NDArray[np.int32]
Words = NDArray[np.int16]  # [BLOCK], room for the numbers of one block
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Int = Any  # a machine word in compiled code: np.int64 and int are one there

# Official quirk: the limit holds per video AND category, not per video.
MAX_RANK: Final = 100

_QUOTE: Final = 34
_COMMA: Final = 44
_LIST: Final = 91
_BACKSLASH: Final = 92
_LIST_END: Final = 93
_OBJECT: Final = 123
_OBJECT_END: Final = 125
_BAD: Final = -1

# Unsigned indices spare the check for negative ones, which is felt in the innermost loops.
_0: Final = np.uint64(0)
_1: Final = np.uint64(1)
_2: Final = np.uint64(2)
_3: Final = np.uint64(3)
_4: Final = np.uint64(4)
_3_RUNS: Final = 3


@compiled()
def _long_number(data: Bytes, at: Int) -> tuple[Int, Int]:
    """Return (number, index after it) of any length; the index is -1 if there is none.

    JSON writes the character 92 as two backslashes.
    """
    number = np.int64(0)
    shift = 0
    while True:
        group = np.int64(data[at]) - 48
        if group < 0 or group > 63 or shift > 30:
            return 0, _BAD
        at += 1
        if group == _BACKSLASH - 48:
            if data[at] != _BACKSLASH:
                return 0, _BAD
            at += 1
        number |= (group & 31) << shift
        shift += 5
        if group & 32 == 0:
            break
    if group & 16:
        number -= np.int64(1) << shift
    return number, at


@compiled()
def _decode_string(
    data: Bytes, start: Int, bounds: Bounds, used: Int, pixels: Int, numbers: Words
) -> tuple[Int, Int, Int]:
    """Decode the string that begins at `start`: (index after its quote or -1, bounds written, area).

    One bit of each character says where numbers end, so 64 characters are looked at
    together, and no number waits for the length of the one before it. The first three numbers, those of more
    than three characters and what is not a number at all are read one by one.
    """
    at = start
    count = 0
    room = bounds.size - used
    position = np.int64(0)
    alternating = np.int64(0)  # the last bound, minus the one before it, plus the one before that, ...
    older = np.int64(0)  # the run before the last, to which the next is relative
    last = np.int64(0)
    while True:
        if count >= _3_RUNS and at + BLOCK <= data.size and count + BLOCK <= room:
            inside = between_mask(data, at, 48, 111)
            goes_on = between_mask(data, at, 80, 111)
            ends = inside & ~goes_on
            slash = between_mask(data, at, _BACKSLASH, _BACKSLASH)
            # One that stands alone is wrong, or its other half is in the next block.
            rare = ~inside | (slash & ~(slash << _1) & ~(slash >> _1))
            rare |= goes_on & (goes_on << _1) & (goes_on << _2)  # more than three characters
            ends &= (rare & (~rare + _1)) - _1  # those before the lowest rare one
            if ends != _0:
                read_string_numbers(data, at, numbers)
                at += highest_bit(ends) + 1
                slot = np.uint64(used + count)
                negative = np.int64(0)
                rest = ends & (ends - _1)
                while rest != _0:  # two at a time
                    older += np.int64(numbers[lowest_bit(ends)])
                    last += np.int64(numbers[lowest_bit(rest)])
                    ends = rest & (rest - _1)
                    rest = ends & (ends - _1)
                    negative |= older | last
                    position += older
                    bounds[slot] = position
                    position += last
                    bounds[slot + _1] = position
                    alternating += last
                    slot += _2
                if ends != _0:
                    run = older + np.int64(numbers[lowest_bit(ends)])
                    older = last
                    last = run
                    negative |= run
                    position += run
                    bounds[slot] = position
                    alternating = position - alternating
                    slot += _1
                count = np.int64(slot) - used
                if negative < 0 or position > pixels:
                    return _BAD, 0, 0
                if rare == _0:
                    continue
        if data[at] == _QUOTE:
            break
        number, at = _long_number(data, at)
        if at < 0 or count >= room:
            return _BAD, 0, 0
        run = number + (older if count >= _3_RUNS else 0)
        older = last
        last = run
        position += run
        if run < 0 or position > pixels:
            return _BAD, 0, 0
        bounds[used + count] = position
        alternating = position - alternating
        count += 1
    if position != pixels:
        return _BAD, 0, 0
    return at + 1, count, position - alternating if count & 1 else alternating


@compiled()
def _decode_integer(data: Bytes, at: Int) -> tuple[Int, Int]:
    """Return (value, index after it); the value is -1 for anything but a non-negative integer below 2^53."""
    value = np.int64(0)
    start = at
    while 48 <= data[at] <= 57 and at - start < 16:
        value = value * 10 + (np.int64(data[at]) - 48)
        at += 1
    if at == start or data[at] == 46 or data[at] == 69 or data[at] == 101:  # . E e
        return -1, at
    return value, at


@compiled()
def _decode_list(
    data: Bytes, start: Int, bounds: Bounds, used: Int, pixels: Int, numbers: Words
) -> tuple[Int, Int, Int]:
    """As `_decode_string`, for a list of run lengths whose first item begins at `start`."""
    at = skip_space(data, start)
    count = 0
    room = bounds.size - used
    position = np.int64(0)
    alternating = np.int64(0)
    while True:
        if at + BLOCK <= data.size and count + BLOCK <= room:
            digits = between_mask(data, at, 48, 57)
            commas = between_mask(data, at, _COMMA, _COMMA)
            rare = ~(digits | commas | between_mask(data, at, 32, 32)) | (commas & ~(digits << _1))
            rare |= digits & (digits << _1) & (digits << _2) & (digits << _3) & (digits << _4)
            commas &= (rare & (~rare + _1)) - _1
            if commas != _0:
                read_list_numbers(data, at, numbers)
                at += highest_bit(commas) + 1
                slot = np.uint64(used + count)
                while commas != _0:
                    position += np.int64(numbers[lowest_bit(commas)])
                    commas &= commas - _1
                    bounds[slot] = position
                    alternating = position - alternating
                    slot += _1
                count = np.int64(slot) - used
                if position > pixels:
                    return _BAD, 0, 0
        at = skip_space(data, at)
        run, after = _decode_integer(data, at)
        position += run
        if run < 0 or position > pixels or count >= room:
            return _BAD, 0, 0
        bounds[used + count] = position
        alternating = position - alternating
        count += 1
        at = skip_space(data, after)
        if data[at] == _LIST_END:
            break
        if data[at] != _COMMA:
            return _BAD, 0, 0
        at = skip_space(data, at + 1)
    if position != pixels:
        return _BAD, 0, 0
    return at + 1, count, position - alternating if count & 1 else alternating


@compiled()
def _check_size(data: Bytes, at: Int, height: Int, width: Int) -> Int:
    """Return the index after the list [height, width] at `at`, or -1 if it is anything else."""
    if data[at] != _LIST:
        return _BAD
    found_height, at = _decode_integer(data, skip_space(data, at + 1))
    at = skip_space(data, at)
    if found_height != height or data[at] != _COMMA:
        return _BAD
    found_width, at = _decode_integer(data, skip_space(data, at + 1))
    at = skip_space(data, at)
    if found_width != width or data[at] != _LIST_END:
        return _BAD
    return at + 1


@compiled()
def _key_is(data: Bytes, at: Int, key: bytes) -> Int:
    for i in range(len(key)):
        if data[at + i] != key[i]:
            return False
    return data[at + len(key)] == _QUOTE


@compiled()
def _decode_mask(
    data: Bytes, at: Int, height: Int, width: Int, bounds: Bounds, used: Int, numbers: Words
) -> tuple[Int, Int, Int, Int]:
    """Decode the object with `size` and `counts` whose first key's quote is at `at`.

    Returns (index after it or -1, bounds written, area, 1 if the runs were not compressed).
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
        at = skip_space(data, key + (7 if is_counts else 5))
        at = skip_space(data, at + 1)  # after the colon
        if is_counts:
            if counts_seen:
                return _BAD, 0, 0, 0
            counts_seen = True
            if data[at] == _QUOTE:
                at, count, area = _decode_string(data, at + 1, bounds, used, height * width, numbers)
            elif data[at] == _LIST:
                listed = 1
                at, count, area = _decode_list(data, at + 1, bounds, used, height * width, numbers)
            else:
                return _BAD, 0, 0, 0
        else:
            if size_seen:
                return _BAD, 0, 0, 0
            size_seen = True
            at = _check_size(data, at, height, width)
        if at < 0:
            return _BAD, 0, 0, 0
        at = skip_space(data, at)
        if data[at] == _OBJECT_END:
            break
        at = skip_space(data, at + 1)  # after the comma
    if not (size_seen and counts_seen):
        return _BAD, 0, 0, 0
    return at + 1, count, area, listed


@compiled(
    f"Tuple((int64, int64, int64))({BYTES_IN}, int64, int64, int64, int32[::1], int64[::1], int64[::1],"
    "int64[::1])"
)
def decode_tracklet(
    data: Bytes,
    at: Int,
    height: Int,
    width: Int,
    bounds: Bounds,
    first: Ints,
    runs: Ints,
    areas: Ints,
) -> tuple[Int, Int, Int]:
    """Decode the `segmentations` of one tracklet.

    Args:
        data, at: the JSON file, and where the list begins in it.
        height, width: of the video, in pixels.
        bounds: receives the bounds of all masks, one after the other.
        first, runs, areas: [length], receive each mask's first bound, number of foreground runs and pixels;
            `length` is the largest number of frames that is taken.

    Returns:
        (bounds written, masks that were not compressed, frames). The first is -1 for what needs the careful
        reader: it is wrong, has polygons or more than `length` frames, or is written in an unusual way.
    """
    numbers = np.empty(BLOCK, np.int16)
    used = 0
    listed = 0
    frame = 0
    if data[at] != _LIST:
        return _BAD, 0, 0
    at = skip_space(data, at + 1)
    while data[at] != _LIST_END:
        if frame == areas.size:
            return _BAD, 0, 0
        count = 0
        area = 0
        if data[at] == _OBJECT:
            at = skip_space(data, at + 1)
            if data[at] == _OBJECT_END:
                at += 1
            else:
                at, count, area, is_list = _decode_mask(data, at, height, width, bounds, used, numbers)
                if at < 0:
                    return _BAD, 0, 0
                listed += is_list
        elif data[at] == _LIST:
            at = skip_space(data, at + 1)
            if data[at] != _LIST_END:  # polygons
                return _BAD, 0, 0
            at += 1
        elif data[at] == 110:  # null
            at += 4
        else:
            return _BAD, 0, 0
        first[frame] = used
        runs[frame] = count >> 1
        areas[frame] = area
        used += count
        frame += 1
        at = skip_space(data, at)
        if data[at] == _COMMA:
            at = skip_space(data, at + 1)
    return used, listed, frame


@compiled()
def shared_pixels(a: Bounds, a_first: Int, a_runs: Int, b: Bounds, b_first: Int, b_runs: Int) -> Int:
    """Return how many pixels two masks share, given the bounds of their runs of foreground, one or more."""
    i = np.uint64(a_first)
    j = np.uint64(b_first)
    i_end = i + _2 * np.uint64(a_runs)
    j_end = j + _2 * np.uint64(b_runs)
    if a[i_end - _1] <= b[j] or b[j_end - _1] <= a[i]:
        return np.int64(0)
    shared = np.int64(0)
    while i < i_end and j < j_end:
        i_stop = a[i + _1]
        j_stop = b[j + _1]
        overlap = np.int64(min(i_stop, j_stop)) - np.int64(max(a[i], b[j]))
        shared += max(overlap, np.int64(0))
        i += _2 * np.uint64(i_stop <= j_stop)
        j += _2 * np.uint64(j_stop <= i_stop)
    return shared


@compiled()
def _track_iou(
    p_bounds: Bounds,
    p_first: Ints,
    p_runs: Ints,
    p_areas: Ints,
    g_bounds: Bounds,
    g_first: Ints,
    g_runs: Ints,
    g_areas: Ints,
) -> float:
    """Return the exact track IoU, or 0 once it is sure to be below 0.5, where no threshold can see it."""
    total = 0
    possible = 0  # upper bound of the intersection
    for t in range(p_areas.size):
        total += p_areas[t] + g_areas[t]
        possible += min(p_areas[t], g_areas[t])
    if possible == 0 or 3 * possible < total:  # IoU <= possible / (total - possible) < 1/2
        return 0.0
    shared = 0
    for t in range(p_areas.size):
        smaller = min(p_areas[t], g_areas[t])
        if smaller == 0:
            continue
        overlap = shared_pixels(p_bounds, p_first[t], p_runs[t], g_bounds, g_first[t], g_runs[t])
        shared += overlap
        possible -= smaller - overlap
        if 3 * possible < total:
            return 0.0
    return shared / (total - shared)


@compiled()
def _mean_area(areas: Ints) -> float:
    pixels = 0
    frames = 0
    for area in areas:
        pixels += area
        frames += area > 0
    # Official quirk: frames with an empty mask are left out of the mean.
    return pixels / frames if frames else 0.0


@compiled(
    f"Tuple((int64, int64))({BYTES_IN}, Array(int64, 2, 'C', readonly=True), int64[::1], boolean[::1],"
    f"int64, int64, int32[::1], {INT32_IN}, {INT32_IN}, {INT32_IN}, {INT32_IN},"
    "Array(int64, 2, 'C', readonly=True), Array(int32, 2, 'C', readonly=True),"
    "Array(int64, 2, 'C', readonly=True), float64[:, ::1], float64[::1])"
)
def compare_video(
    data: Bytes,
    spans: Ints,
    next_copy: Ints,
    is_copy: Flags,
    height: Int,
    width: Int,
    scratch: Bounds,
    p_category: Bounds,
    p_rank: Bounds,
    g_category: Bounds,
    g_bounds: Bounds,
    g_first: Ints,
    g_runs: Bounds,
    g_areas: Ints,
    iou: Floats,
    mean_area: Floats,
) -> tuple[Int, Int]:
    """Compare the predictions of one video with its ground truth.

    Masks are decoded one tracklet at a time, so they are compared while they are in the nearest cache.

    Args:
        data, spans: the JSON file, and [N, 2] where each prediction's `segmentations` lie in it.
        next_copy, is_copy: [N], see `evaluator.tracklets.copies`.
        height, width: of the video, in pixels.
        scratch: room for the bounds of one tracklet.
        p_category, p_rank: [N]; g_category: [G].
        g_bounds: bounds of all masks; g_first, g_runs, g_areas: [G, length].
        iou: [N, G], receives the track IoU where categories agree and it is at least 0.5, else 0.
        mean_area: [N], receives the mean area over frames in which it is not 0.

    Returns:
        (predictions compared, masks that were not compressed). A number below N means that the careful reader
        must read the file.
    """
    length = g_areas.shape[1]
    first = np.empty(length, np.int64)
    runs = np.empty(length, np.int64)
    areas = np.empty(length, np.int64)
    listed = 0
    compared = 0
    for original in range(p_category.size):
        if is_copy[original]:
            continue
        used, masks, frames = decode_tracklet(
            data, spans[original, 0], height, width, scratch, first, runs, areas
        )
        if used < 0 or frames < length:
            break
        n = original
        while n >= 0:
            compared += 1
            listed += masks
            mean_area[n] = _mean_area(areas)
            for g in range(g_category.size):
                iou[n, g] = 0.0
                if g_category[g] == p_category[n] and p_rank[n] < MAX_RANK:
                    iou[n, g] = _track_iou(
                        scratch, first, runs, areas, g_bounds, g_first[g], g_runs[g], g_areas[g]
                    )
            n = next_copy[n]
    return compared, listed
