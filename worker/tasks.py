"""Scoring submissions: fetch, call, store."""

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from celery import Task
from django.conf import settings

from evaluator import GroundTruthError, SubmissionRejected, evaluate
from evaluator.statistics.comparison import Sample, pack_samples
from webapp.jobs.services import job_finish_failed
from webapp.submissions.attempts import (
    KINDS,
    Evaluation,
    evaluation_claim,
    evaluation_finish_rejected,
    evaluation_finish_scored,
)
from webapp.submissions.results import Outcome
from worker.app import app
from worker.lease import Lease
from worker.turn import Turn, Write, failure_code
from worker.workdir import workdir


@app.task(name="worker.evaluate_next", bind=True)
def evaluate_next(self: "Task[[], None]") -> None:
    """Score the submission that is next in line."""
    EVALUATION.take(self)


def _evaluate(claim: Evaluation, lease: Lease, worker: str) -> Write:
    """Evaluate a claimed submission; what is to be written about it."""
    try:
        with lease.interruptible(), workdir(claim) as files:
            report = evaluate(
                claim.evaluator,
                files.ground_truth,
                files.predictions,
                workers=processes(),
                prepared_dir=settings.VAR / "prepared",
                progress=lease.progress,
                bootstrap=settings.BOOTSTRAP_RESAMPLES,
                subsets={subset.name: subset.videos for subset in claim.subsets},
            )
    except SubmissionRejected as rejected:
        problems = [found.to_json() for found in rejected.problems if not found.is_of_ground_truth]
        return partial(evaluation_finish_rejected, token=claim.token, problems=problems)
    except GroundTruthError as error:
        failed = partial(job_finish_failed, token=claim.token, code="ground-truth-unusable")
        return partial(failed, detail=str(error))
    of_submission = tuple(warning for warning in report.warnings if not warning.is_of_ground_truth)
    return partial(
        evaluation_finish_scored,
        token=claim.token,
        outcome=Outcome(
            report=replace(report, warnings=of_submission).to_json(),
            samples=_packed(report.samples),
            subsets=claim.subsets,
            subset_samples={name: _packed(part.samples) for name, part in report.subsets.items()},
        ),
    )


def _packed(samples: Mapping[str, Sample]) -> dict[str, bytes]:
    return {key: pack_samples(values) for key, values in samples.items()}


def processes() -> int:
    """The machine's cores, shared among the jobs that may run at once."""
    return max(1, (os.cpu_count() or 1) // int(settings.EVALUATE_WORKERS))


EVALUATION = Turn(
    kinds=KINDS,
    claim=evaluation_claim,
    work=_evaluate,
    failure=lambda error: (failure_code(error), ""),
)
