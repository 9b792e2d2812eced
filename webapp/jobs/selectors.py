"""Reads of jobs: the order of the queue, expected times, and both as sentences."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from webapp.jobs import queue
from webapp.jobs.kinds import KINDS
from webapp.jobs.models import Attempt, Forecast, Job, WorkerNode

# The history from which durations are estimated.
HISTORY_JOBS = 20


@dataclass(frozen=True, slots=True)
class QueueState:
    """`workers_alive` counts jobs that can run at the same time; an empty queue has no `oldest_wait_s`."""

    workers_alive: int
    queued: int
    running: int
    oldest_wait_s: float | None


def queue_state(kind: Job.Kind = Job.Kind.EVALUATE) -> QueueState:
    waits = Q(status=Job.Status.QUEUED)
    jobs = Job.objects.filter(kind=kind, status__in=Job.UNFINISHED).aggregate(
        queued=Count("pk", filter=waits),
        running=Count("pk", filter=~waits),
        oldest=Min("created_at", filter=waits),
    )
    oldest = jobs["oldest"]
    return QueueState(
        workers_alive=workers_alive(kind),
        queued=jobs["queued"],
        running=jobs["running"],
        oldest_wait_s=(timezone.now() - oldest).total_seconds() if oldest else None,
    )


def workers_alive(kind: Job.Kind = Job.Kind.EVALUATE) -> int:
    """Return how many jobs of a kind can run at the same time on the workers heard of lately."""
    nodes = workers_heard_of().filter(queues__contains=queue.queue_of(kind))
    return sum(int(node.info.get("slots", 1)) for node in nodes)


def workers_heard_of() -> QuerySet[WorkerNode]:
    silent_s = 3 * settings.JOB_HEARTBEAT_S
    return WorkerNode.objects.filter(seen_at__gt=Now() - timedelta(seconds=silent_s))


def jobs_in_line(kind: Job.Kind) -> QuerySet[Job]:
    """Queued jobs in the order in which they will start: authors take turns, each with their oldest first.

    The author who was served longest ago is next, so that fifty submissions of one person delay
    another's first by one job and not by fifty.
    """
    author = KINDS[kind].author
    served = Job.objects.filter(kind=kind, **{author: OuterRef(author)}).order_by().values(author)
    return (
        Job.objects.filter(kind=kind, status=Job.Status.QUEUED)
        .annotate(
            turn=Window(RowNumber(), partition_by=F(author), order_by=F("created_at").asc()),
            waiting_since=Window(Min("created_at"), partition_by=F(author)),
            served_at=Subquery(served.annotate(latest=Max("started_at")).values("latest")),
        )
        .order_by("turn", F("served_at").asc(nulls_first=True), "waiting_since")
    )


def jobs_due(kind: Job.Kind) -> QuerySet[Job]:
    """Return the jobs in line that may start now (after an error a job waits for a while)."""
    return jobs_in_line(kind).filter(Q(not_before=None) | Q(not_before__lte=Now()))


def job_is_held(*, token: UUID) -> bool:
    """Return whether the attempt with this token still is the one that works on its job."""
    return Attempt.objects.filter(token=token, outcome=Attempt.Outcome.RUNNING).exists()


def jobs_foresee(jobs: Iterable[Job]) -> None:
    """Give each unfinished job of a list its forecast, with as many queries for many jobs as for one."""
    by_kind: dict[Job.Kind, list[Job]] = {}
    for job in jobs:
        if job.status in Job.UNFINISHED:
            by_kind.setdefault(Job.Kind(job.kind), []).append(job)
    for kind, found in by_kind.items():
        line = jobs_in_line(kind).values_list("id", flat=True)
        positions = {id: number for number, id in enumerate(line, start=1)}
        usual_s = _usual_s(kind, found)
        state = queue_state(kind)
        for job in found:
            job.forecast = Forecast(
                position=positions.get(job.id),
                usual_s=usual_s.get(job.id),
                running=state.running,
                workers_alive=state.workers_alive,
            )


def _forecast(job: Job) -> Forecast:
    """Return the forecast that a list has given the job, or a fresh one."""
    if job.forecast is not None:
        return job.forecast
    jobs_foresee([job])
    forecast, job.forecast = job.forecast, None
    return forecast or Forecast(position=None, usual_s=None, running=0, workers_alive=0)


def job_position(job: Job) -> int | None:
    """Position in the queue, 1 = next; None where the job is not queued."""
    return _forecast(job).position


def job_expected_s(job: Job) -> float | None:
    """Seconds until the job is done, from its own progress or from history; None where nothing is known."""
    forecast = _forecast(job)
    if job.status == Job.Status.RUNNING:
        return _remaining_s(job, forecast)
    if forecast.position is None or forecast.usual_s is None or not forecast.workers_alive:
        return None
    ahead = max(0, forecast.position + forecast.running - forecast.workers_alive)
    return forecast.usual_s * (1 + ahead / forecast.workers_alive)


def _remaining_s(job: Job, forecast: Forecast) -> float | None:
    if job.started_at is None:
        return None
    elapsed_s = (timezone.now() - job.started_at).total_seconds()
    if job.progress_done:
        return elapsed_s / job.progress_done * (job.progress_total - job.progress_done)
    return max(0.0, forecast.usual_s - elapsed_s) if forecast.usual_s is not None else None


def _usual_s(kind: Job.Kind, jobs: Iterable[Job]) -> dict[UUID, float]:
    """Median seconds of the latest jobs like each of these, by id, where there are any."""
    paths = KINDS[kind].similar
    alike = {
        row[0]: row[1:]
        for row in Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("pk", *paths)
    }
    attempts = Attempt.objects.filter(
        job__kind=kind, outcome=Attempt.Outcome.SUCCEEDED, finished_at__isnull=False
    )
    for index, path in enumerate(paths):
        attempts = attempts.filter(**{f"job__{path}__in": {key[index] for key in alike.values()}})
    groups = [f"job__{path}" for path in ("kind", *paths)]
    latest = attempts.annotate(
        age=Window(RowNumber(), partition_by=groups, order_by=F("finished_at").desc())
    ).filter(age__lte=HISTORY_JOBS)
    seconds: dict[tuple[object, ...], list[float]] = {}
    for started, finished, *key in latest.values_list("started_at", "finished_at", *groups[1:]):
        if finished is not None:
            seconds.setdefault(tuple(key), []).append((finished - started).total_seconds())
    return {id: statistics.median(seconds[key]) for id, key in alike.items() if key in seconds}


def queued_sentence(job: Job) -> str:
    """Return a queued job's position and expected time as a sentence."""
    position = job_position(job)
    words = ["Queued"]
    if job.attempts_made:
        words = [f"Queued again, attempt {job.attempts_made + 1} of {settings.JOB_MAX_ATTEMPTS}"]
    if position:
        words.append("next in line" if position == 1 else f"{_ordinal(position)} in line")
    expected_s = job_expected_s(job)
    if expected_s is not None:
        words.append(f"about {duration(expected_s)}")
    elif not _forecast(job).workers_alive:
        words.append("waiting for a worker to start")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(200)
    '3 min'
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
