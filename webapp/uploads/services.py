"""Uploads: created with their length, appended in pieces, and turned into a blob by the last byte.

The bytes lie in UPLOAD_ROOT/<id>. The row's `offset` says how many of them count: it is raised after they
are safely on disk, and what lies behind it (of a process that died while writing) is cut off.
An exclusive lock on the file keeps two writers apart; the kernel drops it with the process that held it.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from webapp.accounts.models import User
from webapp.refusal import Refused
from webapp.storage import blob_save, sha256_of
from webapp.uploads.models import Upload

PIECE_BYTES = 64 * 1024
# How much a killed process can lose of a long append.
COMMIT_BYTES = 16 * 1024 * 1024
CHECKSUM_MISMATCH = 460  # tus: the bytes are not those that the client meant
CHECKSUMS = ("sha1", "sha256")


class UploadComplete(Refused):
    """Nothing more can be appended."""

    def __init__(self) -> None:
        super().__init__(
            "upload-complete",
            "This upload is complete.",
            "Use it in a submission, or create a new one.",
            status=409,
        )


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Checksum:
    """What the client says the bytes of one append hash to (tus extension `checksum`)."""

    def __init__(self, *, algorithm: str, digest: bytes) -> None:
        if algorithm not in CHECKSUMS:
            raise Refused(
                "checksum-algorithm",
                f"The checksum algorithm is {algorithm!r}, but this server knows {' and '.join(CHECKSUMS)}.",
                "Use one of these, or leave Upload-Checksum out.",
                status=400,
            )
        self.expected, self.hash = digest, hashlib.new(algorithm)

    def verify(self) -> None:
        if self.hash.digest() != self.expected:
            raise Refused(
                "checksum-mismatch",
                "The bytes that arrived do not have the checksum that was announced; they were dropped.",
                "Send this piece again.",
                status=CHECKSUM_MISMATCH,
            )


@transaction.atomic
def upload_create(*, owner: User, filename: str, length: int) -> Upload:
    """Reserve room for a file of `length` bytes. Raises Refused where it is too large, or no room is left."""
    _check_length(length)
    # Two at once must not both take the last room.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    used = _unfinished(owner)
    if used + length > settings.UPLOAD_QUOTA_BYTES:
        raise Refused(
            "upload-quota",
            f"Your unfinished uploads hold {used:,} bytes; with {length:,} more they would exceed "
            f"the {settings.UPLOAD_QUOTA_BYTES:,} bytes allowed.",
            "Finish or delete another upload first; unfinished ones expire by themselves.",
            status=413,
        )
    if length > shutil.disk_usage(settings.UPLOAD_ROOT).free:
        raise _disk_full()
    upload = Upload.objects.create(
        owner=owner, filename=filename[-255:], length=length, expires_at=_expiry_from_now()
    )
    upload_file(upload).touch(mode=0o640)
    if length == 0:
        upload_finish(upload=upload)
    return upload


def upload_append(
    *, upload: Upload, offset: int, stream: Readable, checksum: Checksum | None = None
) -> Upload:
    """Append what `stream` gives, up to the declared length; the last byte makes the upload a blob.

    A stream that ends early or breaks keeps what arrived (without a checksum; with one, a piece counts
    whole or not at all). Raises Refused where the offset is another, or somebody else is appending.
    """
    with _locked(upload) as file:
        if offset != upload.offset:
            raise Refused(
                "upload-offset",
                f"The piece begins at byte {offset:,}, but the upload is at byte {upload.offset:,}.",
                "Ask for the current offset with HEAD and go on from there.",
                status=409,
            )
        digest = hashlib.sha256() if offset == 0 else None  # of the whole file, where one append brings it
        try:
            _receive(upload, file, stream, digest, checksum)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _disk_full() from error
            raise
        if upload.offset == upload.length:
            _finish(upload, digest.hexdigest() if digest else None)
    return upload


def upload_finish(*, upload: Upload) -> Upload:
    """Bring row and file to agreement after a crash, and make the blob where only that was left to do."""
    if upload.is_complete:
        return upload
    with suppress(UploadComplete), _locked(upload):
        if upload.offset == upload.length:
            _finish(upload, None)
    return upload


def upload_from_file(*, owner: User, file: "UploadedFile[Any]") -> Upload:
    """Make a finished upload of a file that came with a plain form."""
    length = file.size or 0
    _check_length(length)
    with _as_path(file) as path:
        blob = blob_save(path, sha256=sha256_of(path))
    return Upload.objects.create(
        owner=owner,
        filename=(file.name or "")[-255:],
        length=length,
        offset=length,
        blob=blob,
        expires_at=_expiry_from_now(),
    )


def upload_delete(*, upload: Upload) -> None:
    """Forget an upload and its bytes. The blob that it may have become stays."""
    if not upload.is_complete:
        with _locked(upload):
            upload_file(upload).unlink(missing_ok=True)
    upload.delete()


def uploads_expire(*, now: datetime | None = None) -> int:
    """Delete uploads whose time is over, and files that no upload owns. Returns how many uploads."""
    now = now or timezone.now()
    expired = list(Upload.objects.filter(expires_at__lt=now))
    count = 0
    for upload in expired:
        with suppress(Refused):  # somebody is appending just now: the next sweep sees to it
            upload_delete(upload=upload)
            count += 1
    _delete_orphans(now)
    return count


def upload_file(upload: Upload) -> Path:
    """Where the bytes of an unfinished upload lie."""
    return Path(settings.UPLOAD_ROOT) / str(upload.id)


def _check_length(length: int) -> None:
    if length > settings.UPLOAD_LIMIT_BYTES:
        raise Refused(
            "upload-too-large",
            f"The file has {length:,} bytes, but this server takes at most {settings.UPLOAD_LIMIT_BYTES:,}.",
            "Compress it (a zip with results.json), or ask the organisers for a higher limit.",
            status=413,
        )


def _expiry_from_now() -> datetime:
    return timezone.now() + timedelta(seconds=settings.UPLOAD_LIFETIME_S)


def _unfinished(owner: User) -> int:
    """Bytes reserved by the unfinished uploads of a person."""
    uploads = Upload.objects.filter(owner=owner, blob=None, expires_at__gt=timezone.now())
    return int(uploads.aggregate(total=Sum("length"))["total"] or 0)


def _disk_full() -> Refused:
    return Refused(
        "disk-full",
        "The server's disk has no room for this file. What has arrived is kept.",
        "Try again later and tell the people who run this server.",
        status=507,
    )


@contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    """The upload's file, opened for this writer alone, with row and file in agreement."""
    try:
        file = upload_file(upload).open("r+b", buffering=0)
    except FileNotFoundError:
        upload.refresh_from_db()
        if upload.is_complete:
            raise UploadComplete from None
        file = upload_file(upload).open("a+b", buffering=0)  # lost with its disk: begin again
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                "upload-locked",
                "Another request is writing to this upload.",
                "Wait a few seconds, ask for the offset with HEAD, and go on from there.",
                status=423,
            ) from None
        upload.refresh_from_db()
        if upload.is_complete:
            raise UploadComplete
        _set_offset(upload, min(upload.offset, os.fstat(file.fileno()).st_size))
        file.truncate(upload.offset)
        file.seek(upload.offset)
        yield file


