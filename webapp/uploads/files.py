"""The bytes of unfinished uploads, in UPLOAD_ROOT/<id>: written by one at a time, and counted when safe.

The row's `offset` says how many bytes count: it is raised after they are on disk, and what lies after it
(of a process that died while writing) is cut off. An exclusive lock on the file keeps two writers apart;
the kernel drops it with the process that held it.
"""

import errno
import fcntl
import hashlib
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

from webapp.blobs import disk
from webapp.blobs.disk import DiskFull
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


class UploadLocked(Refused):
    """Another request has not finished."""

    def __init__(self) -> None:
        super().__init__(
            "upload-locked",
            "Another request is writing to this upload.",
            "Wait a few seconds, ask for the offset with HEAD, and go on from there.",
            status=423,
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


def lock(upload: Upload) -> BinaryIO:
    """Open the upload's file for this writer alone, with row and file in agreement. Closing it unlocks."""
    try:
        file = upload_file(upload).open("r+b", buffering=0)
    except FileNotFoundError:
        upload.refresh_from_db()
        if upload.is_complete:
            raise UploadComplete from None
        file = upload_file(upload).open("a+b", buffering=0)  # lost with its disk: begin again
    with ExitStack() as stack:
        stack.enter_context(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadLocked from None
        _wish(upload).unlink(missing_ok=True)
        upload.refresh_from_db()
        if upload.is_complete:
            raise UploadComplete
        _set_offset(upload, min(upload.offset, os.fstat(file.fileno()).st_size))
        file.truncate(upload.offset)
        file.seek(upload.offset)
        stack.pop_all()
    return file


def ask_to_let_go(upload: Upload) -> None:
    """Ask whoever is writing to this upload to stop, in whatever process: its owner has come back."""
    with suppress(OSError):  # a full disk: the caller waits, then
        _wish(upload).touch()


def _wish(upload: Upload) -> Path:
    return upload_file(upload).with_suffix(".wanted")


class Appending:
    """One piece on its way into an upload: written as it comes, from any thread, and counted by `settle`.

    It holds the upload's lock from `lock` to `release`, and waits for nobody in between.

    Args:
        upload: what it is appended to, at its `offset`.
        file: what `lock` returned.
        checksum: of this piece, where the client sent one; then it counts whole or not at all.
    """

    def __init__(self, upload: Upload, file: BinaryIO, checksum: Checksum | None) -> None:
        self.upload = upload
        self.failure: Refused | None = None
        self._file, self._checksum = file, checksum
        self._wish = _wish(upload)  # asked for ten times per second, of hundreds
        self._start = self._position = upload.offset
        # Of the whole file, where one piece brings it.
        self._digest = hashlib.sha256() if upload.offset == 0 else None
        self._is_settled = False

    @property
    def missing(self) -> int:
        """Return how many bytes the upload can still take."""
        return self.upload.length - self._position

    @property
    def is_unwanted(self) -> bool:
        """Return whether the owner has come back by another request."""
        return self._wish.exists()

    @property
    def sha256(self) -> str | None:
        """The hash of the complete file, where this piece brought all of it."""
        return self._digest.hexdigest() if self._digest else None

    def write(self, piece: bytes) -> None:
        """Append some bytes, and count them now and then. Raises Refused where disk or upload are full."""
        if len(piece) > self.missing:
            raise Refused("upload-overflow", "More bytes came than were announced.", status=413)
        try:
            _write(self._file, piece)
            self._position += len(piece)
            if self._digest:
                self._digest.update(piece)
            if self._checksum:
                self._checksum.hash.update(piece)
            elif self._position - self.upload.offset >= COMMIT_BYTES:
                _commit(self.upload, self._file, self._position)
                disk.check_reserve()
        except OSError as error:
            raise _failed(error) from error

    def settle(self) -> None:
        """Count what has arrived. Raises Refused where it is not what the client meant, or found no room."""
        if self._is_settled:
            return
        self._is_settled = True
        kept = self._position
        try:
            if self._checksum:
                kept = self._start
                self._checksum.verify()
                kept = self._position
        finally:
            try:
                self._file.truncate(kept)
                _commit(self.upload, self._file, kept)
            except OSError as error:
                raise _failed(error) from error

    def release(self) -> None:
        """Let go of the upload, in whatever state it is: what has arrived counts."""
        try:
            with suppress(Refused):  # there is nobody to tell
                self.settle()
        finally:
            _wish(self.upload).unlink(missing_ok=True)
            self._file.close()


def _failed(error: OSError) -> Exception:
    return DiskFull() if error.errno in (errno.ENOSPC, errno.EDQUOT) else error


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
