"""The files that the player reads: a cache in a folder of its own, below a share of the disk.

Below VAR/playback lie the stores, each named after its SHA-256, and folders with pictures. Every file can be
made again. The time of a file's last change says when it was last looked at: the least recently seen go
first, whatever they are. No row is told; whoever looks for a file that is gone has it made again. Backups
leave the folder out.
"""

import fcntl
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from django.conf import settings

from webapp.blobs import disk
from webapp.blobs.storage import sha256_of
from webapp.playback.models import DIGEST, MaskStore

DRAFT: Final = "draft-"
# Whoever makes a store names its file a moment before its row does.
NAMELESS_KEPT_S: Final = 3600
# How exactly it is known when a file was last seen.
SEEN_EVERY_S: Final = 600


def folder() -> Path:
    return Path(settings.VAR, "playback")


def path_of(digest: str) -> Path:
    """Return where the file of a store lies, which may be gone. Raises ValueError for what is no digest."""
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"Expected a SHA-256 in hexadecimal digits, but got {digest!r}")
    return folder() / digest


def is_there(store: MaskStore) -> bool:
    """Return whether a store is made and its file has not gone."""
    return store.is_finished and path_of(store.digest).is_file()


@contextmanager
def draft() -> Iterator[Path]:
    """A name for a new file, of which nothing is left unless `keep` is called."""
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / f"{DRAFT}{uuid.uuid4().hex}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def keep(path: Path) -> str:
    """Give a finished draft its lasting name; return the digest."""
    digest = sha256_of(path)
    path.replace(path_of(digest))
    return digest


def seen(path: Path) -> None:
    """Note that somebody looks at a file, so that it stays longer."""
    with suppress(FileNotFoundError):
        if time.time() - path.stat().st_mtime > SEEN_EVERY_S:
            os.utime(path)


def kept_or_made(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return a picture that is kept, else make it, and keep it where there is room.

    Of pictures that lie in one folder one is made at a time: whoever asks for the same one meanwhile finds it
    made.
    """
    with suppress(OSError):
        return _kept(path)
    with ExitStack() as stack:
        with suppress(OSError):  # where nothing can be written, it is made all the same
            path.parent.mkdir(parents=True, exist_ok=True)
            place = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, place)
            fcntl.flock(place, fcntl.LOCK_EX)
            return _kept(path)
        found = make()
        if disk.room().state == "ok":
            with suppress(OSError):
                _write(path, found)
        return found


def _kept(path: Path) -> bytes:
    found = path.read_bytes()
    seen(path)
    return found


def _write(path: Path, contents: bytes) -> None:
    written = path.with_name(f"{DRAFT}{uuid.uuid4().hex}")
    try:
        written.write_bytes(contents)
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


def limit_bytes() -> int:
    """Return how many bytes all files may have together."""
    return int(disk.room().total * settings.PLAYBACK_DISK_PERCENT / 100)


def tidy() -> int:
    """Delete files that nobody needs, and the least recently seen above the limit. Return how many."""
    now, deleted = time.time(), 0
    # Whoever wrote a draft for longer than a job lasts was killed.
    abandoned_after_s = settings.PLAYBACK_TIME_LIMIT_S + 600
    known = set(MaskStore.objects.exclude(digest="").values_list("digest", flat=True))
    kept: list[tuple[float, int, Path]] = []
    for path, found in _files(folder()):
        age_s = now - found.st_mtime
        is_draft = path.name.startswith(DRAFT)
        is_nameless = bool(DIGEST.fullmatch(path.name)) and path.name not in known
        if (is_draft and age_s > abandoned_after_s) or (is_nameless and age_s > NAMELESS_KEPT_S):
            deleted += _delete(path)
        elif not is_draft:
            kept.append((found.st_mtime, found.st_size, path))
    above = sum(size for _, size, _ in kept) - limit_bytes()
    for _, size, path in sorted(kept):
        if above <= 0:
            break
        deleted += _delete(path)
        above -= size
    return deleted


def _files(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    if not root.is_dir():
        return
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                with suppress(FileNotFoundError):  # somebody else has just deleted it
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _delete(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