def _receive(
    upload: Upload, file: BinaryIO, stream: Readable, digest: Any, checksum: Checksum | None
) -> None:
    """Copy the stream to the file, hashing as it goes, and raise the row's offset behind it."""
    start = position = upload.offset
    verified = checksum is None
    try:
        while position < upload.length:
            piece = stream.read(min(PIECE_BYTES, upload.length - position))
            if not piece:
                break
            _write(file, piece)
            position += len(piece)
            if digest:
                digest.update(piece)
            if checksum:
                checksum.hash.update(piece)
            elif position - upload.offset >= COMMIT_BYTES:
                _commit(upload, file, position)
        if checksum:
            checksum.verify()
            verified = True
    finally:
        kept = position if verified else start
        file.truncate(kept)
        _commit(upload, file, kept)


def _write(file: BinaryIO, piece: bytes) -> None:
    """Write all of it: an unbuffered file may take less at a time."""
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


def _commit(upload: Upload, file: BinaryIO, position: int) -> None:
    os.fsync(file.fileno())
    _set_offset(upload, position)


def _set_offset(upload: Upload, offset: int) -> None:
    if offset != upload.offset:
        upload.offset = offset
        upload.save(update_fields=["offset"])


def _finish(upload: Upload, sha256: str | None) -> None:
    """Store the file as a blob, then forget it here; safe to repeat after a crash at any line."""
    path = upload_file(upload)
    upload.blob = blob_save(path, sha256=sha256 or sha256_of(path))
    upload.save(update_fields=["blob"])
    path.unlink()


@contextmanager
def _as_path(file: "UploadedFile[Any]") -> Iterator[Path]:
    """A path with the form file's content, which may be linked to; the file must not be written again."""
    temporary = getattr(file, "temporary_file_path", None)
    if temporary is not None:
        yield Path(temporary())
        return
    path = Path(settings.UPLOAD_ROOT) / f"form-{os.urandom(8).hex()}"
    try:
        with path.open("wb") as target:
            for piece in file.chunks():
                target.write(piece)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _delete_orphans(now: datetime) -> None:
    """Remove files left behind by killed processes: older than an upload lives, and of no upload."""
    for path in Path(settings.UPLOAD_ROOT).iterdir():
        age_s = now.timestamp() - path.stat().st_mtime
        if age_s > settings.UPLOAD_LIFETIME_S and not _is_owned(path.name):
            path.unlink(missing_ok=True)


def _is_owned(name: str) -> bool:
    try:
        return Upload.objects.filter(pk=UUID(name)).exists()
    except ValueError:
        return False
