"""The page of the workers: who is there, with what, and how long the lines are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.jobs.models import Job, WorkerNode
from webapp.jobs.selectors import QueueState, queue_state, workers_heard_of
from webapp.queue import queue_of


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of work with its workers."""

    label: str
    state: QueueState


@dataclass(frozen=True, slots=True)
class Worker:
    """What everybody may know of a worker: machines' names are for staff."""

    name: str
    kinds: tuple[str, ...]
    info: dict[str, Any]
    node: WorkerNode


@require_safe
def workers(request: HttpRequest) -> HttpResponse:
    lines = [Line(str(kind.label), queue_state(kind)) for kind in Job.Kind]
    found = list(_workers(with_host=request.user.is_staff))
    return render(request, "jobs/workers.html", {"lines": lines, "workers": found})


def _workers(*, with_host: bool) -> Iterator[Worker]:
    for node in workers_heard_of().order_by("name"):
        queues = node.queues.split(",")
        kinds = tuple(str(kind.label) for kind in Job.Kind if queue_of(kind) in queues)
        if kinds:
            name = node.name if with_host else node.name.partition("@")[0]
            yield Worker(name=name, kinds=kinds, info=node.info, node=node)
