"""Blobs: one file for one content, on this machine's disk and in S3 on a real server."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from tests.support.s3 import s3_storage_server
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_bytes, blob_open, blob_path, blob_save, blob_save_bytes, blob_save_copy

Stored = Callable[[], list[str]]


@pytest.fixture(params=["disk", "s3"])
def stored(request: Any, tmp_path: Path) -> Iterator[Stored]:
    """The names of the files that came into the storage."""
    if request.param == "s3":
        with s3_storage_server(tmp_path / "s3") as server:
            yield lambda: [file.name for file in server.objects]
        return

    def on_disk() -> set[Path]:
        return {path for path in Path(default_storage.location).rglob("*") if path.is_file()}

    before = on_disk()
    yield lambda: sorted(path.name for path in on_disk() - before)


@pytest.mark.django_db
def test_what_is_saved_is_read_back_by_bytes_file_and_path(stored: Stored, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b"[1, 2, 3]")
    blob = blob_save(path, sha256=hashlib.sha256(b"[1, 2, 3]").hexdigest())
    assert (blob.size, blob_bytes(blob)) == (9, b"[1, 2, 3]")
    with blob_open(blob) as file, blob_path(blob) as local:
        assert file.read() == local.read_bytes() == b"[1, 2, 3]"
    assert stored() == [blob.sha256]


@pytest.mark.django_db
def test_the_same_content_is_stored_once(stored: Stored) -> None:
    first, second = blob_save_bytes(b"the same"), blob_save_bytes(b"the same")
    assert first == second
    assert stored() == [first.sha256]


@pytest.mark.django_db(transaction=True)
def test_the_same_content_saved_by_several_at_once_is_stored_once(stored: Stored) -> None:
    barrier, blobs = Barrier(6), list[Blob]()

    def save() -> None:
        barrier.wait()
        blobs.append(blob_save_bytes(b"raced for"))
        connection.close()

    threads = [Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(blobs) == 6
    assert len(set(blobs)) == 1
    assert stored() == [blobs[0].sha256]


@pytest.mark.django_db
def test_a_file_that_was_lost_is_stored_again(stored: Stored) -> None:
    blob = blob_save_bytes(b"lost with the disk")
    default_storage.delete(blob.key)
    assert stored() == []
    assert blob_bytes(blob_save_bytes(b"lost with the disk")) == b"lost with the disk"


@pytest.mark.django_db
def test_a_copy_does_not_change_with_the_file_it_was_made_of(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    path.write_text("before")
    blob = blob_save_copy(path)
    path.write_text("after!")
    assert blob_bytes(blob) == b"before"


@pytest.mark.django_db
def test_other_users_of_the_machine_cannot_read_blobs() -> None:
    blob = blob_save_bytes(b"ground truth")
    assert Path(default_storage.path(blob.key)).stat().st_mode & 0o007 == 0
