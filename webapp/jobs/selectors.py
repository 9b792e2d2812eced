"""Reads of jobs: the order of the queue, expected times, and both as sentences."""

import statistics
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Max, Min, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from webapp.jobs import queue
from webapp.jobs.kinds import KINDS, kind_of
from webapp.jobs.models import Attempt, Job, WorkerNode

# The history from which durations are told.
HISTORY_JOBS = 20


@dataclass(frozen=True, slots=True)
class QueueState:
    """`workers_alive` counts jobs that can run at the same time; an empty queue has no `oldest_wait_s`."""

    workers_alive: int
    queued: int
    running: int
    oldest_wait_s: float | None


def queue_state(kind: Job.Kind = Job.Kind.EVALUATE) -> QueueState:
    waiting = list(
        Job.objects.filter(kind=kind, status=Job.Status.QUEUED).values_list("created_at", flat=True)
    )
    return QueueState(
        workers_alive=workers_alive(kind),
        queued=len(waiting),
        running=Job.objects.filter(kind=kind, status=Job.Status.RUNNING).count(),
        oldest_wait_s=(timezone.now() - min(waiting)).total_seconds() if waiting else None,
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
    """Those in line that may start now (after an error a job waits for a while)."""
    return jobs_in_line(kind).filter(Q(not_before=None) | Q(not_before__lte=Now()))


def job_is_held(*, token: UUID) -> bool:
    """Return whether the attempt with this token still is the one that works on its job."""
    return Attempt.objects.filter(token=token, outcome=Attempt.Outcome.RUNNING).exists()


def job_position(job: Job) -> int | None:
    """Place in line, 1 = next; None where the job is not queued."""
    line = list(jobs_in_line(Job.Kind(job.kind)).values_list("id", flat=True))
    return line.index(job.id) + 1 if job.id in line else None


def job_expected_s(job: Job) -> float | None:
    """Seconds until the job is done, from its own progress or from history; None where nothing is known."""
    if job.status == Job.Status.RUNNING:
        return _remaining_s(job)
    position = job_position(job)
    usual_s = _usual_s(job)
    if position is None or usual_s is None:
        return None
    state = queue_state(Job.Kind(job.kind))
    if not state.workers_alive:
        return None
    ahead = max(0, position + state.running - state.workers_alive)
    return usual_s * (1 + ahead / state.workers_alive)


def _remaining_s(job: Job) -> float | None:
    if job.started_at is None:
        return None
    elapsed_s = (timezone.now() - job.started_at).total_seconds()
    if job.progress_done:
        return elapsed_s / job.progress_done * (job.progress_total - job.progress_done)
    usual_s = _usual_s(job)
    return max(0.0, usual_s - elapsed_s) if usual_s is not None else None


def _usual_s(job: Job) -> float | None:
    """Median seconds of the latest jobs like this one."""
    similar = ("kind", *kind_of(job).similar)
    like_this = Job.objects.filter(pk=job.pk).values_list(*similar).get()
    attempts = Attempt.objects.filter(
        outcome=Attempt.Outcome.SUCCEEDED,
        finished_at__isnull=False,
        **{f"job__{path}": value for path, value in zip(similar, like_this, strict=True)},
    ).order_by("-finished_at")
    spans = attempts.values_list("started_at", "finished_at")[:HISTORY_JOBS]
    seconds = [(finished - started).total_seconds() for started, finished in spans if finished]
    return statistics.median(seconds) if seconds else None


def queued_sentence(job: Job) -> str:
    """Return a queued job's position and expected time as a sentence."""
    position = job_position(job)
    words = ["Queued"]
    if job.attempts_made:
        words = [f"Queued again, try {job.attempts_made + 1} of {settings.JOB_MAX_ATTEMPTS}"]
    if position:
        words.append("next in line" if position == 1 else f"{_ordinal(position)} in line")
    expected_s = job_expected_s(job)
    if expected_s is not None:
        words.append(f"about {duration(expected_s)}")
    elif not workers_alive(Job.Kind(job.kind)):
        words.append("waiting for a worker to come up")
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
