"""The one writer of the status of jobs (docs/adr/0003).

PostgreSQL is the truth: a job is created in the transaction of what it works for, claimed under a row lock
as an attempt with a lease, and whatever comes of it is stored in one transaction, if the attempt still
holds the lease. What differs between kinds is in `webapp.jobs.kinds`. Locks are taken in the order job,
subject. Lease times are the database's clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Model
from django.db.models.functions import Now
from django.utils import timezone

from webapp.accounts.models import User
from webapp.jobs import queue
from webapp.jobs.failures import FAILURES
from webapp.jobs.kinds import kind_of
from webapp.jobs.models import SUBJECTS, Attempt, Job
from webapp.jobs.selectors import jobs_due

# How many of those next in line a worker tries before it leaves them to the workers that lock them now.
CLAIM_TRIES = 20

Outcome = Attempt.Outcome


@dataclass(frozen=True, slots=True)
class Claim:
    """A job taken by a worker. `token` proves its lease; whoever lost it stores nothing."""

    token: UUID
    job: Job


@transaction.atomic
def job_create(*, kind: Job.Kind, subject: Model, actor: User | None) -> Job:
    """Queue the work on something just made, in the caller's transaction."""
    job = Job.objects.create(kind=kind, **{SUBJECTS[kind]: subject})
    _follow(job, actor=actor)
    _ring(job)
    return job


@transaction.atomic
def job_claim(*, kind: Job.Kind, worker: str) -> Claim | None:
    """Take the job that is next in line as a new attempt; None where there is nothing to do."""
    for job_id in jobs_due(kind).values_list("id", flat=True)[:CLAIM_TRIES]:
        waiting = Job.objects.select_for_update(skip_locked=True).filter(id=job_id, status=Job.Status.QUEUED)
        job = waiting.first()
        if job:
            return _start(job, worker)
    return None


def _start(job: Job, worker: str) -> Claim:
    latest = job.attempts.aggregate(latest=Max("number"))["latest"] or 0
    attempt = Attempt.objects.create(
        job=job, number=latest + 1, worker=worker, lease_expires_at=Now() + _lease()
    )
    job.attempts_made += 1
    job.status = Job.Status.RUNNING
    job.stage, job.progress_done, job.progress_total = "reading", 0, 0
    job.started_at, job.not_before = timezone.now(), None
    job.save()
    _follow(job, attempt=attempt.number, worker=worker)
    return Claim(token=attempt.token, job=job)


def job_heartbeat(*, token: UUID) -> bool:
    """Renew a lease; False where it is lost."""
    held = Attempt.objects.filter(token=token, outcome=Outcome.RUNNING)
    return held.update(heartbeat_at=Now(), lease_expires_at=Now() + _lease()) == 1


def job_progress(*, token: UUID, done: int, total: int, stage: str = "evaluating") -> bool:
    """Say how far a job is; False where its lease is lost."""
    held = Job.objects.filter(attempts__token=token, attempts__outcome=Outcome.RUNNING)
    return held.update(stage=stage, progress_done=done, progress_total=total) == 1


@transaction.atomic
def job_succeed(*, token: UUID, write: Callable[[Job], None], total: int | None = None) -> bool:
    """End a job and store what came of it, all or nothing.

    Args:
        token: proof of the lease.
        write: stores it; called with the job, which is locked and has its last status.
        total: how much there was to do, where that is known.

    False where the lease is lost: somebody else's result counts.
    """
    attempt = job_held(token=token)
    if attempt is None:
        return False
    if total is not None:
        attempt.job.progress_done = attempt.job.progress_total = total
    _finish(attempt, Outcome.SUCCEEDED, Job.Status.SUCCEEDED)
    write(attempt.job)
    return True


@transaction.atomic
def job_finish_failed(*, token: UUID, code: str, detail: str = "", about: str = "") -> bool:
    """An error of ours: tried again where that may help, else failed. False where the lease is lost.

    Args:
        token: proof of the lease.
        code: key in `FAILURES`.
        detail: traceback or reason, for operators only.
        about: a sentence on this one case, which everybody may read who sees what the job works for.
    """
    attempt = job_held(token=token)
    if attempt is None:
        return False
    _retry_or_fail(attempt, Outcome.ERROR, code, detail, about)
    return True


@transaction.atomic
def job_release(*, token: UUID) -> bool:
    """A worker that is told to stop gives its job back; that is nobody's failure and counts as no try."""
    attempt = job_held(token=token)
    if attempt is None:
        return False
    attempt.job.attempts_made -= 1
    _requeue(attempt, Outcome.RELEASED)
    return True


