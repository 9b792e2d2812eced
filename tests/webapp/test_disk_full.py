"""A full disk in the site's own process; tests/platform/test_full_disk.py fills a real one."""

import errno
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from tests.support.boards import make_board
from tests.support.factories import make_blob, make_submission, make_user
from tests.support.rest import Api, Tus
from webapp.blobs import disk
from webapp.blobs.disk import Room, is_disk_full
from webapp.submissions.models import Submission
from webapp.uploads.services import upload_from_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fills the disk up to the last byte, as far as the site can see."""
    return lambda: monkeypatch.setattr(disk, "room", lambda: Room(total=10**12, free=0))


def test_with_a_full_disk_nothing_new_is_taken_and_pages_say_so(full: Any) -> None:
    alice, split = make_user("alice"), make_board("shapes")
    api, client = Api(alice), Client()
    client.force_login(alice)
    upload = upload_from_file(owner=alice, file=SimpleUploadedFile("results.json", b"[]"))
    full()
    answers = [
        Tus(alice).create(10),
        api.post(
            "/submissions", {"upload": str(upload.id), "benchmark": "shapes", "split": "val", "method": "M"}
        ),
    ]
    for answer in answers:
        assert (answer.status_code, answer["Content-Type"]) == (507, "application/problem+json")
        assert answer.json()["problems"][0]["code"] == "disk-full"
    page = client.post(
        "/benchmarks/shapes/submit/",
        {"upload": upload.id, "split": split.pk, "method_name": "M", "visibility": "public"},
    )
    assert page.status_code == 507
    assert "disk has no room" in page.content.decode()
    assert Submission.objects.count() == 0

    state = api.get("/status").json()
    assert (state["is_well"], state["disk"]) == (False, "full")
    assert "The disk is full." in client.get("/status/").content.decode()
    for path in ("/", "/benchmarks/shapes/", "/robots.txt"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(("free", "percent", "state"), [(9, 5, "full"), (900, 95, "low"), (960, 5, "ok")])
def test_the_reserve_is_left_before_the_disk_is_full(
    settings: Any, free: int, percent: int, state: str
) -> None:
    settings.DISK_RESERVE_PERCENT = percent
    assert Room(total=1024, free=free).state == state


def no_room_for_a_file(*args: object, **options: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_room_for_a_row(*args: object, **options: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$")


@pytest.mark.parametrize("no_room", [no_room_for_a_file, no_room_for_a_row])
def test_whatever_finds_no_room_answers_507(monkeypatch: pytest.MonkeyPatch, no_room: Any) -> None:
    monkeypatch.setattr("webapp.pages.site.views.benchmark_cards", no_room)
    monkeypatch.setattr("webapp.api.jobs.server_state", no_room)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/status")
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (507, "disk-full")
    page = client.get("/")
    assert (page.status_code, b"disk is full" in page.content) == (507, True)


def test_other_errors_are_no_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.pages.site.views.benchmark_cards", lambda user: 1 // 0)
    page = Client(raise_request_exception=False).get("/")
    assert (page.status_code, b"Something broke on our side" in page.content) == (500, True)
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))


def test_a_run_that_is_done_is_submitted_whatever_room_there_is(full: Any) -> None:
    blob = make_blob()
    full()
    assert make_submission(blob=blob, split=None, origin=Submission.Origin.RUN).status == "queued"
