"""Running the reference model: the queue `model`, whose workers alone load torch."""

from typing import Any

from celery import Task, signals
from django.conf import settings
from django.db import connection

from dvis_model import CheckpointMismatch, CheckpointRefused, NotFinite
from dvis_model.memory import is_out_of_memory
from webapp.jobs.models import Job
from webapp.jobs.presence import worker_equipped
from webapp.runs.attempts import Execution, run_claim
from worker.app import app
from worker.lease import Lease
from worker.model_cache import ModelCache
from worker.model_device import Device, prepare_device
from worker.model_frames import BrokenFrame, FramesMissing
from worker.model_run import ModelRun
from worker.turn import Failure, Turn, Write, failure_code


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
    """Note the worker's name before the children fork, which do not get it."""
    _names.append(str(sender.hostname))


@signals.worker_process_init.connect
def _announce_device(**_: Any) -> None:
    """Say in the child that will work what it has: a GPU used before a fork cannot be used after it."""
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
    """Run the model on the videos that are next in line."""
    RUN.take(self)


def _run(claim: Execution, lease: Lease, worker: str) -> Write:
    """Work on a claimed run; what is to be written about it at the end."""
    return ModelRun(claim, lease, machine.device, machine.cache, worker).work()


def _failure(error: Exception) -> Failure:
    match error:
        case BrokenFrame():
            return "broken-frame", str(error)
        case FramesMissing():
            return "frames-missing", str(error)
        case CheckpointMismatch() | CheckpointRefused():
            return "checkpoint-unusable", ""
        case NotFinite():
            return "not-finite", ""
    code = failure_code(error)
    return ("model-memory" if is_out_of_memory(error) or code == "out-of-memory" else code), ""


RUN = Turn(
    kinds=(Job.Kind.RUN,),
    claim=run_claim,
    work=_run,
    failure=_failure,
    # The error keeps the memory that was used, so not before.
    after_failure=lambda: machine.cache.clear(),
)
