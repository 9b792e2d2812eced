"""Words for JSON values in messages."""

from __future__ import annotations

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
