"""The doorbell: the only file of the site that knows there is a queue.

A message says "there is work of this kind" and nothing more: whoever is rung claims the job that is next
in line. So messages may be lost or come twice; PostgreSQL knows what is to be done, and the sweeper rings
again. Tasks are sent by name, since the site never imports the workers.
"""

import logging
from functools import partial

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from webapp.jobs.models import Job

logger = logging.getLogger(__name__)

TASKS: dict[Job.Kind, str] = {
    Job.Kind.EVALUATE: "worker.evaluate_next",
    Job.Kind.RUN: "worker.run_next",
    Job.Kind.CHECK: "worker.check_next",
    Job.Kind.REEVALUATE: "worker.evaluate_next",
    Job.Kind.ANALYSE: "worker.analyse_next",
    Job.Kind.PLAY: "worker.play_next",
}
QUEUES: dict[Job.Kind, str] = {
    Job.Kind.EVALUATE: "evaluate",
    Job.Kind.RUN: "model",
    Job.Kind.CHECK: "model",
    Job.Kind.REEVALUATE: "evaluate",
    Job.Kind.ANALYSE: "evaluate",
    # Apart, for workers that share a folder with the site: see webapp.playback.files.
    Job.Kind.PLAY: "playback",
}
HOUSEKEEPING = "housekeeping"

producer = Celery("dvis-bench-site", broker=settings.BROKER_URL, set_as_current=False)
producer.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    broker_connection_timeout=2,
    # A broker that is down or silent costs a request no more than this.
    broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 2, "max_retries": 0},
)


def ring(kind: Job.Kind) -> None:
    """Tell a worker, once the transaction is committed, that work of this kind is waiting."""
    transaction.on_commit(partial(_send, kind))


def ring_housekeeper(task: str) -> None:
    """Have a task of the housekeeper run once the transaction is committed; the clock rings for it, too."""
    transaction.on_commit(partial(_send_task, task, HOUSEKEEPING))


def _send(kind: Job.Kind) -> None:
    _send_task(TASKS[kind], queue_of(kind))


def _send_task(task: str, queue: str) -> None:
    try:
        producer.send_task(task, queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        # What is to be done is safe in the database; the sweeper or the clock rings again.
        logger.warning("The broker did not take the doorbell for %s: %s", task, error)


def queue_of(kind: Job.Kind) -> str:
    """Name of the Celery queue."""
    return QUEUES[kind]
