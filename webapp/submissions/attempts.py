"""The interface of workers that score submissions; the job's side is `webapp.jobs.services`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp.benchmarks.models import VideoSubset
from webapp.blobs.models import Blob
from webapp.jobs.models import Job
from webapp.jobs.services import job_claim, job_succeed
from webapp.submissions.errata.attempts import reevaluation_rejected, reevaluation_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.submissions.status import submission_rejected, submission_scored

# What a worker that evaluates takes, the first before the second.
KINDS = (Job.Kind.EVALUATE, Job.Kind.REEVALUATE)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A claimed job. `token` proves its lease; whoever lost it stores nothing."""

    token: UUID
    job_id: UUID
    submission_id: UUID
    evaluator: str
    """Key of the benchmark in `evaluator.catalog`."""
    predictions: Blob
    filename: str
    ground_truth: Blob
    subsets: tuple[VideoSubset, ...]


@transaction.atomic
def evaluation_claim(*, worker: str) -> Evaluation | None:
    """Take the submission that is next in line; None where there is nothing to do. New ones go first."""
    claim = next(filter(None, (job_claim(kind=kind, worker=worker) for kind in KINDS)), None)
    if claim is None:
        return None
    rows = Submission.objects.select_related("blob", "ground_truth", "split__benchmark")
    again = claim.job.reevaluation
    submission = rows.get(pk=again.submission_id if again else claim.job.subject_id)
    split = submission.split
    # What was written down with the claim: the split may have got another one since.
    ground_truth = again.ground_truth if again else submission.ground_truth
    if submission.blob is None or ground_truth is None:
        raise ValueError(
            f"Expected job {claim.job.id} to have predictions and ground truth, but one is missing"
        )
    return Evaluation(
        token=claim.token,
        job_id=claim.job.id,
        submission_id=submission.id,
        evaluator=split.benchmark.evaluator,
        predictions=submission.blob,
        filename=submission.filename,
        ground_truth=ground_truth,
        subsets=tuple(split.subsets.all()),
    )


def evaluation_finish_scored(*, token: UUID, outcome: Outcome) -> bool:
    """Store a result, all or nothing; `token` proves the lease. False where the lease is lost."""

    def write(job: Job) -> None:
        store = submission_scored if job.kind == Job.Kind.EVALUATE else reevaluation_scored
        store(job, outcome=outcome)

    return job_succeed(token=token, total=outcome.report["videos"], write=write)


def evaluation_finish_rejected(*, token: UUID, problems: list[dict[str, Any]]) -> bool:
    """The submitter's file cannot be scored. False where the lease is lost."""

    def write(job: Job) -> None:
        store = submission_rejected if job.kind == Job.Kind.EVALUATE else reevaluation_rejected
        store(job, problems=problems)

    return job_succeed(token=token, write=write)
