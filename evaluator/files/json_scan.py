"""Finds the entries of a JSON list and the values of their fields without building a Python object.

The grammar is checked as Python's `json` would (NaN and Infinity pass, to be judged where they stand), so
that whoever comes later may rely on it. Memory: one row of numbers an entry, whatever the size of the file.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import BYTES_IN, compiled
from evaluator.compute.vector_bytes import BLOCK, between_mask, highest_bit, lowest_bit

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

OK: Final = 0
END_OF_FILE: Final = 1
UNEXPECTED: Final = 2
TOO_DEEP: Final = 3
TOO_MANY: Final = 4

MAX_DEPTH: Final = 64
MAX_ENTRIES: Final = 1_000_000
LONGEST_KEY: Final = 24

_QUOTE: Final = 34
_COMMA: Final = 44
_COLON: Final = 58
_LIST: Final = 91
_BACKSLASH: Final = 92
_OBJECT: Final = 123

_0: Final = np.uint64(0)
_1: Final = np.uint64(1)


@compiled(f"int64({BYTES_IN}, int64)")
def skip_space(data: Bytes, at: int) -> int:
    """Return the index of the first byte from `at` on that is not white space."""
    while at < data.size and (data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9):
        at += 1
    return at


@compiled()
def _skip_string(data: Bytes, at: int) -> int:
    """Return the index after the string that opens at `at`, or -1 if it never closes."""
    at += 1
    while at < data.size:
        if data[at] != _QUOTE:
            at += lowest_bit(between_mask(data, at, _QUOTE, _QUOTE)) if at + BLOCK <= data.size else 1
            continue
        before = at - 1
        while data[before] == _BACKSLASH:  # ends at the opening quote
            before -= 1
        at += 1
        if (at - before) & 1 == 0:  # an odd number of backslashes would make the quote a part of the string
            return at
    return -1


@compiled()
def _skip_word(data: Bytes, at: int, word: bytes) -> tuple[int, int]:
    for i in range(len(word)):
        if at + i >= data.size:
            return at, END_OF_FILE
        if data[at + i] != word[i]:
            return at, UNEXPECTED
    return at + len(word), OK


@compiled()
def _skip_digits(data: Bytes, at: int) -> int:
    while at < data.size and 48 <= data[at] <= 57:
        at += 1
    return at


@compiled()
def _skip_number(data: Bytes, at: int) -> tuple[int, int]:
    start = at
    if data[at] == 45:  # -
        at += 1
        if at < data.size and data[at] == 73:  # -Infinity
            return _skip_word(data, at, b"Infinity")
    digits = at
    at = _skip_digits(data, at)
    if at == digits or (at > digits + 1 and data[digits] == 48):
        return start, END_OF_FILE if at == data.size else UNEXPECTED
    if at < data.size and data[at] == 46:  # .
        digits = at + 1
        at = _skip_digits(data, digits)
        if at == digits:
            return start, END_OF_FILE if at == data.size else UNEXPECTED
    if at < data.size and (data[at] == 69 or data[at] == 101):  # e, E
        at += 1
        if at < data.size and (data[at] == 43 or data[at] == 45):
            at += 1
        digits = at
        at = _skip_digits(data, digits)
        if at == digits:
            return start, END_OF_FILE if at == data.size else UNEXPECTED
    return at, OK


@compiled()
def _skip_scalar(data: Bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte == 45 or 48 <= byte <= 57:
        return _skip_number(data, at)
    if byte == 110:
        return _skip_word(data, at, b"null")
    if byte == 116:
        return _skip_word(data, at, b"true")
    if byte == 102:
        return _skip_word(data, at, b"false")
    if byte == 78:
        return _skip_word(data, at, b"NaN")
    if byte == 73:
        return _skip_word(data, at, b"Infinity")
    return at, UNEXPECTED


@compiled()
def _skip_integers(data: Bytes, at: int) -> int:
    """Return the index of a later item of the list in which an integer begins at `at`.

    Passes over `12, 3,45`: digits, each comma after a digit, one space at most after a comma. That is most of
    what uncompressed masks take.
    """
    while at + BLOCK <= data.size:
        digits = between_mask(data, at, 48, 57)
        commas = between_mask(data, at, _COMMA, _COMMA)
        spaces = between_mask(data, at, 32, 32)
        zeros = between_mask(data, at, 48, 48) & ~(digits << _1)  # that begin a number
        wrong = ~(digits | commas | spaces) | (commas & ~(digits << _1)) | (spaces & ~(commas << _1))
        wrong |= digits & (zeros << _1)
        commas &= (wrong & (~wrong + _1)) - _1  # those before the first that is wrong
        if commas == _0:
            break
        at += highest_bit(commas) + 1
        if at < data.size and data[at] == 32:
            at += 1
    return at


@compiled()
def _skip_key(data: Bytes, at: int) -> tuple[int, int]:
    """Skip `"key" :` from its quote to the value."""
    if at >= data.size:
        return at, END_OF_FILE
    if data[at] != _QUOTE:
        return at, UNEXPECTED
    end = _skip_string(data, at)
    if end < 0:
        return at, END_OF_FILE
    end = skip_space(data, end)
    if end >= data.size:
        return end, END_OF_FILE
    if data[end] != _COLON:
        return end, UNEXPECTED
    return skip_space(data, end + 1), OK


@compiled()
def _skip_value(data: Bytes, at: int, stack: Bytes) -> tuple[int, int]:
    """Return (index after the value, OK), or (index of the error, its kind)."""
    depth = 0
    status = OK
    while True:
        at = skip_space(data, at)
        if at >= data.size:
            return at, END_OF_FILE
        byte = data[at]
        if byte == _QUOTE:
            end = _skip_string(data, at)
            if end < 0:
                return at, END_OF_FILE
            at = end
        elif byte in (_LIST, _OBJECT):
            if depth == stack.size:
                return at, TOO_DEEP
            stack[depth] = byte
            depth += 1
            at = skip_space(data, at + 1)
            if at >= data.size:
                return at, END_OF_FILE
            if data[at] != byte + 2:  # ] is [ + 2, and } is { + 2
                if byte == _OBJECT:
                    at, status = _skip_key(data, at)
                    if status != OK:
                        return at, status
                elif 48 <= data[at] <= 57:
                    at = _skip_integers(data, at)
                continue
            depth -= 1
            at += 1
        else:
            at, status = _skip_scalar(data, at)
            if status != OK:
                return at, status
        while depth > 0:  # after a value: close what closes, go on after a comma
            at = skip_space(data, at)
            if at >= data.size:
                return at, END_OF_FILE
            if data[at] == stack[depth - 1] + 2:
                depth -= 1
                at += 1
                continue
            if data[at] != _COMMA:
                return at, UNEXPECTED
            at = skip_space(data, at + 1)
            if stack[depth - 1] == _OBJECT:
                at, status = _skip_key(data, at)
                if status != OK:
                    return at, status
            break
        if depth == 0:
            return at, OK


@compiled()
def _key_index(data: Bytes, start: int, end: int, keys: Bytes, n_keys: int) -> int:
    """Return which key data[start:end] is; -1 for any other, -2 where an escape may hide one."""
    for k in range(n_keys):
        offset = k * LONGEST_KEY
        if keys[offset] != end - start:
            continue
        same = True
        for i in range(end - start):
            if data[start + i] != keys[offset + 1 + i]:
                same = False
                break
        if same:
            return k
    for i in range(start, end):
        if data[i] == _BACKSLASH:
            return -2
    return -1


@compiled()
def _scan_object(data: Bytes, at: int, keys: Bytes, n_keys: int, row: Ints, stack: Bytes) -> tuple[int, int]:
    """Write the spans of the known fields of the object at `at` into `row`: start and end of each value.

    A repeated key counts where it comes last, as in Python. row[2 * n_keys] becomes 1 if a key has an escape.
    """
    at = skip_space(data, at + 1)
    if at < data.size and data[at] == _OBJECT + 2:
        return at + 1, OK
    while True:
        key = at
        at, status = _skip_key(data, at)
        if status != OK:
            return at, status
        key_end = _skip_string(data, key) - 1
        value = at
        at, status = _skip_value(data, at, stack)
        if status != OK:
            return at, status
        k = _key_index(data, key + 1, key_end, keys, n_keys)
        if k >= 0:
            row[2 * k] = value
            row[2 * k + 1] = at
        elif k == -2:
            row[2 * n_keys] = 1
        at = skip_space(data, at)
        if at >= data.size:
            return at, END_OF_FILE
        if data[at] == _OBJECT + 2:
            return at + 1, OK
        if data[at] != _COMMA:
            return at, UNEXPECTED
        at = skip_space(data, at + 1)


@compiled(f"Tuple((int64, int64))({BYTES_IN}, int64)")
def skip_value(data: Bytes, at: int) -> tuple[int, int]:
    """Return (index after the value at `at`, OK), or (index of the error, its kind)."""
    return _skip_value(data, at, np.empty(MAX_DEPTH, np.uint8))


@compiled(f"Tuple((int64[:, ::1], int64, int64, int64))({BYTES_IN}, int64, {BYTES_IN}, int64, int64)")
def scan_list(data: Bytes, at: int, keys: Bytes, n_keys: int, max_entries: int) -> tuple[Ints, int, int, int]:
    """Find the entries of the list at `at`; returns (rows, number of entries, index, status)."""
    width = 2 * n_keys + 3
    rows = np.full((1024, width), -1, np.int64)
    stack = np.empty(MAX_DEPTH, np.uint8)
    count = 0
    at = skip_space(data, at + 1)
    if at < data.size and data[at] == _LIST + 2:
        return rows, 0, at + 1, OK
    while True:
        at = skip_space(data, at)
        if at >= data.size:
            return rows, count, at, END_OF_FILE
        if count == max_entries:
            return rows, count, at, TOO_MANY
        if count == rows.shape[0]:
            longer = np.full((2 * count, width), -1, np.int64)
            longer[:count] = rows
            rows = longer
        row = rows[count]
        row[2 * n_keys] = 0
        row[2 * n_keys + 1] = at
        if data[at] == _OBJECT:
            at, status = _scan_object(data, at, keys, n_keys, row, stack)
        else:
            at, status = _skip_value(data, at, stack)
        if status != OK:
            return rows, count, at, status
        row[2 * n_keys + 2] = at
        count += 1
        at = skip_space(data, at)
        if at >= data.size:
            return rows, count, at, END_OF_FILE
        if data[at] == _LIST + 2:
            return rows, count, at + 1, OK
        if data[at] != _COMMA:
            return rows, count, at, UNEXPECTED
        at += 1
