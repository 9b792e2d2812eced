"""A JSON file as bytes with the spans of its entries; only short values ever become Python objects."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from evaluator.files import json_scan
from evaluator.files.forms import form_of_fields
from evaluator.files.words import counted, shown_names
from evaluator.problems import Problem, Where, problem

_LINE_CHUNK = 1 << 24
_KNOWN_FIELDS = 50
_LONGEST_FIELD = 60


class JsonInvalid(Exception):
    """The file is not JSON, or not of the expected outer shape; `problem` says what and where."""

    def __init__(self, found: Problem) -> None:
        self.problem = found
        super().__init__(str(found))


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a JSON list: row i of `rows` holds the spans of its fields, see `spans`."""

    keys: tuple[str, ...]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def spans(self, key: str) -> NDArray[np.int64]:
        """Return [N, 2], where the value of `key` begins and ends in each entry; -1 where it is missing."""
        column = 2 * self.keys.index(key)
        return self.rows[:, column : column + 2]

    @property
    def whole(self) -> NDArray[np.int64]:
        """[N, 2], where each entry begins and ends."""
        column = 2 * len(self.keys) + 1
        return self.rows[:, column : column + 2]

    @property
    def escaped(self) -> NDArray[np.bool_]:
        """[N], whether an entry has a key with a backslash, which may spell a known one."""
        flags: NDArray[np.bool_] = self.rows[:, 2 * len(self.keys)] != 0
        return flags


