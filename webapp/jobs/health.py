"""Checks that every part is there that the site needs: one line per part, which says nothing else."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.db.models.functions import Now

from evaluator.files.words import counted
from webapp.blobs import disk
from webapp.jobs.models import Job, WorkerNode
from webapp.jobs.presence import CLOCK, worker_seen
from webapp.jobs.selectors import workers_alive, workers_heard_of

# Sweeps that may be missed: one that takes long is not yet a clock that stands still.
SWEEPS_MISSED = 4


class NotReady(Exception):
    """A part is not there; the text says why, without paths and addresses."""


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    is_ok: bool
    detail: str


def parts() -> list[Part]:
    """Ask every part now."""
    return [_part(name, check) for name, check in CHECKS.items()]


def clock_ticked() -> None:
    """Note that the clock rang and somebody heard it."""
    worker_seen(name=CLOCK, queues=CLOCK, slots=0)


def _part(name: str, check: Callable[[], str]) -> Part:
    try:
        return Part(name, True, check())
    except NotReady as problem:
        return Part(name, False, str(problem))
    except Exception as problem:  # whatever a server or a service raises: the part is not there
        return Part(name, False, f"it does not answer ({type(problem).__name__})")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "it answers"


def _broker() -> str:
    url = str(settings.CACHES["default"]["LOCATION"])
    with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as broker:
        broker.ping()
    return "it answers"


def _storage() -> str:
    if not isinstance(default_storage, FileSystemStorage):
        default_storage.exists("readyz")
        return "it answers"
    folder = Path(default_storage.location)
    while not folder.exists():  # it is made with the first file
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        raise NotReady("it cannot be written")
    return "it can be written"


def _disk() -> str:
    state = disk.room().state
    if state == "full":
        raise NotReady("it is full: nothing new is taken")
    return "there is room" if state == "ok" else "it is nearly full: no upload is taken"


def _workers() -> str:
    count = workers_alive(Job.Kind.EVALUATE)
    if not count:
        raise NotReady("no worker is up that scores submissions")
    return f"{counted(count, 'submission')} can be scored at the same time"


def _housekeeper() -> str:
    if not any("housekeeping" in node.queues.split(",") for node in workers_heard_of()):
        raise NotReady("no worker is up that looks for lost jobs")
    return "it is up"


def _beat() -> str:
    lately = Now() - timedelta(seconds=SWEEPS_MISSED * settings.JOB_SWEEP_S)
    if not WorkerNode.objects.filter(name=CLOCK, seen_at__gt=lately).exists():
        raise NotReady("the clock has not rung lately")
    return "it rings"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "storage": _storage,
    "disk": _disk,
    "workers": _workers,
    "housekeeper": _housekeeper,
    "beat": _beat,
}
