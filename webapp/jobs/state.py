"""The state of the server as everybody may know it: lines, workers, what was done and what failed lately."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Avg, Count, F, Max, Q
from django.db.models.functions import Now

from webapp.blobs import disk
from webapp.blobs.disk import Room
from webapp.jobs.failures import FAILURES
from webapp.jobs.models import Attempt, Job, WorkerNode
from webapp.jobs.queue import queue_of
from webapp.jobs.selectors import queue_state, workers_heard_of

LATELY: Final = timedelta(days=1)
FAILURES_SHOWN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of work. Means are of the jobs that ended within a day, None where none did."""

    kind: str
    label: str
    at_once: int
    running: int
    queued: int
    oldest_wait_s: float | None
    done_lately: int
    mean_wait_s: float | None
    mean_run_s: float | None

    @property
    def is_stuck(self) -> bool:
        """Somebody waits, and nobody is there to work."""
        return self.queued > 0 and self.at_once == 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Number of failures on our side within a week, for one reason."""

    label: str
    code: str
    message: str
    count: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """The public facts of a worker; the names of machines are for staff."""

    name: str
    kinds: tuple[str, ...]
    info: dict[str, Any]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """Everything; `tries_lost` counts attempts whose worker went silent within a week: they were repeated."""

    lines: tuple[Line, ...]
    workers: tuple[Worker, ...]
    failures: tuple[Failure, ...]
    tries_lost: int
    disk: Room

    @property
    def is_stuck(self) -> bool:
        return any(line.is_stuck for line in self.lines)

    @property
    def is_well(self) -> bool:
        return not self.is_stuck and self.disk.state == "ok"


def server_state(*, with_hosts: bool) -> State:
    """Return the state as of now; `with_hosts` adds the names of machines."""
    lost = Attempt.objects.filter(outcome=Attempt.Outcome.LOST, finished_at__gt=Now() - FAILURES_SHOWN)
    return State(
        lines=tuple(_line(kind) for kind in Job.Kind),
        workers=tuple(_workers(with_hosts)),
        failures=tuple(_failures()),
        tries_lost=lost.count(),
        disk=disk.room(),
    )


def _line(kind: Job.Kind) -> Line:
    state = queue_state(kind)
    ended = Attempt.objects.filter(
        job__kind=kind, outcome=Attempt.Outcome.SUCCEEDED, finished_at__gt=Now() - LATELY
    )
    lately = ended.aggregate(
        done=Count("pk"),
        wait=Avg(F("started_at") - F("job__created_at"), filter=Q(number=1)),
        run=Avg(F("finished_at") - F("started_at")),
    )
    return Line(
        kind=kind.value,
        label=str(kind.label),
        at_once=state.workers_alive,
        running=state.running,
        queued=state.queued,
        oldest_wait_s=state.oldest_wait_s,
        done_lately=lately["done"],
        mean_wait_s=_seconds(lately["wait"]),
        mean_run_s=_seconds(lately["run"]),
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else max(0.0, span.total_seconds())


def _workers(with_hosts: bool) -> Iterator[Worker]:
    nodes: list[WorkerNode] = list(workers_heard_of().order_by("name"))
    for node in nodes:
        queues = node.queues.split(",")
        kinds = tuple(str(kind.label) for kind in Job.Kind if queue_of(kind) in queues)
        if kinds:
            name = node.name if with_hosts else node.name.partition("@")[0]
            yield Worker(name, kinds, node.info, node.started_at)


def _failures() -> Iterator[Failure]:
    failed = Job.objects.filter(status=Job.Status.FAILED, finished_at__gt=Now() - FAILURES_SHOWN)
    groups = (
        failed.order_by()
        .values("kind", "failure_code")
        .annotate(count=Count("pk"), latest=Max("finished_at"))
    )
    for group in groups.order_by("-latest"):
        spec = FAILURES.get(group["failure_code"])
        label = str(Job.Kind(group["kind"]).label)
        message = spec.message if spec else ""
        yield Failure(label, group["failure_code"], message, group["count"], group["latest"])
