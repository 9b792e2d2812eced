"""SHA-256 of files, remembered until a file changes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached_sha256(path: Path, folder: Path) -> str:
    """Return the SHA-256 of a file, remembered as `remembered_sha256` does."""
    return remembered_sha256([path], folder, lambda: file_sha256(path))


def remembered_sha256(paths: Sequence[Path | str], folder: Path, compute: Callable[[], str]) -> str:
    """Return what `compute` makes of files, remembered in `folder` until one changes, or its time stamps do.

    Raises OSError.
    """
    marks = [
        (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        for status in map(os.stat, paths)
    ]
    note = folder / f"seen-{hashlib.sha256(json.dumps(marks).encode()).hexdigest()[:24]}"
    if note.is_file():
        return note.read_text(encoding="ascii")
    digest = compute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="ascii") as file:
        file.write(digest)
    Path(file.name).replace(note)
    return digest
