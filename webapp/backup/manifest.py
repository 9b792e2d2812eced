"""The list of the files in a backup, and the check that they are still as they were written."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from evaluator.files.words import counted
from webapp.embedded import write_private

FORMAT = 1
NAME, DATABASE, BLOBS, VAR = "manifest.json", "database.dump", "blobs", "var"
READ_BYTES = 1024 * 1024
SAID_EVERY_S = 5.0

Say = Callable[[str], None]


class BackupError(Exception):
    """A sentence for the operator: why there is no backup, or why it cannot be restored."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, by its path in the backup, with slashes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything in a backup.

    Attributes:
        made_at: ISO 8601, UTC.
        version: of DVIS-Bench.
        postgres: major version of the program that wrote the dump.
        var: where VAR was.
        missing: keys of blobs that the site had lost before.
    """

    made_at: str
    version: str
    postgres: int
    var: str
    files: tuple[Entry, ...]
    missing: tuple[str, ...]

    def write(self, folder: Path) -> None:
        write_private(folder / NAME, json.dumps({"format": FORMAT, **asdict(self)}, indent=1))

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises BackupError where there is none, or one that we do not know."""
        try:
            found = json.loads((folder / NAME).read_bytes())
        except FileNotFoundError:
            raise BackupError(f"{folder} is not a complete backup: it has no {NAME}.") from None
        except ValueError:
            raise BackupError(f"{folder / NAME} cannot be read: take another backup.") from None
        if found.pop("format", None) != FORMAT:
            raise BackupError(f"{folder} was made by another version: restore it with that one.")
        files = tuple(Entry(**entry) for entry in found.pop("files"))
        return cls(files=files, missing=tuple(found.pop("missing")), **found)

    def below(self, folder: str) -> list[tuple[str, Entry]]:
        """The files in one folder of the backup, by their path in there."""
        return [
            (entry.path.removeprefix(f"{folder}/"), entry)
            for entry in self.files
            if entry.path.startswith(f"{folder}/")
        ]

    def check(self, folder: Path, say: Say) -> None:
        """Read every file. Raises BackupError where one is not what was written."""
        progress = Progress("Checked", self.files, say)
        wrong = []
        for entry in self.files:
            if not is_plain(entry.path):
                raise BackupError(f"{folder / NAME} names the file {entry.path!r}: it was not written by us.")
            if sha256_on_disk(folder / entry.path) != entry.sha256:
                wrong.append(entry.path)
            progress.step(entry.size)
        if wrong:
            shown = ", ".join(wrong[:5]) + (" and others" if len(wrong) > 5 else "")
            raise BackupError(
                f"{counted(len(wrong), 'file is', 'files are')} missing or damaged in {folder}: {shown}."
            )


class Progress:
    """Says every few seconds, and at the end, how far something is."""

    def __init__(self, verb: str, entries: Iterable[Entry], say: Say) -> None:
        sizes = [entry.size for entry in entries]
        self._verb, self._say = verb, say
        self._count, self._bytes = len(sizes), sum(sizes)
        self._done, self._done_bytes, self._said_at = 0, 0, time.monotonic()

    def step(self, size: int) -> None:
        self._done, self._done_bytes = self._done + 1, self._done_bytes + size
        if self._done == self._count or time.monotonic() - self._said_at > SAID_EVERY_S:
            self._said_at = time.monotonic()
            done, all_of = (f"{number / 1024**2:,.1f}" for number in (self._done_bytes, self._bytes))
            self._say(
                f"{self._verb} {self._done:,} of {counted(self._count, 'file')}, {done} of {all_of} MiB"
            )


def copy_hashed(source: BinaryIO, target: Path) -> tuple[int, str]:
    """Write a file safely to disk, for its owner alone; its size and SHA-256."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        target.chmod(0o600)
        while piece := source.read(READ_BYTES):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def sha256_on_disk(path: Path) -> str:
    """Read from the disk where the system lets us, not from memory; empty where there is no such file."""
    try:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def is_plain(path: str) -> bool:
    """Return whether a path stays in its folder."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts
