"""Words for JSON values in messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def describe(value: Any) -> str:
    """Name what JSON value was found, short enough for a message."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    return str(value).lower()[:40]


def describe_field(record: Mapping[str, Any], name: str) -> str:
    """Name the value of a field, which may be missing.

    >>> describe_field({"id": None}, "id"), describe_field({}, "id")
    ('null', 'missing')
    """
    return describe(record[name]) if name in record else "missing"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number and its noun, or what stands beside it of one and of several.

    >>> counted(1, "video"), counted(1200, "video"), counted(2, "entry is", "entries are")
    ('1 video', '1,200 videos', '2 entries are')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def wrong_length(field: str, items: int, frames: int) -> str:
    """Return the sentence on a list that does not have one item per frame."""
    return f"`{field}` has {counted(items, 'item')}, but the video has {counted(frames, 'frame')}."


def shown_names(names: Sequence[str]) -> str:
    """Return some names of fields for a message.

    >>> shown_names(["id", "name"])
    '`id`, `name`'
    """
    return ", ".join(f"`{name[:40]}`" for name in names[:6]) + (", ..." if len(names) > 6 else "")