class JsonText:
    """The contents of one JSON file.

    Args:
        name: how problems call the file.
        contents: its bytes, mapped or in memory.
        quote: whether messages may show some of the text; not for a hidden ground truth.
    """

    def __init__(self, name: str, contents: memoryview, *, quote: bool = True) -> None:
        self.name = name
        self.contents = contents
        self.data: NDArray[np.uint8] = np.frombuffer(contents, np.uint8)
        self._quote = quote

    def top(self) -> int:
        """Return the offset of the first byte that is neither a byte order mark nor white space."""
        head = bytes(self.contents[:4])
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head:
            raise self._invalid(
                "json-encoding", f"The file begins with the bytes {head!r}, as UTF-16 or UTF-32 do."
            )
        at = self._skip_space(3 if head.startswith(codecs.BOM_UTF8) else 0)
        if at == len(self.data):
            raise self._invalid(
                "file-empty", f"The file has {counted(len(self.data), 'byte')} and nothing but white space."
            )
        return at

    def list_entries(self, at: int, keys: tuple[str, ...]) -> tuple[Entries, int]:
        """Return the entries of the list at `at`, and the offset after it."""
        rows, count, end, status = json_scan.scan_list(
            self.data, at, _pack(keys), len(keys), json_scan.MAX_ENTRIES
        )
        self._raise_for(status, end)
        return Entries(keys, rows[:count]), end

    def skip_value(self, at: int) -> int:
        """Return the offset after the value at `at`."""
        end, status = json_scan.skip_value(self.data, at)
        self._raise_for(status, end)
        return int(end)

    def object_fields(
        self, at: int, lists: dict[str, tuple[str, ...]]
    ) -> tuple[dict[str, tuple[int, int]], dict[str, Entries]]:
        """Read the object at `at`, which must be all of the file.

        Args:
            at: where it begins.
            lists: the fields that may hold lists of objects, each with the keys to find in these.

        Returns:
            the span of the value of each field, and the entries of those `lists` that are there.
        """
        spans: dict[str, tuple[int, int]] = {}
        entries: dict[str, Entries] = {}
        at = self._skip_space(at + 1)
        while not self._is(at, "}"):
            key_end = self.skip_value(at)
            colon = self._skip_space(key_end)
            if not self._is(at, '"') or not self._is(colon, ":"):
                self._raise_for(json_scan.UNEXPECTED, at)
            key = str(parse_value(self.slice((at, key_end))))
            value = self._skip_space(colon + 1)
            if key in lists and self._is(value, "["):
                entries[key], at = self.list_entries(value, lists[key])
            else:
                at = self.skip_value(value)
            spans[key] = (value, at)
            at = self._skip_space(at)
            if self._is(at, ","):
                at = self._skip_space(at + 1)
                if self._is(at, "}"):
                    self._raise_for(json_scan.UNEXPECTED, at)
            elif not self._is(at, "}"):
                self._raise_for(json_scan.UNEXPECTED, at)
        self.expect_end(at + 1)
        return spans, entries

    def looks_like(self, at: int) -> str:
        """Return sentences on the fields of the object at `at`, which is known to be valid, and its form."""
        fields: list[str] = []
        at = self._skip_space(at + 1)
        while self.data[at] == ord('"') and len(fields) < _KNOWN_FIELDS:
            end = self.skip_value(at)
            fields.append(str(parse_value(self.slice((at, end)))) if end - at < _LONGEST_FIELD else "...")
            after = self._skip_space(self.skip_value(self._skip_space(self._skip_space(end) + 1)))
            at = self._skip_space(after + 1) if self.data[after] == ord(",") else after
        form = form_of_fields(fields)
        return (f" Its fields are {shown_names(fields)}." if fields else "") + (
            f" It looks like {form}." if form else ""
        )

    def expect_end(self, at: int) -> None:
        """Refuse anything but white space from `at` on."""
        at = self._skip_space(at)
        if at < len(self.data) and self.data[at] == ord("{"):
            message = f"{self._describe(at)}: after the first value comes another, as in JSON Lines."
            raise self._invalid("json-syntax", message)
        if at < len(self.data):
            self._raise_for(json_scan.UNEXPECTED, at)

    def _skip_space(self, at: int) -> int:
        return int(json_scan.skip_space(self.data, at))

    def _is(self, at: int, character: str) -> bool:
        if at >= len(self.data):
            self._raise_for(json_scan.END_OF_FILE, at)
        return bool(self.data[at] == ord(character))

    def slice(self, span: NDArray[np.int64] | tuple[int, int]) -> bytes:
        return bytes(self.contents[span[0] : span[1]])

    def column(self, spans: NDArray[np.int64]) -> list[Any]:
        """Return the values at `spans` [N, 2] as Python objects.

        Raises msgspec.DecodeError where only `parse_value` helps (NaN, huge numbers, what is not UTF-8).
        """
        values = b",".join([self.contents[start:end] for start, end in spans.tolist()])
        try:
            decoded: list[Any] = msgspec.json.decode(b"[" + values + b"]")
        except UnicodeDecodeError as error:
            raise msgspec.DecodeError(str(error)) from error
        return decoded

    def _raise_for(self, status: int, at: int) -> None:
        if status == json_scan.OK:
            return
        where = self._describe(at)
        if status == json_scan.TOO_MANY:
            message = f"The list has more than {json_scan.MAX_ENTRIES:,} entries."
            raise self._invalid("entries-too-many", message)
        if status == json_scan.TOO_DEEP:
            message = f"{where}: lists and objects are nested more than {json_scan.MAX_DEPTH} deep."
            raise self._invalid("json-nesting", message)
        if status == json_scan.END_OF_FILE:
            message = (
                f"The file ends after {counted(len(self.data), 'byte')} in the middle of a value ({where})."
            )
            raise self._invalid("json-truncated", message)
        found = f", found {self._excerpt(at)}" if self._quote else ""
        raise self._invalid("json-syntax", f"{where}: this is not JSON{found}.")

    def _invalid(self, code: str, message: str) -> JsonInvalid:
        return JsonInvalid(problem(code, Where(file=self.name), message))

    def _describe(self, at: int) -> str:
        lines = 1
        line_start = 0
        for start in range(0, at, _LINE_CHUNK):
            newlines = np.flatnonzero(self.data[start : min(at, start + _LINE_CHUNK)] == 10)
            lines += len(newlines)
            if len(newlines):
                line_start = start + int(newlines[-1]) + 1
        return f"line {lines:,}, column {at - line_start + 1:,}"

    def _excerpt(self, at: int) -> str:
        return repr(self.slice((at, at + 24)).decode("utf-8", "replace"))


def _pack(keys: tuple[str, ...]) -> NDArray[np.uint8]:
    packed = np.zeros(len(keys) * json_scan.LONGEST_KEY, np.uint8)
    for i, key in enumerate(keys):
        name = key.encode()
        at = i * json_scan.LONGEST_KEY
        packed[at] = len(name)
        packed[at + 1 : at + 1 + len(name)] = np.frombuffer(name, np.uint8)
    return packed


def parse_value(value: bytes) -> Any:
    """Return a short JSON value as Python's `json` reads it, with NaN, and huge integers as infinite.

    Raises:
        json.JSONDecodeError: a string has an escape that JSON does not know.
    """
    return json.loads(value.decode("utf-8", "replace"), parse_int=_parse_int, strict=False)


def _parse_int(digits: str) -> int | float:
    return (
        int(digits) if len(digits) < 400 else float(digits)
    )  # Python reads no integer of thousands of digits
