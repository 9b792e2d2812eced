"""Writes what measuring again has found: new numbers, and the earlier ones kept beside them."""

from typing import Any

from django.utils import timezone

from webapp.accounts.audit import audit
from webapp.jobs.models import Job
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome, result_store, subset_scores_store
from webapp.submissions.signals import numbers_changed


def reevaluation_scored(job: Job, *, outcome: Outcome) -> None:
    """Replace the numbers of a submission, in the caller's transaction; see `submission_scored`."""
    again, submission = _locked(job)
    again.before_evaluator, again.before_digest = submission.evaluator, submission.digest
    again.before_ground_truth, again.before_result = submission.ground_truth, submission.result
    again.before_metrics = dict(submission.scores.values_list("metric", "value"))
    again.after_metrics = dict(outcome.report["metrics"])
    again.replaced_at = timezone.now()
    again.save()
    for earlier in (submission.scores, submission.subset_scores, submission.samples):
        earlier.all().delete()
    submission.ground_truth = again.ground_truth
    result_store(submission, outcome)
    subset_scores_store(submission, outcome)
    submission.save()
    numbers_changed.send(Submission, submissions=[submission])
    audit(
        "submission.reevaluated",
        f"submission:{submission.id}",
        actor=again.requested_by,
        digest=submission.digest,
        before=again.before_digest,
    )


def reevaluation_rejected(job: Job, *, problems: list[dict[str, Any]]) -> None:
    """Keep why the file is no longer accepted. The numbers stay: a score is never taken away silently."""
    again, _ = _locked(job)
    again.problems = problems
    again.save(update_fields=["problems"])


def _locked(job: Job) -> tuple[Reevaluation, Submission]:
    again = Reevaluation.objects.select_for_update().get(pk=job.subject_id)
    submission = Submission.locked().select_related("split__benchmark", "ground_truth", "result")
    return again, submission.get(pk=again.submission_id)
