"""Tells the site that this worker is there: a thread of the main process refreshes its row."""

import logging
import threading
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.presence import worker_gone, worker_seen

logger = logging.getLogger(__name__)
_leaving = threading.Event()
_threads: list[threading.Thread] = []


def start(consumer: Any) -> None:
    """Announce the Celery worker of `consumer` now and every JOB_HEARTBEAT_S, until `stop`."""
    queues = ",".join(sorted(consumer.app.amqp.queues.consume_from))
    node = {"name": consumer.hostname, "queues": queues, "slots": consumer.pool.limit or 1}
    thread = threading.Thread(target=_announce, kwargs=node, name="presence", daemon=True)
    _threads.append(thread)
    thread.start()


def stop() -> None:
    """Take this worker's row away."""
    _leaving.set()
    for thread in _threads:
        thread.join(timeout=settings.JOB_HEARTBEAT_S)


def _announce(*, name: str, queues: str, slots: int) -> None:
    for kind in Job.Kind:
        if queue.queue_of(kind) in queues.split(","):
            _write(queue.ring, kind=kind)  # work may be waiting for which nobody was there to be rung
    while not _leaving.is_set():
        _write(worker_seen, name=name, queues=queues, slots=slots)
        _leaving.wait(settings.JOB_HEARTBEAT_S)
    _write(worker_gone, name=name)


def _write(write: Any, **values: Any) -> None:
    """Write, or leave it for the next time. The connection is not kept: later forks would share it."""
    try:
        write(**values)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The database did not take the sign of life: %s", error)
    finally:
        connection.close()
