"""Analysing scored submissions: behind everything that waits for a score, which it never delays."""

from functools import partial

from celery import Task
from django.conf import settings

from evaluator import GroundTruthError, analyse
from webapp.jobs.models import Job
from webapp.submissions.analyses.attempts import analysis_claim, analysis_finish
from webapp.submissions.attempts import KINDS as SCORING
from webapp.submissions.attempts import Evaluation
from worker.app import app
from worker.lease import Lease
from worker.tasks import processes
from worker.turn import Failure, Turn, Write, failure_code
from worker.workdir import workdir


@app.task(
    name="worker.analyse_next",
    bind=True,
    soft_time_limit=settings.ANALYSE_TIME_LIMIT_S,
    time_limit=settings.ANALYSE_TIME_LIMIT_S + 60,
)
def analyse_next(self: "Task[[], None]") -> None:
    """Analyse the submission that is next in line."""
    ANALYSIS.take(self)


def _analyse(claim: Evaluation, lease: Lease, worker: str) -> Write:
    """Analyse a claimed submission; what is to be written about it."""
    with lease.interruptible(), workdir(claim) as files:
        found = analyse(
            claim.evaluator,
            files.ground_truth,
            files.predictions,
            workers=processes(),
            prepared_dir=settings.VAR / "prepared",
            progress=partial(lease.progress, stage="analysing"),
        )
    findings = found.whole.to_json()
    return partial(analysis_finish, token=claim.token, evaluator=found.evaluator, findings=findings)


def _failure(error: Exception) -> Failure:
    return ("ground-truth-unusable" if isinstance(error, GroundTruthError) else failure_code(error)), ""


ANALYSIS = Turn(
    kinds=(Job.Kind.ANALYSE,),
    claim=analysis_claim,
    work=_analyse,
    failure=_failure,
    gives_way_to=SCORING,
)
