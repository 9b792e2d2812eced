"""A submission or ground truth of many files: a zip archive or a folder, read member by member."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final, Protocol

from evaluator.files.archive import Archive, with_lower_suffixes
from evaluator.files.litter import is_litter
from evaluator.files.source import map_file, reject_other_formats
from evaluator.problems import Problem, SubmissionRejected, Where, problem

_DEEPEST: Final = 5


class Members(Protocol):
    """Named files; names have "/" between folders. Any process may read."""

    @property
    def name(self) -> str: ...

    @property
    def names(self) -> Collection[str]: ...

    @property
    def warnings(self) -> tuple[Problem, ...]: ...

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of a file. Raises KeyError, OSError, SubmissionRejected."""

    def close(self) -> None: ...


class FolderMembers:
    """The files below a folder."""

    warnings: tuple[Problem, ...] = ()

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._files = with_lower_suffixes({name: name for name in _walk(path)})

    @property
    def names(self) -> Collection[str]:
        """The files, in a fixed order."""
        return self._files.keys()

    def path(self, name: str) -> str:
        """Return where a file lies. Raises KeyError."""
        return f"{self._path}/{self._files[name]}"

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of a file. Raises KeyError, OSError."""
        with Path(self.path(name)).open("rb") as file:
            return file.read(limit)

    def close(self) -> None:
        """Nothing is open between reads."""


def _walk(folder: Path) -> list[str]:
    """Return the files below a folder in a fixed order, without hidden files and what desktops add."""
    found = []
    followed = {os.path.realpath(folder)}
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not _is_passed_over(name))
        for name in [name for name in folders if Path(parent, name).is_symlink()]:
            target = os.path.realpath(f"{parent}/{name}")
            if target in followed:  # it would never end
                folders.remove(name)
            followed.add(target)
        inner = Path(parent).relative_to(folder).as_posix()
        prefix = "" if inner == "." else f"{inner}/"
        found += [prefix + name for name in sorted(files) if not _is_passed_over(name)]
    return found


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or is_litter(name)


def open_members(path: Path) -> Members:
    """Open a folder or a zip archive.

    Raises:
        SubmissionRejected: the file is not an archive, or an unsafe one.
        OSError: it cannot be read.
    """
    if path.is_dir():
        return FolderMembers(path)
    contents = map_file(path)
    if not contents:
        raise SubmissionRejected([problem("file-empty", Where(file=path.name), "The file has 0 bytes.")])
    if bytes(contents[:2]) != b"PK":
        reject_other_formats(path, bytes(contents[:512]))
        message = f"Expected a zip archive, but the file begins with {bytes(contents[:8])!r}."
        raise SubmissionRejected([problem("file-not-recognised", Where(file=path.name), message)])
    return Archive(path)


def root_folder(members: Members, wanted: Collection[str]) -> tuple[str, tuple[Problem, ...]]:
    """Return what stands before the names in `wanted`, files or folders: nothing, or folders; and warnings.

    Where they lie in several folders, or nowhere, the answer is the top; whoever looks for the names reports
    them missing.
    """
    roots: set[str] = set()
    known = set(wanted)
    for name in members.names:
        parts = name.split("/")
        depth = next((depth for depth, part in enumerate(parts[:_DEEPEST]) if part in known), None)
        if depth is not None:
            roots.add("/".join(parts[:depth]))
    if len(roots) != 1 or "" in roots:
        return "", members.warnings
    (root,) = roots
    message = f"The files lie in the folder {root[:80]!r}."
    in_folder = problem("archive-root-folder", Where(file=members.name), message)
    return f"{root}/", (*members.warnings, in_folder)
