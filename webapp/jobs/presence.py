"""Workers that are alive, and what they run on, for the pages."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from webapp.jobs.models import WorkerNode

CLOCK = "clock"
"""The name under which beat is known, though it is not a worker: whoever it rang for says so."""


def worker_seen(*, name: str, queues: str, slots: int) -> None:
    """A worker is alive, listens to `queues` (comma-separated) and runs up to `slots` jobs at a time."""
    _write(name, {"slots": slots}, queues=queues)


def worker_equipped(*, name: str, equipment: dict[str, Any]) -> None:
    """A worker has found out what it can work with: device, memory, versions."""
    _write(name, equipment)


@transaction.atomic
def _write(name: str, info: dict[str, Any], **fields: Any) -> None:
    WorkerNode.objects.get_or_create(name=name)
    node = WorkerNode.objects.select_for_update().get(name=name)
    node.info |= info
    WorkerNode.objects.filter(pk=node.pk).update(info=node.info, seen_at=Now(), **fields)


def worker_gone(*, name: str) -> None:
    """A worker stopped in good order."""
    WorkerNode.objects.filter(name=name).delete()
