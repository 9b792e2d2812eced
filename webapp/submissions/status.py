"""The one writer of a submission's status: it follows that of its job, and ends with what is stored here."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome, result_store, scores_copy, subset_scores_store

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


def submission_scored(job: Job, *, outcome: Outcome) -> None:
    """Store the result of a job that succeeded and that the caller has locked."""
    submission = _locked(job)
    submission.finished_at = job.finished_at
    result_store(submission, outcome)
    subset_scores_store(submission, outcome)
    _set(submission, Status.SCORED, digest=submission.digest)


def submission_rejected(job: Job, *, problems: list[dict[str, Any]]) -> None:
    """Store why a file cannot be scored."""
    submission = _locked(job)
    submission.finished_at, submission.problems = job.finished_at, problems
    _set(submission, Status.REJECTED)


@transaction.atomic
def submission_score_as(*, submission: Submission, earlier: Submission) -> None:
    """Give a submission just received the result of an earlier one with the same file."""
    submission.problems, submission.result = earlier.problems, earlier.result
    submission.evaluator, submission.digest = earlier.evaluator, earlier.digest
    submission.ground_truth, submission.finished_at = earlier.ground_truth, timezone.now()
    scores_copy(submission, earlier)
    _set(submission, Status.SCORED, actor=submission.author, as_before=str(earlier.id))


def _locked(job: Job) -> Submission:
    rows = Submission.objects.select_for_update(of=("self",)).select_related(
        "blob", "split__ground_truth", "split__benchmark"
    )
    return rows.get(pk=job.subject_id)


def _set(
    submission: Submission, status: Submission.Status, *, actor: User | None = None, **data: Any
) -> None:
    """Save a submission with its new status and say so in the audit trail."""
    submission.status = status
    submission.save()
    audit(f"submission.{status}", f"submission:{submission.id}", actor=actor, **data)
