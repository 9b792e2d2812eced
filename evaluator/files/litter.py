"""Files that desktops leave everywhere, which are not part of a submission or a ground truth."""

from __future__ import annotations

from typing import Final

_NAMES: Final = frozenset(
    {"__macosx", ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".spotlight-v100", ".trashes"}
)


def is_litter(name: str) -> bool:
    """Return whether macOS or Windows made a file, or a folder around it; `name` has "/" between folders.

    >>> [is_litter(name) for name in ("__MACOSX/a/._b.png", "a/Thumbs.db", "a/._b.png", "a/b.png")]
    [True, True, True, False]
    """
    return any(part.startswith("._") or part.lower() in _NAMES for part in name.split("/"))
