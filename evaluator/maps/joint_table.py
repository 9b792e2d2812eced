"""Counts which pairs of numbers two maps of one frame have in common: the only pass over pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import BYTES_IN, INT32_IN, WORDS_IN, compiled

_UINT32_IN = "Array(uint32, 1, 'C', readonly=True)"
_FREE = np.uint64(0xFFFFFFFFFFFFFFFF)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_FULL = -1
_REPEAT = np.uint64(0x0101010101010101)
"""A byte times this is a word of eight such bytes."""


@compiled(f"int64({_UINT32_IN}, uint32[::1], int32[::1])")
def _find_runs(values: NDArray[np.uint32], starts: NDArray[np.uint32], ends: NDArray[np.int32]) -> int:
    runs = 0
    current = values[0]
    for i in range(1, values.size):
        if values[i] != current:
            starts[runs] = current
            ends[runs] = i
            runs += 1
            current = values[i]
    starts[runs] = current
    ends[runs] = values.size
    return runs + 1


@compiled(f"int64({BYTES_IN}, {WORDS_IN}, uint32[::1], int32[::1])")
def _find_byte_runs(
    values: NDArray[np.uint8],
    words: NDArray[np.uint64],
    starts: NDArray[np.uint32],
    ends: NDArray[np.int32],
) -> int:
    """As `_find_runs`; where eight bytes continue the run, they are compared at once."""
    runs = 0
    current = values[0]
    repeated = np.uint64(current) * _REPEAT
    for word in range(words.size + 1):
        if word < words.size and words[word] == repeated:
            continue
        for i in range(8 * word, min(8 * word + 8, values.size)):
            if values[i] != current:
                starts[runs] = current
                ends[runs] = i
                runs += 1
                current = values[i]
        repeated = np.uint64(current) * _REPEAT
    starts[runs] = current
    ends[runs] = values.size
    return runs + 1


@compiled(f"int64({_UINT32_IN}, {INT32_IN}, {_UINT32_IN}, uint64[::1], int64[::1])")
def _count(
    values: NDArray[np.uint32],
    ends: NDArray[np.int32],
    other: NDArray[np.uint32],
    keys: NDArray[np.uint64],
    counts: NDArray[np.int64],
) -> int:
    """Fill a hash table (a power of two of slots) and return how many are taken, or _FULL."""
    keys[:] = _FREE
    mask = np.int64(keys.size - 1)
    taken = 0
    at = 0
    last = _FREE
    slot = np.int64(0)
    for run in range(values.size):
        end = ends[run]
        high = np.uint64(values[run]) << np.uint64(32)
        while at < end:
            value = other[at]
            start = at
            at += 1
            while at < end and other[at] == value:
                at += 1
            key = high | np.uint64(value)
            if key != last:
                slot = np.int64((key * _SPREAD) >> np.uint64(32)) & mask
                while keys[slot] != key and keys[slot] != _FREE:
                    slot = (slot + 1) & mask
                if keys[slot] == _FREE:
                    if 2 * taken > mask:
                        return _FULL
                    taken += 1
                    keys[slot] = key
                    counts[slot] = 0
                last = key
            counts[slot] += at - start
    return taken


@compiled(f"void({_UINT32_IN}, {INT32_IN}, uint8[::1])")
def _fill_runs(values: NDArray[np.uint32], ends: NDArray[np.int32], filled: NDArray[np.uint8]) -> None:
    start = np.int32(0)
    for run in range(values.size):
        filled[start : ends[run]] = np.uint8(values[run])
        start = ends[run]


def encode_runs(values: NDArray[Any]) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return the runs of equal numbers of a map [N], uint8 or uint32: the numbers and where they end, [runs].

    >>> [part.tolist() for part in encode_runs(np.array([7, 7, 5], np.uint32))]
    [[7, 5], [2, 3]]
    """
    starts, ends = np.empty(values.size, np.uint32), np.empty(values.size, np.int32)
    if values.dtype == np.uint8:
        words = values[: values.size // 8 * 8].view(np.uint64)
        runs = _find_byte_runs(values, words, starts, ends)
    else:
        runs = _find_runs(values, starts, ends)
    return starts[:runs].copy(), ends[:runs].copy()


def decode_runs(values: NDArray[np.uint32], ends: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the map [N] of numbers below 256 that `encode_runs` was given."""
    filled = np.empty(int(ends[-1]), np.uint8)
    _fill_runs(values, ends, filled)
    return filled


def joint_table(
    values: NDArray[np.uint32], ends: NDArray[np.int32], other: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the pairs that occur, ascending, as number << 32 | other number, and the pixels of each.

    Args:
        values, ends: one map as runs, see `encode_runs`.
        other: the other map, of as many pixels.
    """
    slots = 1 << 12
    while True:
        keys, counts = np.empty(slots, np.uint64), np.empty(slots, np.int64)
        if _count(values, ends, other, keys, counts) != _FULL:
            used = np.flatnonzero(keys != _FREE)
            order = used[np.argsort(keys[used])]
            return keys[order], counts[order]
        slots *= 8
