"""The one writer of the status of jobs and submissions (DESIGN section 6).

PostgreSQL is the truth: a job is created in the transaction of what it works for, claimed under a row lock
as an attempt with a lease, and whatever comes of it is stored in one transaction, if the attempt still
holds the lease. Locks are taken in the order job, submission. Lease times are the database's clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from webapp import queue
from webapp.accounts.models import User
from webapp.jobs.audit import audit
from webapp.jobs.failures import FAILURES
from webapp.jobs.models import Attempt, Job
from webapp.jobs.selectors import jobs_due
from webapp.submissions.models import Submission
from webapp.submissions.results import result_store, scores_store
from webapp.uploads.models import Blob

# How many of those next in line a worker tries before it leaves them to the workers that lock them now.
CLAIM_TRIES = 20

Outcome = Attempt.Outcome


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker needs to work on a job. `token` proves its lease; whoever lost it stores nothing."""

    token: UUID
    job_id: UUID
    submission_id: UUID
    evaluator: str
    """Key of the benchmark in `evaluator.catalog`."""
    predictions: Blob
    filename: str
    ground_truth: Blob


@transaction.atomic
def job_create(*, submission: Submission, actor: User | None) -> Job:
    """Queue the evaluation of a submission just received."""
    job = Job.objects.create(kind=Job.Kind.EVALUATE, submission=submission)
    _set_submission(submission, Submission.Status.QUEUED, actor=actor)
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
    submission = _locked_submission(job)
    latest = job.attempts.aggregate(latest=Max("number"))["latest"] or 0
    attempt = Attempt.objects.create(
        job=job, number=latest + 1, worker=worker, lease_expires_at=Now() + _lease()
    )
    job.attempts_made += 1
    job.status = Job.Status.RUNNING
    job.stage, job.progress_done, job.progress_total = "reading", 0, 0
    job.started_at, job.not_before = timezone.now(), None
    job.save()
    split = submission.split
    submission.ground_truth = split.ground_truth
    _set_submission(submission, Submission.Status.RUNNING, attempt=attempt.number, worker=worker)
    if submission.blob is None or split.ground_truth is None:
        raise ValueError(f"Expected job {job.id} to have predictions and ground truth, but one is missing")
    return Claim(
        token=attempt.token,
        job_id=job.id,
        submission_id=submission.id,
        evaluator=split.benchmark.evaluator,
        predictions=submission.blob,
        filename=submission.filename,
        ground_truth=split.ground_truth,
    )


def job_heartbeat(*, token: UUID) -> bool:
    """Renew a lease; False where it is lost."""
    held = Attempt.objects.filter(token=token, outcome=Outcome.RUNNING)
    return held.update(heartbeat_at=Now(), lease_expires_at=Now() + _lease()) == 1


def job_progress(*, token: UUID, done: int, total: int) -> bool:
    """Say how far a job is; False where its lease is lost."""
    held = Job.objects.filter(attempts__token=token, attempts__outcome=Outcome.RUNNING)
    return held.update(stage="evaluating", progress_done=done, progress_total=total) == 1


@transaction.atomic
def job_finish_scored(*, token: UUID, report: Mapping[str, Any]) -> bool:
    """Store a result, all or nothing. False where the lease is lost: somebody else's result counts.

    Args:
        token: proof of the lease.
        report: what `evaluator.Report.to_json` gives.
    """
    attempt = _held(token)
    if attempt is None:
        return False
    attempt.job.progress_done = attempt.job.progress_total = report["videos"]
    submission = _finish(attempt, Outcome.SUCCEEDED, Job.Status.SUCCEEDED)
    result_store(submission, report)
    _set_submission(submission, Submission.Status.SCORED, digest=submission.digest)
    return True


@transaction.atomic
def job_finish_rejected(*, token: UUID, problems: list[dict[str, Any]]) -> bool:
    """The submitter's file cannot be scored. False where the lease is lost."""
    attempt = _held(token)
    if attempt is None:
        return False
    submission = _finish(attempt, Outcome.SUCCEEDED, Job.Status.SUCCEEDED)
    submission.problems = problems
    _set_submission(submission, Submission.Status.REJECTED)
    return True


@transaction.atomic
def job_finish_failed(*, token: UUID, code: str, detail: str = "") -> bool:
    """An error of ours: tried again where that may help, else failed. False where the lease is lost.

    Args:
        token: proof of the lease.
        code: key in `FAILURES`.
        detail: traceback or reason, for operators only.
    """
    attempt = _held(token)
    if attempt is None:
        return False
    _retry_or_fail(attempt, Outcome.ERROR, code, detail)
    return True


@transaction.atomic
def job_release(*, token: UUID) -> bool:
    """A worker that is told to stop gives its job back; that is nobody's failure and counts as no try."""
    attempt = _held(token)
    if attempt is None:
        return False
    attempt.job.attempts_made -= 1
    _requeue(attempt, Outcome.RELEASED)
    return True


