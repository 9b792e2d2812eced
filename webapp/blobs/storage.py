"""Blobs: files kept once, by their SHA-256, in Django's default storage (a folder, or any S3 service).

A blob's bytes are in place before its row is, so a row always has its bytes. Writing the same content
twice, also at the same moment, leaves one file.
"""

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from webapp.blobs.models import Blob

# A backup holds it: a number that means this lock to nobody else.
KEEPING = 0x6B656570
READ_BYTES = 1024 * 1024


class BlobLost(FileNotFoundError):
    """A row is there, but its bytes are not: a file was deleted below the storage, or not restored."""

    def __init__(self, blob: Blob) -> None:
        super().__init__(f"The stored file {blob.key} is missing.")


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file, in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def blob_save(path: Path, *, sha256: str) -> Blob:
    """Store a file whose SHA-256 is known, unless its content is stored already.

    The file itself stays where it is; delete it afterwards where it is not needed. Below the same file
    system it costs no copy (a hard link), so never write into a file that has been saved.
    """
    blob = Blob(sha256=sha256, size=path.stat().st_size)
    with _content_lock(sha256):
        if not default_storage.exists(blob.key):
            bytes_store(path, blob.key)
        return Blob.objects.update_or_create(
            sha256=sha256, defaults={"saved_at": timezone.now()}, create_defaults={"size": blob.size}
        )[0]


def bytes_store(path: Path, key: str, *, is_kept: bool = False) -> None:
    """Put the content of a file into the storage, without a row. `is_kept`: the file may be changed later."""
    folder = _local_folder()
    if folder is None:
        with path.open("rb") as file:
            default_storage.save(key, File(file))
    else:
        _place(path, folder / key, may_link=not is_kept)


def blob_delete(blob: Blob, *, saved_before: datetime) -> bool:
    """Delete a blob and its bytes, unless something refers to it or it was stored again in the meantime.

    During a backup nothing is deleted: the copy of the database may need it.

    Bytes go last: a crash in between leaves bytes without a row, never a row without bytes.
    """
    with _content_lock(blob.sha256):
        try:
            with transaction.atomic():
                if not _may_delete():
                    return False
                deleted, _ = Blob.objects.filter(pk=blob.pk, saved_at__lt=saved_before).delete()
        except (ProtectedError, IntegrityError):  # the second: the reference was made just now
            return False
        if deleted:
            default_storage.delete(blob.key)
    return bool(deleted)


def _may_delete() -> bool:
    """Return whether no backup is being made; none begins before the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [KEEPING])
        return bool(cursor.fetchone()[0])


def blob_save_copy(path: Path) -> Blob:
    """Store the content of a file that belongs to somebody else and may be changed later."""
    with tempfile.TemporaryDirectory(dir=_scratch_folder()) as scratch:
        copy = Path(scratch, "copy")
        shutil.copyfile(path, copy)
        return blob_save(copy, sha256=sha256_of(copy))


def blob_save_written(write: Callable[[BinaryIO], None]) -> Blob:
    """Store what `write` writes to the file that it is given, in constant memory."""
    with tempfile.TemporaryDirectory(dir=_scratch_folder()) as scratch:
        path = Path(scratch, "written")
        with path.open("wb") as file:
            write(file)
        return blob_save(path, sha256=sha256_of(path))


def blob_save_bytes(data: bytes) -> Blob:
    """Store bytes that are in memory."""
    with tempfile.TemporaryDirectory(dir=_scratch_folder()) as scratch:
        path = Path(scratch, "bytes")
        path.write_bytes(data)
        return blob_save(path, sha256=hashlib.sha256(data).hexdigest())


def blob_open(blob: Blob) -> BinaryIO:
    """Open a blob for reading; the caller closes it. Raises BlobLost where its bytes are gone."""
    try:
        return cast(BinaryIO, default_storage.open(blob.key, "rb"))
    except FileNotFoundError:
        raise BlobLost(blob) from None


def blob_bytes(blob: Blob) -> bytes:
    with blob_open(blob) as file:
        return file.read()


def blob_local_path(blob: Blob) -> Path | None:
    """Return the blob's own file, to be read only; None where a service keeps the bytes."""
    folder = _local_folder()
    return None if folder is None else folder / blob.key


@contextmanager
def blob_path(blob: Blob) -> Iterator[Path]:
    """A local path with the blob's content, to be read only: the file itself, or a copy fetched from S3.

    Raises BlobLost where its bytes are gone.
    """
    own = blob_local_path(blob)
    if own is not None:
        if not own.is_file():
            raise BlobLost(blob)
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="dvis-bench-") as scratch:
        path = Path(scratch, blob.sha256)
        with blob_open(blob) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, READ_BYTES)
        yield path


@contextmanager
def _content_lock(sha256: str) -> Iterator[None]:
    """Let only one at a time, of all processes, store or delete this content."""
    key = int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        # In a transaction that has failed nothing can be said any more; the lock ends with the connection.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _local_folder() -> Path | None:
    """The folder of the blobs, or None where they are kept by a service."""
    # default_storage is a lazy proxy, for which isinstance sees through to the wrapped class.
    return Path(default_storage.location) if isinstance(default_storage, FileSystemStorage) else None


def _scratch_folder() -> Path | None:
    """Return the folder of drafts: next to the blobs, so that placing them is a link and not a copy."""
    folder = _local_folder()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _place(path: Path, target: Path, *, may_link: bool = True) -> None:
    """Put a file's content at `target` in one step, safely on disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        if not (may_link and _linked(path, draft)):
            shutil.copyfile(path, draft)
        draft.chmod(0o600)  # ground truth lies here: not for other users of the machine
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _linked(path: Path, draft: Path) -> bool:
    try:
        draft.hardlink_to(path)
    except OSError:  # another file system, or one without links
        return False
    return True
