"""The interface of workers that analyse submissions; the job's side is `webapp.jobs.services`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp.jobs.models import Job
from webapp.jobs.services import job_claim, job_succeed
from webapp.submissions.analyses.models import Analysis
from webapp.submissions.attempts import Evaluation
from webapp.submissions.models import Submission
from webapp.submissions.signals import numbers_changed


@transaction.atomic
def analysis_claim(*, worker: str) -> Evaluation | None:
    """Take the analysis that is next in line; None where there is nothing to do."""
    claim = job_claim(kind=Job.Kind.ANALYSE, worker=worker)
    if claim is None:
        return None
    rows = Analysis.objects.select_related("submission__blob", "submission__split__benchmark", "ground_truth")
    analysis = rows.get(pk=claim.job.subject_id)
    submission = analysis.submission
    if submission.blob is None:
        raise ValueError(f"Expected submission {submission.id} to have its predictions, but they are gone")
    return Evaluation(
        token=claim.token,
        job_id=claim.job.id,
        submission_id=submission.id,
        evaluator=submission.split.benchmark.evaluator,
        predictions=submission.blob,
        filename=submission.filename,
        ground_truth=analysis.ground_truth,
        subsets=(),
    )


def analysis_finish(*, token: UUID, evaluator: str, findings: Mapping[str, Any]) -> bool:
    """Store what was found; `token` proves the lease. False where the lease is lost.

    Args:
        token: proof of the lease.
        evaluator: version that analysed.
        findings: as `evaluator.AnalysisPart.to_json` gives them.
    """

    def write(job: Job) -> None:
        analysis = Analysis.objects.select_for_update().get(pk=job.subject_id)
        analysis.evaluator, analysis.findings = evaluator, dict(findings)
        analysis.numbers, analysis.finished_at = numbers_of(findings), job.finished_at
        analysis.save()
        numbers_changed.send(Submission, submissions=[analysis.submission])

    return job_succeed(token=token, write=write)


def numbers_of(findings: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the findings that are metrics of the catalog, by key."""
    costs = {f"dAP50_{kind}": found["dAP50"] for kind, found in findings["errors"]["kinds"].items()}
    return {**findings["tracking"]["det_averaged"], **costs}