@transaction.atomic
def job_cancel(*, job: Job, actor: User | None) -> bool:
    """Withdraw what the job works for, at once; a worker that is at it sees its lease gone and stops.

    False where it was finished already.
    """
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.status in (Job.Status.SUCCEEDED, Job.Status.CANCELLED):
        return False
    locked.attempts.filter(outcome=Outcome.RUNNING).update(
        outcome=Outcome.CANCELLED, finished_at=timezone.now()
    )
    _close(locked, Job.Status.CANCELLED)
    _set_submission(_locked_submission(locked), Submission.Status.WITHDRAWN, actor=actor)
    return True


@transaction.atomic
def job_retry(*, job: Job, actor: User | None) -> bool:
    """Queue a failed job once more, with all its tries. False where it has not failed."""
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.status != Job.Status.FAILED:
        return False
    submission = _locked_submission(locked)
    submission.finished_at = None
    locked.attempts_made, locked.failure_code, locked.failure_message = 0, "", ""
    locked.status, locked.finished_at, locked.not_before = Job.Status.QUEUED, None, None
    locked.save()
    _set_submission(submission, Submission.Status.QUEUED, actor=actor, retried=True)
    _ring(locked)
    return True


@transaction.atomic
def submission_score_as(*, submission: Submission, earlier: Submission) -> None:
    """Give a submission just received the result of an earlier one with the same file."""
    submission.problems, submission.result = earlier.problems, earlier.result
    submission.evaluator, submission.digest = earlier.evaluator, earlier.digest
    submission.ground_truth, submission.finished_at = earlier.ground_truth, timezone.now()
    scores_store(submission, dict(earlier.scores.values_list("metric", "value")))
    _set_submission(submission, Submission.Status.SCORED, actor=submission.author, as_before=str(earlier.id))


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
    code = "time-limit" if worked_s >= settings.JOB_TIME_LIMIT_S else "worker-lost"
    _retry_or_fail(attempt, Outcome.LOST, code, f"Nothing was heard of {attempt.worker} any more.")
    return True


def _held(token: UUID) -> Attempt | None:
    """The attempt that holds the lease, with its job locked; None where it was taken away."""
    job_id = Attempt.objects.filter(token=token).values_list("job_id", flat=True).first()
    if job_id is None:
        return None
    job = Job.objects.select_for_update().get(pk=job_id)
    attempt = Attempt.objects.filter(token=token, outcome=Outcome.RUNNING).first()
    if attempt:
        attempt.job = job
    return attempt


def _locked_submission(job: Job) -> Submission:
    rows = Submission.objects.select_for_update(of=("self",)).select_related(
        "blob", "split__ground_truth", "split__benchmark"
    )
    return rows.get(pk=job.submission_id)


def _retry_or_fail(attempt: Attempt, outcome: Attempt.Outcome, code: str, detail: str) -> None:
    spec, job = FAILURES[code], attempt.job
    attempt.detail = detail
    if spec.is_retried and job.attempts_made < settings.JOB_MAX_ATTEMPTS:
        # Another worker is as good as new at once; a full disk or a storage that is away needs time.
        pause_s = 0 if outcome == Outcome.LOST else settings.JOB_SWEEP_S * job.attempts_made
        _requeue(attempt, outcome, pause_s=pause_s, code=code)
        return
    job.failure_code, job.failure_message = code, spec.message
    submission = _finish(attempt, outcome, Job.Status.FAILED)
    _set_submission(submission, Submission.Status.FAILED, code=code)


def _requeue(attempt: Attempt, outcome: Attempt.Outcome, *, pause_s: float = 0, **why: Any) -> None:
    job = attempt.job
    _end(attempt, outcome)
    job.status, job.rung_at = Job.Status.QUEUED, None
    job.not_before = timezone.now() + timedelta(seconds=pause_s) if pause_s else None
    job.save()
    _set_submission(_locked_submission(job), Submission.Status.QUEUED, attempt=attempt.number, **why)
    if not pause_s:
        _ring(job)


def _finish(attempt: Attempt, outcome: Attempt.Outcome, status: Job.Status) -> Submission:
    """End attempt and job; its submission, locked, for the caller to fill."""
    _end(attempt, outcome)
    _close(attempt.job, status)
    submission = _locked_submission(attempt.job)
    submission.finished_at = attempt.finished_at
    return submission


def _end(attempt: Attempt, outcome: Attempt.Outcome) -> None:
    attempt.outcome, attempt.finished_at = outcome, timezone.now()
    attempt.save(update_fields=["outcome", "finished_at", "detail"])


def _close(job: Job, status: Job.Status) -> None:
    job.status, job.finished_at = status, timezone.now()
    job.save()


def _set_submission(
    submission: Submission, status: Submission.Status, *, actor: User | None = None, **data: Any
) -> None:
    """Save a submission with its new status and say so in the audit trail."""
    submission.status = status
    submission.save()
    audit(f"submission.{status}", f"submission:{submission.id}", actor=actor, **data)


def _ring(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(rung_at=Now())
    queue.ring(Job.Kind(job.kind))


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_S)
