"""Writes masks as the mask store has them; see `evaluator.playback.store`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import INT32_IN, compiled

Bounds = NDArray[np.int32]
Ints = NDArray[np.int64]
Int = Any  # a machine word in compiled code

BYTES_PER_NUMBER = 5
"""A number of 32 bits and its sign, seven bits in a byte."""


@compiled()
def _write_number(value: Int, out: Any, at: Int) -> Int:
    """Write one number; return where the next one begins."""
    rest = (value << 1) ^ (value >> 63)
    while rest > 127:
        out[at] = (rest & 127) | 128
        rest >>= 7
        at += 1
    out[at] = rest
    return at + 1


@compiled()
def _write_mask(bounds: Bounds, first: Int, count: Int, out: Any, at: Int) -> Int:
    before: Int = 0  # the bound before
    last: Int = 0  # the run before
    one_before: Int = 0  # the run before that
    for n in range(count):
        bound = np.int64(bounds[first + n])
        run = bound - before
        at = _write_number(run - one_before if n > 2 else run, out, at)
        one_before = last
        last = run
        before = bound
    return at


@compiled(
    f"int64({INT32_IN}, Array(int64, 2, 'A', readonly=True), Array(int64, 2, 'A', readonly=True),"
    "uint32[:, ::1], uint8[::1])"
)
def write_masks(bounds: Bounds, first: Ints, runs: Ints, lengths: NDArray[np.uint32], out: Any) -> int:
    """Write the masks of a window, frame by frame.

    Args:
        bounds, first, runs: of N masks in F frames, [N, F]; see `evaluator.tracklets.kernels`.
        lengths: [F, N], receives the bytes of each mask.
        out: receives the masks; `BYTES_PER_NUMBER` for each bound are enough.

    Returns:
        how many bytes were written.
    """
    at = 0
    for t in range(first.shape[1]):
        for n in range(first.shape[0]):
            begin = at
            if runs[n, t]:
                at = _write_mask(bounds, first[n, t], 2 * runs[n, t], out, at)
            lengths[t, n] = at - begin
    return at


@compiled(f"int64({INT32_IN}, {INT32_IN}, uint8[::1])")
def write_map(objects: NDArray[np.int32], ends: NDArray[np.int32], out: Any) -> int:
    """Write the runs of one map.

    Args:
        objects: [runs], one more than the index of the object; 0 for none.
        ends: [runs], see `evaluator.maps.joint_table.encode_runs`.
        out: receives the runs; 2 x `BYTES_PER_NUMBER` for each are enough.

    Returns:
        how many bytes were written.
    """
    at = 0
    before = np.int64(0)
    for run in range(objects.size):
        end = np.int64(ends[run])
        at = _write_number(np.int64(objects[run]), out, at)
        at = _write_number(end - before, out, at)
        before = end
    return at
