"""Uploads: created with their length, appended in pieces, and turned into a blob by the last byte."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone

from evaluator.files.words import counted
from webapp.accounts.models import User
from webapp.blobs import disk
from webapp.blobs.storage import blob_delete, blob_save, sha256_of
from webapp.refusal import Refused
from webapp.submissions.models import Submission
from webapp.uploads.files import (
    PIECE_BYTES,
    Appending,
    Checksum,
    Readable,
    UploadComplete,
    lock,
    upload_file,
)
from webapp.uploads.kinds import PREDICTIONS, UploadKind
from webapp.uploads.models import Upload
from webapp.uploads.selectors import upload_room_reserved, upload_room_used

# One at a time reserves room, in all processes: a number that means this lock to nobody else.
RESERVING = 0x6469736B
QUOTA_BYTES = 20 * 1024**3


@transaction.atomic
def upload_create(*, owner: User, filename: str, length: int, kind: UploadKind = PREDICTIONS) -> Upload:
    """Reserve room for a file of `length` bytes. Raises Refused where it is too large, or no room is left."""
    kind.check(length)
    # Two at once must not both take the last room.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    _check_disk(length)
    _check_quota(owner, length)
    upload = Upload.objects.create(
        owner=owner, filename=_plain(filename), length=length, expires_at=_expiry_from_now()
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
    appending = append_begin(upload=upload, offset=offset, checksum=checksum)
    try:
        while appending.missing and (piece := stream.read(min(PIECE_BYTES, appending.missing))):
            appending.write(piece)
        return append_finish(appending=appending)
    finally:
        appending.release()


def append_begin(*, upload: Upload, offset: int, checksum: Checksum | None = None) -> Appending:
    """Take the upload's lock, to append at `offset`. The caller releases what is returned.

    Raises Refused where the offset is another, or somebody else is appending.
    """
    file = lock(upload)
    if offset != upload.offset:
        file.close()
        raise Refused(
            "upload-offset",
            f"The piece begins at byte {offset:,}, but the upload is at byte {upload.offset:,}.",
            "Ask for the current offset with HEAD and go on from there.",
            status=409,
        )
    try:
        disk.check_reserve()  # others may have taken the room that was reserved
    except disk.DiskFull:
        file.close()
        raise
    return Appending(upload, file, checksum)


def append_finish(*, appending: Appending) -> Upload:
    """Count what was appended; the last byte makes the upload a blob. Raises Refused, as appending does."""
    if appending.failure:
        raise appending.failure
    appending.settle()
    upload = appending.upload
    if upload.offset == upload.length and not upload.is_complete:
        _finish(upload, appending.sha256)
    return upload


def append_finish_short(*, appending: Appending) -> Upload:
    """Finish an upload whose length was not known exactly: what has arrived is all of it."""
    if appending.failure:
        raise appending.failure
    appending.settle()
    upload = appending.upload
    upload.length = upload.offset
    upload.save(update_fields=["length"])
    return append_finish(appending=appending)


def upload_finish(*, upload: Upload) -> Upload:
    """Bring row and file to agreement after a crash, and make the blob where only that was left to do."""
    if upload.is_complete:
        return upload
    with suppress(UploadComplete), lock(upload):
        if upload.offset == upload.length:
            _finish(upload, None)
    return upload


def upload_from_file(*, owner: User, file: "UploadedFile[Any]", kind: UploadKind = PREDICTIONS) -> Upload:
    """Make a finished upload of a file that came with a plain form."""
    length = file.size or 0
    kind.check(length)
    disk.check_reserve()
    _check_quota(owner, length)
    with _as_path(file) as path:
        blob = blob_save(path, sha256=sha256_of(path))
    return Upload.objects.create(
        owner=owner,
        filename=_plain(file.name or ""),
        length=length,
        offset=length,
        blob=blob,
        expires_at=_expiry_from_now(),
    )


def upload_delete(*, upload: Upload) -> None:
    """Forget an upload and its bytes. The blob that it may have become stays."""
    if not upload.is_complete:
        with lock(upload):
            upload_file(upload).unlink(missing_ok=True)
    upload.delete()


def upload_forget(*, upload: Upload) -> None:
    """Delete an upload because its owner asks for it, with its file at once where nothing else needs it.

    Otherwise files could be left behind that count against nobody's room. Raises Refused for the file of a
    submission that will not be scored, which is kept for a while.
    """
    blob = upload.blob
    if blob and blob.submissions.filter(author=upload.owner, status__in=Submission.LET_GO).exists():
        raise Refused(
            "upload-kept",
            "A submission of yours that was rejected or withdrawn has this file: it is kept to be looked at.",
            f"It is deleted by itself within {counted(settings.UPLOAD_LIFETIME_S // 86400, 'day')}.",
            status=409,
        )
    upload_delete(upload=upload)
    if blob:
        blob_delete(blob, saved_before=timezone.now())


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


def _check_disk(length: int) -> None:
    """Raise DiskFull where the disk has no room for this beside what others have announced.

    What is announced is reserved until the end of the transaction that writes it down, and then by its row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RESERVING])
    if length > disk.room().for_uploads - upload_room_reserved():
        raise disk.DiskFull


def _check_quota(owner: User, length: int) -> None:
    used = upload_room_used(owner)
    allowed = settings.UPLOAD_QUOTA_BYTES or min(QUOTA_BYTES, disk.room().for_uploads // 4)
    if used + length > allowed:
        raise Refused(
            "upload-quota",
            f"Your uploads that have not become a submission hold {used:,} bytes; with {length:,} more they "
            f"would exceed the {allowed:,} bytes allowed.",
            "Submit or delete another upload first; those that nobody uses expire by themselves.",
            status=413,
        )


def _plain(filename: str) -> str:
    """The name without folders and without characters that nobody sees: pages and terminals show it."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable())[-255:]


def _expiry_from_now() -> datetime:
    return timezone.now() + timedelta(seconds=settings.UPLOAD_LIFETIME_S)


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
