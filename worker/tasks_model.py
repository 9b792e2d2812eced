"""Running the reference model: the queue `model`, whose workers alone load torch."""

import errno
import logging
import os
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Task, signals
from celery.exceptions import Reject, SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection

from dvis_model import CheckpointMismatch, CheckpointRefused, NotFinite
from dvis_model.memory import is_out_of_memory
from webapp import queue
from webapp.jobs.models import Job
from webapp.jobs.presence import worker_equipped
from webapp.jobs.selectors import jobs_due
from webapp.jobs.services import job_finish_failed, job_release
from webapp.runs.execution import Execution, run_claim
from worker.app import app
from worker.lease import STOPPING, Lease, LeaseLost, WorkerStopping, store
from worker.model_cache import ModelCache
from worker.model_device import Device, prepare_device
from worker.model_frames import BrokenFrame, FramesMissing
from worker.model_run import ModelRun

logger = logging.getLogger(__name__)


class Machine:
    """The device of this process and the model on it; both are made when they are first needed."""

    def __init__(self) -> None:
        self._device: Device | None = None
        self._cache: ModelCache | None = None

    @property
    def device(self) -> Device:
        if self._device is None:
            self._device = prepare_device()
        return self._device

    @property
    def cache(self) -> ModelCache:
        if self._cache is None:
            self._cache = ModelCache(self.device.kind)
        return self._cache


machine = Machine()
_names: list[str] = []


@signals.worker_init.connect
def _remember_name(sender: Any, **_: Any) -> None:
    """Before the children fork, which are not told their worker's name."""
    _names.append(str(sender.hostname))


@signals.worker_process_init.connect
def _announce_device(**_: Any) -> None:
    """In the child that will work: a GPU that was used before a fork cannot be used behind it."""
    equipment = machine.device.to_json()
    for name in _names:
        worker_equipped(name=name, equipment=equipment)
    connection.close()


@app.task(
    name="worker.run_next",
    bind=True,
    soft_time_limit=settings.RUN_TIME_LIMIT_S,
    time_limit=settings.RUN_TIME_LIMIT_S + 60,
)
def run_next(self: "Task[[], None]") -> None:
    """Run the model on the videos that are next in line. Rung for nothing, it does nothing."""
    if STOPPING.value:
        raise Reject("this worker is stopping: let another hear the bell", requeue=True)
    worker = f"{self.request.hostname} ({os.getpid()})"
    claim = run_claim(worker=worker)
    if claim is None:
        return
    connection.close()  # it may not live as long as the run
    with Lease(claim.token) as lease:
        is_stored = _stored(claim, _run(claim, lease, worker))
    logger.info("Job %s: %s", claim.job_id, "stored" if is_stored else "taken away, result dropped")
    if jobs_due(Job.Kind.RUN).exists():
        queue.ring(Job.Kind.RUN)


def _stored(claim: Execution, write: Callable[[], bool]) -> bool:
    """Write what came of a run; where that fails for good, write that."""
    try:
        return store(write)
    except Exception:
        # Otherwise it would be done again and again, each time as if its worker had gone silent.
        logger.exception("Job %s could not be stored", claim.job_id)
        failed = partial(job_finish_failed, token=claim.token, code="internal-error")
        return store(partial(failed, detail=traceback.format_exc()))


def _run(claim: Execution, lease: Lease, worker: str) -> Callable[[], bool]:
    """Work on a claimed run; what is to be written about it at the end."""
    try:
        return ModelRun(claim, lease, machine.device, machine.cache, worker).work()
    except LeaseLost:
        return lambda: False
    except WorkerStopping:
        return partial(job_release, token=claim.token)
    except Exception as error:
        # The task's border: whatever it was, operators are told, and it is tried again where that may help.
        logger.exception("Job %s failed", claim.job_id)
        code, about = _failure(error)
        detail = traceback.format_exc()
    # Behind the except clause: until its end the error keeps the memory that was used.
    machine.cache.clear()
    return partial(job_finish_failed, token=claim.token, code=code, detail=detail, about=about)


def _failure(error: Exception) -> tuple[str, str]:
    """The key in `FAILURES` that tells what went wrong, and what may be said to everybody."""
    match error:
        case BrokenFrame():
            return "broken-frame", str(error)
        case FramesMissing():
            return "frames-missing", str(error)
        case CheckpointMismatch() | CheckpointRefused():
            return "checkpoint-unusable", ""
        case NotFinite():
            return "not-finite", ""
        case SoftTimeLimitExceeded():
            return "time-limit", ""
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "disk-full", ""
    return ("model-memory", "") if is_out_of_memory(error) else ("internal-error", "")
