"""Finds predictions of a video whose masks are written alike, so that each mask is decoded once.

Methods that rank pairs of an object and a category write the same masks again under other categories: often
more than half of a results.json.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import BYTES_IN, INT64_IN, compiled
from evaluator.compute.vector_bytes import BLOCK, same_mask

Int = Any  # a machine word in compiled code: np.int64 and int are one there

_ALL: Final = np.uint64(2**64 - 1)
# A file full of long masks that differ in the last byte must not take the square of its size.
_COMPARED: Final = 8


@compiled()
def _same(data: NDArray[np.uint8], first: Int, second: Int, size: Int) -> bool:
    done = 0
    while done + BLOCK <= size:
        if same_mask(data, first + done, second + done) != _ALL:
            return False
        done += BLOCK
    different = 0
    for i in range(done, size):
        different |= data[first + i] ^ data[second + i]
    return different == 0


@compiled(
    f"void({BYTES_IN}, Array(int64, 2, 'C', readonly=True), {INT64_IN}, int64[::1], boolean[::1])",
)
def link_copies(
    data: NDArray[np.uint8],
    spans: NDArray[np.int64],
    by_length: NDArray[np.int64],
    next_copy: NDArray[np.int64],
    is_copy: NDArray[np.bool_],
) -> None:
    """Link the predictions of one video whose masks are the same bytes.

    Args:
        data, spans: the JSON file, and [N, 2] where each prediction's `segmentations` lie in it.
        by_length: [N], the predictions in the order of their lengths.
        next_copy: [N], receives the next prediction with the same masks, -1 for the last of them.
        is_copy: [N], receives whether an earlier one links to it.
    """
    recent = np.empty(_COMPARED, np.int64)  # different ones of the present length
    last = np.empty(by_length.size, np.int64)  # of those linked to each
    known = 0
    length = np.int64(-1)
    for n in by_length:
        next_copy[n] = -1
        is_copy[n] = False
        last[n] = n
        begin, end = spans[n]
        if end - begin != length:
            known = 0
            length = end - begin
        for k in range(min(known, _COMPARED)):
            first = recent[k]
            if _same(data, spans[first, 0], begin, length):
                next_copy[last[first]] = n
                last[first] = n
                is_copy[n] = True
                break
        if not is_copy[n]:
            recent[known % _COMPARED] = n
            known += 1
