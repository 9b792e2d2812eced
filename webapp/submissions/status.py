"""The one writer of a submission's status: it follows that of its job, and ends with what is stored here."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.jobs.services import job_create
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome, result_store, scores_copy, subset_scores_store
from webapp.submissions.signals import numbers_changed

Status = Submission.Status
# A job that succeeded leaves the file scored or rejected.
FOLLOWS: dict[str, Submission.Status] = {
    Job.Status.QUEUED: Status.QUEUED,
    Job.Status.RUNNING: Status.RUNNING,
    Job.Status.FAILED: Status.FAILED,
    Job.Status.CANCELLED: Status.WITHDRAWN,
}


def submission_follow(job: Job, actor: User | None, data: dict[str, Any]) -> None:
    """Give a submission the status that follows from its job's."""
    submission = _locked(job)
    submission.finished_at = job.finished_at
    if job.status == Job.Status.RUNNING:
        submission.ground_truth = submission.split.ground_truth
    _set(submission, FOLLOWS[job.status], actor=actor, **data)
    waiting = _waiting(submission)
    if job.status == Job.Status.CANCELLED:
        _evaluate_instead([one for one in waiting if not one.is_finished])
        return
    for one in waiting:
        one.ground_truth, one.finished_at = submission.ground_truth, submission.finished_at
        _set(one, FOLLOWS[job.status])


def _waiting(submission: Submission) -> list[Submission]:
    """Return the submissions that wait for the evaluation of this one, oldest first, locked."""
    rows = Submission.locked().filter(waits_for=submission)
    ended = (Status.SCORED, Status.REJECTED, Status.WITHDRAWN)
    return list(rows.exclude(status__in=ended).order_by("created_at", "pk"))


def _evaluate_instead(waiting: list[Submission]) -> None:
    """Give a job of its own to the oldest of those whose evaluation was withdrawn; the others wait for it."""
    if not waiting:
        return
    first, *others = waiting
    Submission.objects.filter(pk__in=[one.pk for one in others]).update(waits_for=first)
    first.waits_for = None
    first.save(update_fields=["waits_for"])
    job_create(kind=Job.Kind.EVALUATE, subject=first, actor=first.author)


def submission_wait(*, submission: Submission, leader: Submission) -> None:
    """Let a submission just received wait for the evaluation of another one, whose job is locked."""
    _set(submission, Status.QUEUED, actor=submission.author, waits_for=str(leader.id))
    if leader.status == Status.RUNNING:
        submission.ground_truth = leader.ground_truth
        _set(submission, Status.RUNNING)


def submission_leave(*, submission: Submission, actor: User) -> None:
    """Withdraw a submission that waits for the evaluation of another one."""
    submission.finished_at = timezone.now()
    _set(submission, Status.WITHDRAWN, actor=actor)


def submission_scored(job: Job, *, outcome: Outcome) -> None:
    """Store the result of a job that succeeded and that the caller has locked."""
    submission = _locked(job)
    waiting = _waiting(submission)
    submission.finished_at = job.finished_at
    result_store(submission, outcome)
    subset_scores_store(submission, outcome)
    _set(submission, Status.SCORED, digest=submission.digest)
    for one in waiting:
        submission_score_as(submission=one, earlier=submission)
    numbers_changed.send(Submission, submissions=[submission])


def submission_rejected(job: Job, *, problems: list[dict[str, Any]]) -> None:
    """Store why a file cannot be scored."""
    submission = _locked(job)
    submission.finished_at, submission.problems = job.finished_at, problems
    _set(submission, Status.REJECTED)
    for one in _waiting(submission):
        one.finished_at, one.problems = submission.finished_at, problems
        _set(one, Status.REJECTED)


@transaction.atomic
def submission_score_as(*, submission: Submission, earlier: Submission) -> None:
    """Give a submission the result of an earlier one with the same file."""
    submission.problems, submission.result = earlier.problems, earlier.result
    submission.evaluator, submission.digest = earlier.evaluator, earlier.digest
    submission.ground_truth, submission.finished_at = earlier.ground_truth, timezone.now()
    scores_copy(submission, earlier)
    _set(submission, Status.SCORED, actor=submission.author, as_before=str(earlier.id))
    numbers_changed.send(Submission, submissions=[submission])


def _locked(job: Job) -> Submission:
    rows = Submission.locked().select_related("blob", "split__ground_truth", "split__benchmark")
    return rows.get(pk=job.subject_id)


def _set(
    submission: Submission, status: Submission.Status, *, actor: User | None = None, **data: Any
) -> None:
    """Save a submission with its new status and say so in the audit trail."""
    submission.status = status
    submission.save()
    audit(f"submission.{status}", f"submission:{submission.id}", actor=actor, **data)
