"""Holding a job while working on it: heartbeat, progress, and hearing that it was taken away."""

import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from webapp.jobs.selectors import job_is_held
from webapp.jobs.services import job_heartbeat, job_progress

logger = logging.getLogger(__name__)

POLL_S = 0.5
# How long a result waits for a database that is away.
STORE_PATIENCE_S = 600

# Set in the main process when the worker is told to stop; its children share it. Not an Event, whose lock a
# killed child would take with it.
STOPPING = multiprocessing.RawValue("b", 0)


class Interrupted(Exception):
    """The work on a job must not go on."""


class LeaseLost(Interrupted):
    """The job was withdrawn, or given to another worker: whatever comes of it here is of no use."""


class WorkerStopping(Interrupted):
    """This worker is to stop: the job goes back to the queue."""


class GivesWay(Interrupted):
    """More urgent work waits: the job goes back to the queue."""


class Lease:
    """A claimed job for as long as the `with` block lasts. For the main thread of a process.

    Args:
        token: proof of the lease.
        gives_way: asked again and again, in the lease's thread, whether the work must make room for other.

    One thread does all the talking to the database, on a connection of its own, so that the evaluation
    never waits for it: it renews the lease every JOB_HEARTBEAT_S, passes progress on at most twice a second,
    and sees within half a second that the work must not go on. While PostgreSQL is away it keeps trying.
    """

    def __init__(self, token: UUID, gives_way: Callable[[], bool] = lambda: False) -> None:
        self._token = token
        self._gives_way = gives_way
        self._progress = self._said = (0, 0, "")
        self._beaten_at = time.monotonic()
        self._interruption: Interrupted | None = None
        self._is_interruptible = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._former_handler = signal.signal(signal.SIGUSR2, self._on_signal)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        signal.signal(signal.SIGUSR2, self._former_handler)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let the block end with LeaseLost or WorkerStopping, wherever it is, once work must not go on."""
        self._is_interruptible = True
        try:
            self._raise_if_interrupted()
            yield
        finally:
            self._is_interruptible = False

    def progress(self, done: int, total: int, stage: str = "evaluating") -> None:
        """Note how far the work is. Raises LeaseLost or WorkerStopping where it must not go on."""
        self._progress = (done, total, stage)
        self._raise_if_interrupted()

    def _raise_if_interrupted(self) -> None:
        if self._interruption:
            raise self._interruption

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._is_interruptible:
            self._raise_if_interrupted()

    def _interrupt(self, why: Interrupted) -> None:
        self._interruption = why
        # Reading a large file calls no `progress`.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR2)

    def _watch(self) -> None:
        is_reachable = True
        while not self._done.wait(POLL_S):
            if STOPPING.value and not self._interruption:
                self._interrupt(WorkerStopping())
            try:
                if not self._talk():
                    self._interrupt(LeaseLost())
                    break
                if not self._interruption and self._gives_way():
                    self._interrupt(GivesWay())
                is_reachable = True
            except (OperationalError, InterfaceError) as error:
                connection.close()
                if is_reachable:
                    logger.warning("The database is away, the evaluation goes on: %s", error)
                is_reachable = False
        connection.close()

    def _talk(self) -> bool:
        """Say or ask one thing; False where the lease is gone."""
        if time.monotonic() - self._beaten_at >= settings.JOB_HEARTBEAT_S:
            held = job_heartbeat(token=self._token)
            self._beaten_at = time.monotonic()
            return held
        progress = self._progress
        if progress == self._said:
            return job_is_held(token=self._token)
        self._said = progress
        done, total, stage = progress
        return job_progress(token=self._token, done=done, total=total, stage=stage)


def store(write: Callable[[], bool]) -> bool:
    """Write a result, again and again while the database is away. False where the lease was lost.

    If a commit went through but its confirmation was lost, the second try finds the lease used up
    and changes nothing: a result is stored once.
    """
    deadline = time.monotonic() + STORE_PATIENCE_S
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            connection.close()
            if time.monotonic() > deadline:
                raise
            logger.warning("The database is away, the result waits: %s", error)
            time.sleep(1)
