"""A worker's turn, whatever the kind of work: take the job that is next, do it, store what comes of it."""

import logging
import os
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from celery import Task
from celery.exceptions import Reject, SoftTimeLimitExceeded
from django.db import connection

from webapp.blobs import disk
from webapp.blobs.disk import causes, is_disk_full
from webapp.blobs.storage import BlobLost
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.selectors import jobs_due
from webapp.jobs.services import job_finish_failed, job_release
from worker.lease import STOPPING, GivesWay, Lease, LeaseLost, WorkerStopping, store

logger = logging.getLogger(__name__)

Write = Callable[[], bool]
"""Stores an outcome; False where the lease was lost."""
Failure = tuple[str, str]
"""The key in `FAILURES` that says what went wrong, and what may be said of it to everybody."""


class Claimed(Protocol):
    @property
    def token(self) -> UUID: ...
    @property
    def job_id(self) -> UUID: ...


C = TypeVar("C", bound=Claimed)


@dataclass(frozen=True, slots=True)
class Turn(Generic[C]):
    """One kind of work.

    Attributes:
        kinds: of jobs that are taken; the first has the bell.
        claim: takes one for a `worker`; None where there is nothing to do.
        work: does it under a lease for a worker of this name; what is to be written about it.
        failure: names what `work` or its writing raised.
        after_failure: when nothing holds the error any more.
        gives_way_to: kinds on the same queue that go first: while one of them is due, this work does not
            begin, and work that has begun is given back.
    """

    kinds: Iterable[Job.Kind]
    claim: Callable[..., C | None]
    work: Callable[[C, Lease, str], Write]
    failure: Callable[[Exception], Failure]
    after_failure: Callable[[], None] = lambda: None
    gives_way_to: Iterable[Job.Kind] = ()

    def take(self, task: "Task[[], None]") -> None:
        """Do the job that is next in line, and ring for the next one. Rung for nothing, do nothing."""
        if STOPPING.value:
            raise Reject("this worker is stopping: let another hear the bell", requeue=True)
        if disk.room().state == "full":
            logger.warning("The disk is full: no job is begun until there is room.")
            return  # the sweeper rings again
        if self._gives_way():
            return  # those ring for themselves; the sweeper rings for this work again
        worker = f"{task.request.hostname} ({os.getpid()})"
        taken = self.claim(worker=worker)
        if taken is None:
            return
        connection.close()  # it may not live as long as the work
        with Lease(taken.token, self._gives_way) as lease:
            is_stored = self.stored(taken, self.outcome(taken, lease, worker))
        logger.info("Job %s: %s", taken.job_id, "stored" if is_stored else "taken away, result dropped")
        if any(jobs_due(kind).exists() for kind in self.kinds):
            queue.ring(next(iter(self.kinds)))

    def _gives_way(self) -> bool:
        return any(jobs_due(kind).exists() for kind in self.gives_way_to)

    def outcome(self, taken: C, lease: Lease, worker: str) -> Write:
        """Do a claimed job; what is to be written about it, whatever happens."""
        try:
            return self.work(taken, lease, worker)
        except LeaseLost:
            return lambda: False
        except (WorkerStopping, GivesWay):
            return partial(job_release, token=taken.token)
        except Exception as error:
            # The task's border: operators hear of anything, and it is tried again where that may help.
            write = self._failed(taken, error)
        self.after_failure()
        return write

    def stored(self, taken: C, write: Write) -> bool:
        """Write what came of a job; where that fails for good, write why. False where the lease was lost."""
        try:
            return store(write)
        except Exception as error:
            # Otherwise it would be done again and again, each time as if its worker had gone silent.
            write = self._failed(taken, error)
        return store(write)

    def _failed(self, taken: C, error: Exception) -> Write:
        logger.exception("Job %s failed", taken.job_id)
        code, about = self.failure(error)
        failed = partial(job_finish_failed, token=taken.token, code=code, about=about)
        return partial(failed, detail=traceback.format_exc())


def failure_code(error: BaseException) -> str:
    """The key in `FAILURES` for what can happen to any work."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "time-limit"
    if isinstance(error, BlobLost):
        return "file-lost"
    if is_disk_full(error):
        return "disk-full"
    # Compiled code and thread pools wrap a MemoryError in others.
    is_memory = any(isinstance(cause, MemoryError) for cause in causes(error))
    return "out-of-memory" if is_memory else "internal-error"
