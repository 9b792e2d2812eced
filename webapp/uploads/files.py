"""The bytes of unfinished uploads, in UPLOAD_ROOT/<id>: written by one at a time, and counted when safe.

The row's `offset` says how many bytes count: it is raised after they are on disk, and what lies behind it
(of a process that died while writing) is cut off. An exclusive lock on the file keeps two writers apart;
the kernel drops it with the process that held it.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from django.conf import settings

from webapp.refusal import Refused
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
    """The checksum that a client declares for the bytes of one PATCH (tus extension `checksum`)."""

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


def upload_file(upload: Upload) -> Path:
    """Return the file that holds the bytes of an unfinished upload."""
    return Path(settings.UPLOAD_ROOT) / str(upload.id)


@contextmanager
def locked(upload: Upload) -> Iterator[BinaryIO]:
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


def receive(upload: Upload, file: BinaryIO, stream: Readable, digest: Any, checksum: Checksum | None) -> None:
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
