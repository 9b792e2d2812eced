"""Uploads below the protocol: room, crashes, expiry."""

import fcntl
import hashlib
import io
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from tests.support.factories import make_user
from webapp.accounts.models import User
from webapp.blobs import disk
from webapp.blobs.storage import blob_bytes
from webapp.refusal import Refused
from webapp.uploads import files, services
from webapp.uploads.files import upload_file
from webapp.uploads.models import Upload
from webapp.uploads.services import (
    upload_append,
    upload_create,
    upload_delete,
    upload_finish,
    upload_from_file,
    uploads_expire,
)

pytestmark = pytest.mark.django_db


def make_upload(length: int = 10, **fields: Any) -> Upload:
    return upload_create(
        owner=fields.pop("owner", None) or make_user(), filename="results.json", length=length
    )


def append(upload: Upload, data: bytes) -> Upload:
    return upload_append(upload=upload, offset=upload.offset, stream=io.BytesIO(data))


class Broken:
    """A connection that breaks after some bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        piece = self.data.read(min(size, 3))
        if not piece:
            raise ConnectionResetError("reset by peer")
        return piece


def test_the_last_byte_makes_the_blob_and_leaves_no_file_behind() -> None:
    upload = append(append(make_upload(10), b"01234"), b"56789")
    assert upload.blob is not None
    assert upload.blob.sha256 == hashlib.sha256(b"0123456789").hexdigest()
    assert blob_bytes(upload.blob) == b"0123456789"
    assert not upload_file(upload).exists()


def test_an_empty_file_is_complete_when_it_is_created() -> None:
    upload = make_upload(0)
    assert upload.blob is not None
    assert blob_bytes(upload.blob) == b""


def test_what_arrived_before_the_connection_broke_counts() -> None:
    upload = make_upload(10)
    with pytest.raises(ConnectionResetError):
        upload_append(upload=upload, offset=0, stream=Broken(b"0123456"))
    upload.refresh_from_db()
    assert upload.offset == 7
    append(upload, b"789")
    assert upload.blob is not None
    assert blob_bytes(upload.blob) == b"0123456789"


def test_bytes_that_a_killed_process_left_uncounted_are_cut_off() -> None:
    upload = append(make_upload(10), b"01234")
    with upload_file(upload).open("ab") as file:
        file.write(b"half")
    append(upload, b"56789")
    assert upload.blob is not None
    assert blob_bytes(upload.blob) == b"0123456789"


def test_an_upload_whose_file_was_lost_begins_again() -> None:
    upload = append(make_upload(10), b"01234")
    upload_file(upload).unlink()
    assert upload_finish(upload=upload).offset == 0


def test_a_crash_before_the_blob_was_made_is_mended_by_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = make_upload(4)
    with monkeypatch.context() as crash:
        crash.setattr(
            services, "blob_save", lambda *args, **kwargs: (_ for _ in ()).throw(OSError("S3 is away"))
        )
        with pytest.raises(OSError, match="S3 is away"):
            append(upload, b"data")
    upload = upload_finish(upload=Upload.objects.get(pk=upload.pk))
    assert upload.blob is not None
    assert blob_bytes(upload.blob) == b"data"


def test_somebody_who_is_writing_keeps_others_out() -> None:
    upload = make_upload(10)
    with upload_file(upload).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="Another request is writing") as refused:
            append(upload, b"01234")
    assert refused.value.status == 423
    assert append(upload, b"01234").offset == 5


def test_a_file_over_the_limit_is_refused_before_any_byte(settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100
    with pytest.raises(Refused, match="has 101 bytes, but this server takes at most 100") as refused:
        make_upload(101)
    assert refused.value.status == 413


def test_unfinished_uploads_take_their_room_from_the_start(settings: Any) -> None:
    settings.UPLOAD_QUOTA_BYTES = 15
    owner = make_user()
    first = make_upload(10, owner=owner)
    with pytest.raises(Refused, match="not become a submission hold 10 bytes") as refused:
        make_upload(6, owner=owner)
    assert refused.value.status == 413
    make_upload(15)  # of somebody else
    upload_delete(upload=first)
    make_upload(15, owner=owner)


def test_a_plain_form_finds_no_room_either_where_unused_uploads_took_it(settings: Any) -> None:
    settings.UPLOAD_QUOTA_BYTES = 15
    owner = make_user()
    append(make_upload(10, owner=owner), b"0123456789")
    with pytest.raises(Refused, match="not become a submission hold 10 bytes"):
        upload_from_file(owner=owner, file=SimpleUploadedFile("results.json", b"123456"))
    assert upload_from_file(owner=owner, file=SimpleUploadedFile("results.json", b"12345")).is_complete


@pytest.mark.django_db(transaction=True)
def test_two_at_once_cannot_both_take_the_last_room(settings: Any) -> None:
    settings.UPLOAD_QUOTA_BYTES = 10
    owner, barrier, refusals = make_user(), Barrier(4), list[Refused]()

    def create() -> None:
        barrier.wait()
        try:
            make_upload(10, owner=owner)
        except Refused as refused:
            refusals.append(refused)
        connection.close()

    threads = [Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refusals), owner.uploads.count()) == (3, 1)


@pytest.fixture
def no_other_limit(settings: Any) -> int:
    """How much room the disk has for uploads, which nothing but the disk limits."""
    settings.UPLOAD_LIMIT_BYTES = settings.UPLOAD_QUOTA_BYTES = 2**60
    return disk.room().for_uploads


def test_announced_uploads_keep_their_room_until_they_end(no_other_limit: int) -> None:
    most = int(0.6 * no_other_limit)
    first = make_upload(most)
    with pytest.raises(Refused, match="disk has no room") as refused:
        make_upload(most)
    assert refused.value.status == 507
    upload_delete(upload=first)
    second = make_upload(most)
    Upload.objects.filter(pk=second.pk).update(expires_at=timezone.now())
    make_upload(most)


def test_no_upload_takes_the_reserve(settings: Any, no_other_limit: int) -> None:
    settings.DISK_RESERVE_PERCENT = 100
    for refused in (
        lambda: make_upload(1),
        lambda: upload_from_file(owner=make_user(), file=SimpleUploadedFile("results.json", b"[]")),
    ):
        with pytest.raises(Refused, match="disk has no room"):
            refused()


def test_an_upload_that_others_took_the_room_from_waits_for_it(settings: Any) -> None:
    upload = append(make_upload(10), b"01234")
    settings.DISK_RESERVE_PERCENT = 100
    with pytest.raises(Refused, match="disk has no room"):
        append(upload, b"56789")
    settings.DISK_RESERVE_PERCENT = 0
    assert append(upload, b"56789").is_complete


def test_a_long_piece_stops_at_the_reserve_and_keeps_what_arrived(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(files, "COMMIT_BYTES", 4)
    upload = make_upload(9)

    class Filling(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            settings.DISK_RESERVE_PERCENT = 100
            return super().read(4)

    with pytest.raises(Refused, match="disk has no room"):
        upload_append(upload=upload, offset=0, stream=Filling(b"012345678"))
    upload.refresh_from_db()
    assert upload.offset == 4


def test_an_account_may_announce_a_quarter_of_the_room_or_20_gib(settings: Any, no_other_limit: int) -> None:
    settings.UPLOAD_QUOTA_BYTES = 0
    allowed = min(20 * 1024**3, no_other_limit // 4)
    with pytest.raises(Refused, match="not become a submission hold 0 bytes") as refused:
        make_upload(int(1.1 * allowed))
    assert refused.value.status == 413
    owner = make_user()
    make_upload(int(0.6 * allowed), owner=owner)
    with pytest.raises(Refused, match="not become a submission hold"):
        make_upload(int(0.6 * allowed), owner=owner)


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_cannot_both_take_the_last_room(no_other_limit: int) -> None:
    owners, barrier, refusals = [make_user() for _ in range(4)], Barrier(4), list[Refused]()

    def create(owner: User) -> None:
        barrier.wait()
        try:
            make_upload(int(0.6 * no_other_limit), owner=owner)
        except Refused as refused:
            refusals.append(refused)
        connection.close()

    threads = [Thread(target=create, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refusals), Upload.objects.count()) == (3, 1)


def test_a_full_disk_is_said_and_keeps_what_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = append(make_upload(10), b"01234")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(files, "_write", full)
        with pytest.raises(Refused, match="disk has no room") as refused:
            append(upload, b"56789")
    assert refused.value.status == 507
    upload.refresh_from_db()
    assert upload.offset == 5


@pytest.fixture
def old_file(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path
    settings.UPLOAD_LIFETIME_S = 60
    path = tmp_path / "left.behind"
    path.touch()
    return path


def test_expired_uploads_go_with_their_files_and_leave_what_they_became(old_file: Path) -> None:
    unfinished, complete = make_upload(10), append(make_upload(2), b"ok")
    assert complete.blob is not None
    assert uploads_expire(now=timezone.now() + timedelta(seconds=59)) == 0
    assert uploads_expire(now=timezone.now() + timedelta(seconds=61)) == 2
    assert Upload.objects.count() == 0
    assert not upload_file(unfinished).exists()
    assert blob_bytes(complete.blob) == b"ok"


def test_files_that_belong_to_no_upload_are_removed_once_they_are_old(old_file: Path) -> None:
    upload = make_upload(10)
    uploads_expire()
    assert old_file.exists()
    upload.expires_at += timedelta(days=1)
    upload.save()
    uploads_expire(now=timezone.now() + timedelta(seconds=61))
    assert not old_file.exists()
    assert upload_file(upload).exists()


def test_a_form_file_becomes_a_finished_upload() -> None:
    upload = upload_from_file(owner=make_user(), file=SimpleUploadedFile("results.json", b"[]"))
    assert (upload.filename, upload.length, upload.offset) == ("results.json", 2, 2)
    assert upload.blob is not None
    assert blob_bytes(upload.blob) == b"[]"


def test_the_name_of_a_form_file_keeps_no_character_that_nobody_sees() -> None:
    file = SimpleUploadedFile("gnp\u202e\x1b[31m.json", b"[]")
    assert upload_from_file(owner=make_user(), file=file).filename == "gnp[31m.json"