@transaction.atomic
def job_cancel(*, job: Job, actor: User | None) -> bool:
    """End a job at once; a worker that is at it sees its lease gone and stops.

    False where it was finished already.
    """
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.status in (Job.Status.SUCCEEDED, Job.Status.CANCELLED):
        return False
    locked.attempts.filter(outcome=Outcome.RUNNING).update(
        outcome=Outcome.CANCELLED, finished_at=timezone.now()
    )
    _close(locked, Job.Status.CANCELLED)
    _follow(locked, actor=actor)
    return True


@transaction.atomic
def job_retry(*, job: Job, actor: User | None) -> bool:
    """Queue a failed job once more, with all its tries. False where it has not failed."""
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.status != Job.Status.FAILED:
        return False
    locked.attempts_made, locked.failure_code, locked.failure_message = 0, "", ""
    locked.status, locked.finished_at, locked.not_before = Job.Status.QUEUED, None, None
    locked.save()
    _follow(locked, actor=actor, retried=True)
    _ring(locked)
    return True


@transaction.atomic
def attempt_expire(*, attempt_id: int) -> bool:
    """Take a job away from a worker that went silent. False where it was heard of again, or finished."""
    job_id = Attempt.objects.values_list("job_id", flat=True).get(pk=attempt_id)
    job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id).first()
    expired = Attempt.objects.filter(pk=attempt_id, outcome=Outcome.RUNNING, lease_expires_at__lt=Now())
    attempt = expired.select_for_update().first() if job else None
    if job is None or attempt is None:
        return False
    attempt.job = job
    worked_s = (attempt.heartbeat_at - attempt.started_at).total_seconds()
    # A worker that is killed at the time limit cannot say so itself.
    code = "time-limit" if worked_s >= kind_of(job).time_limit_s else "worker-lost"
    _retry_or_fail(attempt, Outcome.LOST, code, f"Nothing was heard of {attempt.worker} any more.")
    return True


def job_held(*, token: UUID) -> Attempt | None:
    """The attempt that holds the lease, with its job locked; None where it was taken away."""
    job_id = Attempt.objects.filter(token=token).values_list("job_id", flat=True).first()
    if job_id is None:
        return None
    job = Job.objects.select_for_update().get(pk=job_id)
    attempt = Attempt.objects.filter(token=token, outcome=Outcome.RUNNING).first()
    if attempt:
        attempt.job = job
    return attempt


def _retry_or_fail(
    attempt: Attempt, outcome: Attempt.Outcome, code: str, detail: str, about: str = ""
) -> None:
    spec, job = FAILURES[code], attempt.job
    attempt.detail = detail
    if spec.is_retried and job.attempts_made < settings.JOB_MAX_ATTEMPTS:
        # Another worker is as good as new at once; a full disk or a storage that is away needs time.
        pause_s = 0 if outcome == Outcome.LOST else settings.JOB_SWEEP_S * job.attempts_made
        _requeue(attempt, outcome, pause_s=pause_s, code=code)
        return
    job.failure_code, job.failure_message = code, f"{spec.message} {about}".strip()
    _finish(attempt, outcome, Job.Status.FAILED)
    _follow(job, code=code)


def _requeue(attempt: Attempt, outcome: Attempt.Outcome, *, pause_s: float = 0, **why: Any) -> None:
    job = attempt.job
    _end(attempt, outcome)
    job.status, job.rung_at = Job.Status.QUEUED, None
    job.not_before = timezone.now() + timedelta(seconds=pause_s) if pause_s else None
    job.save()
    _follow(job, attempt=attempt.number, **why)
    if not pause_s:
        _ring(job)


def _finish(attempt: Attempt, outcome: Attempt.Outcome, status: Job.Status) -> None:
    """End attempt and job."""
    _end(attempt, outcome)
    _close(attempt.job, status)


def _end(attempt: Attempt, outcome: Attempt.Outcome) -> None:
    attempt.outcome, attempt.finished_at = outcome, timezone.now()
    attempt.save(update_fields=["outcome", "finished_at", "detail"])


def _close(job: Job, status: Job.Status) -> None:
    job.status, job.finished_at = status, timezone.now()
    job.save()


def _follow(job: Job, *, actor: User | None = None, **data: Any) -> None:
    """Tell what the job works for that the job's status has changed; `data` goes to the audit trail."""
    kind_of(job).follow(job, actor, data)


def _ring(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(rung_at=Now())
    queue.ring(Job.Kind(job.kind))


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_S)
