"""The Celery app: queues, limits, the clock, and what happens when a worker starts and stops."""

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

import evaluator
from worker import limits, presence
from worker.lease import STOPPING

HOUR_S = 3600
TIDY_S = 300

# `manage.py migrate` checks the site before every start. Here it would load all pages, which no worker needs.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery(
    "worker",
    broker=settings.BROKER_URL,
    include=["worker.tasks", "worker.tasks_analysis", "worker.tasks_playback", "worker.housekeeping"],
)
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    # The message is put away after the work, and comes again when the process that had it is killed.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={
        "visibility_timeout": max(settings.JOB_TIME_LIMIT_S, settings.RUN_TIME_LIMIT_S) + HOUR_S
    },
    broker_connection_retry_on_startup=True,
    # A job goes on while the broker is away: it needs the database alone.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # First an exception that is stored as "time-limit"; a process that does not hear it is killed.
    task_soft_time_limit=settings.JOB_TIME_LIMIT_S,
    task_time_limit=settings.JOB_TIME_LIMIT_S + 60,
    # After a job that took much of its memory (in KiB), the next begins in a fresh process.
    worker_max_memory_per_child=limits.memory_for_one_job() // 2048,
    # Compiling the kernels into an empty cache takes half a minute.
    worker_proc_alive_timeout=300,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    # Some of them are rung for after a change, too: the clock is for a lost bell.
    beat_schedule={
        name: {
            "task": f"worker.{name}",
            "schedule": every_s,
            # After an hour without a broker, one of each is enough.
            "options": {"queue": "housekeeping", "expires": every_s},
        }
        for name, every_s in {
            "sweep": settings.JOB_SWEEP_S,
            "rank_boards": settings.JOB_SWEEP_S,
            "request_analyses": settings.JOB_SWEEP_S,
            "request_mask_stores": settings.JOB_SWEEP_S,
            "tidy_playback": TIDY_S,
            "fill_frame_names": settings.JOB_SWEEP_S,
            "measure_studies": settings.JOB_SWEEP_S,
            "collect_files": HOUR_S,
        }.items()
    },
)


@signals.worker_ready.connect
def _announce(sender: Any, **_: Any) -> None:
    presence.start(sender)


@signals.worker_shutting_down.connect
def _stop_jobs(**_: Any) -> None:
    """Jobs at work are given back after the video they are at, so that stopping takes seconds."""
    STOPPING.value = 1


@signals.worker_shutdown.connect
def _leave(**_: Any) -> None:
    presence.stop()


@signals.worker_process_init.connect
def _prepare_process(**_: Any) -> None:
    if "evaluate" in app.amqp.queues.consume_from:
        limits.limit_memory(limits.memory_for_one_job())
        evaluator.warm_up()
