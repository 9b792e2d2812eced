"""Compiled kernels that undo the row filters of PNG (PNG specification, section 9).

Maps of segments are flat: nearly every residual is zero and nearly every pixel equals a neighbour. So colours
are packed into one word before the filters are undone, and their bytes are added in parallel within it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import BYTES_IN, compiled

Words = NDArray[np.uint32]

OK = -1
"""Returned when every row was understood; otherwise the number of the row whose filter is unknown."""

_NONE, _SUB, _UP, _AVERAGE, _PAETH = 0, 1, 2, 3, 4
_LOW = np.uint32(0x7F7F7F)
_HIGH = np.uint32(0x808080)


@compiled()
def _add(a: np.uint32, b: np.uint32) -> np.uint32:
    """Add three packed bytes, each modulo 256."""
    return ((a & _LOW) + (b & _LOW)) ^ ((a ^ b) & _HIGH)


@compiled()
def _paeth_byte(left: np.int64, above: np.int64, corner: np.int64) -> np.int64:
    """Return the neighbour nearest to left + above - corner; on ties left, then above."""
    distance_left = abs(above - corner)
    distance_above = abs(left - corner)
    distance_corner = abs(left + above - 2 * corner)
    if distance_left <= distance_above and distance_left <= distance_corner:
        return left
    return above if distance_above <= distance_corner else corner


@compiled()
def _paeth(left: np.uint32, above: np.uint32, corner: np.uint32) -> np.uint32:
    """Return the Paeth predictor of three packed bytes."""
    packed = np.uint32(0)
    for shift in (np.uint32(0), np.uint32(8), np.uint32(16)):
        byte = _paeth_byte(
            np.int64((left >> shift) & np.uint32(255)),
            np.int64((above >> shift) & np.uint32(255)),
            np.int64((corner >> shift) & np.uint32(255)),
        )
        packed |= np.uint32(byte) << shift
    return packed


@compiled()
def _pack_rgb(row: NDArray[np.uint8], line: Words) -> None:
    # Literal strides and plain loop variables here and below: what LLVM needs to use vectors.
    for x in range(line.size):
        line[x] = (
            np.uint32(row[3 * x])
            | (np.uint32(row[3 * x + 1]) << np.uint32(8))
            | (np.uint32(row[3 * x + 2]) << np.uint32(16))
        )


@compiled()
def _pack_rgba(row: NDArray[np.uint8], line: Words) -> None:
    for x in range(line.size):
        line[x] = (
            np.uint32(row[4 * x])
            | (np.uint32(row[4 * x + 1]) << np.uint32(8))
            | (np.uint32(row[4 * x + 2]) << np.uint32(16))
        )


@compiled()
def _undo_up(line: Words, above: Words, out: Words) -> None:
    for x in range(line.size):
        a, b = line[x], above[x]
        out[x] = ((a & _LOW) + (b & _LOW)) ^ ((a ^ b) & _HIGH)


@compiled()
def _undo_sub(line: Words, out: Words) -> None:
    left = np.uint32(0)
    for x in range(line.size):
        if line[x] != 0:
            left = _add(line[x], left)
        out[x] = left


@compiled()
def _undo_average(line: Words, above: Words, out: Words) -> None:
    left = np.uint32(0)
    for x in range(line.size):
        mean = (left & above[x]) + (((left ^ above[x]) >> np.uint32(1)) & _LOW)
        left = _add(line[x], mean)
        out[x] = left


@compiled()
def _undo_paeth(line: Words, above: Words, out: Words) -> None:
    left, corner = np.uint32(0), np.uint32(0)
    for x in range(line.size):
        up = above[x]
        predicted = up if left == corner else left if up == corner else _paeth(left, up, corner)
        left = predicted if line[x] == 0 else _add(line[x], predicted)
        corner = up
        out[x] = left


@compiled(f"int64({BYTES_IN}, int64, int64, int64, uint32[::1])")
def unfilter_ids(raw: NDArray[np.uint8], height: int, width: int, channels: int, ids: Words) -> int:
    """Write R + 256 G + 65536 B of every pixel to `ids` [height * width]; a fourth channel is ignored.

    `raw` holds height rows of one filter byte and width * channels bytes.
    """
    above = np.zeros(width, np.uint32)
    line = np.empty(width, np.uint32)
    stride = 1 + width * channels
    for y in range(height):
        row = raw[y * stride + 1 : (y + 1) * stride]
        out = ids[y * width : (y + 1) * width]
        if channels == 3:
            _pack_rgb(row, line)
        else:
            _pack_rgba(row, line)
        kind = raw[y * stride]
        if kind == _NONE:
            out[:] = line
        elif kind == _UP:
            _undo_up(line, above, out)
        elif kind == _SUB:
            _undo_sub(line, out)
        elif kind == _AVERAGE:
            _undo_average(line, above, out)
        elif kind == _PAETH:
            _undo_paeth(line, above, out)
        else:
            return y
        above = out
    return OK


@compiled(f"int64({BYTES_IN}, int64, int64, uint8[::1])")
def unfilter_bytes(raw: NDArray[np.uint8], height: int, width: int, values: NDArray[np.uint8]) -> int:
    """Write the values of an 8-bit image with one channel to `values` [height * width]."""
    zeros = np.zeros(width, np.uint8)
    for y in range(height):
        start = y * (width + 1) + 1
        line = raw[start : start + width]
        above = zeros if y == 0 else values[(y - 1) * width : y * width]
        out = values[y * width : (y + 1) * width]
        kind = raw[start - 1]
        left, corner = np.uint8(0), np.uint8(0)
        if kind == _NONE:
            out[:] = line
        elif kind == _UP:
            for x in range(width):
                out[x] = np.uint8(line[x] + above[x])
        elif kind == _SUB:
            for x in range(width):
                left = np.uint8(line[x] + left)
                out[x] = left
        elif kind == _AVERAGE:
            for x in range(width):
                left = np.uint8(line[x] + ((np.int64(left) + np.int64(above[x])) >> 1))
                out[x] = left
        elif kind == _PAETH:
            for x in range(width):
                up = above[x]
                if left == corner:
                    left = np.uint8(line[x] + up)
                elif up == corner:
                    left = np.uint8(line[x] + left)
                else:
                    left = np.uint8(line[x] + _paeth_byte(np.int64(left), np.int64(up), np.int64(corner)))
                corner = up
                out[x] = left
        else:
            return y
    return OK
