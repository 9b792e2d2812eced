"""`/healthz` and `/readyz`, for those who watch the site."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from webapp.blobs import disk
from webapp.blobs.disk import Room
from webapp.jobs.health import clock_ticked
from webapp.jobs.presence import worker_seen


def test_healthz_answers_without_database_host_name_or_https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/healthz", headers={"Host": "10.0.0.7"})
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (200, b"ok\n", "no-store")


@pytest.fixture
def working(db: None) -> None:
    """The workers and the clock are there."""
    worker_seen(name="worker@here", queues="evaluate", slots=2)
    worker_seen(name="housekeeper@here", queues="housekeeping", slots=1)
    clock_ticked()


def ready(status: int) -> dict[str, str]:
    """What `/readyz` says of the parts: of all of them with 200, of those that are not there with 503."""
    answer = Client().get("/readyz")
    document = answer.json()
    assert (answer.status_code, document["ready"]) == (status, status == 200)
    assert len(document["parts"]) == 7
    return {part["name"]: part["detail"] for part in document["parts"] if part["ok"] == (status == 200)}


def test_readyz_is_200_when_every_part_is_there(working: None) -> None:
    assert ready(200)["workers"] == "2 submissions can be scored at the same time"


@pytest.mark.django_db
def test_readyz_names_each_part_that_is_not_there() -> None:
    assert set(ready(503)) == {"workers", "housekeeper", "beat"}


def test_a_full_disk_is_not_ready(working: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "room", lambda: Room(total=10**12, free=0))
    assert ready(503) == {"disk": "it is full: nothing new is taken"}


def test_a_broker_out_of_reach_is_told_without_its_address(working: None, settings: Any) -> None:
    there = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": there}
    assert ready(503) == {"broker": "it does not answer (ConnectionError)"}


def test_a_database_that_refuses_is_told(working: None) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor, suppress(DatabaseError):
            cursor.execute("SELECT 1 / 0")
        assert "database" in ready(503)
        transaction.set_rollback(True)
