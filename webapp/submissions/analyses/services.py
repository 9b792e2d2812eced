"""Asking for the analyses that are missing: the housekeeper calls it after each score, and by the clock."""

from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from evaluator import __version__
from evaluator.catalog import BENCHMARKS
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.services import job_create
from webapp.submissions.analyses.models import Analysis
from webapp.submissions.models import Submission
from webapp.submissions.signals import numbers_changed

REQUEST_TASK = "worker.request_analyses"
# Analyses of older results are queued a few at a time.
WAITING = 4
ANALYSED = [spec.key for spec in BENCHMARKS.values() if spec.task == "vis"]


def ring_for_analyses(**_: Any) -> None:
    queue.ring_housekeeper(REQUEST_TASK)


def submissions_unexplained() -> QuerySet[Submission]:
    """Return what was scored here by today's evaluator and has no analysis of these numbers, latest first.

    An analysis by another evaluator than the one that scored would contradict the score.
    """
    scored = Submission.objects.filter(
        status=Submission.Status.SCORED,
        evaluator=__version__,
        blob__isnull=False,
        ground_truth__isnull=False,
        split__benchmark__evaluator__in=ANALYSED,
    )
    of_these_numbers = Q(analysis__evaluator=F("evaluator"), analysis__ground_truth=F("ground_truth"))
    return scored.exclude(of_these_numbers, analysis__isnull=False).order_by("-finished_at", "pk")


def analyses_request_due() -> int:
    """Queue analyses that are missing, as long as few wait. Return how many were queued or copied."""
    unfinished = Job.objects.filter(kind=Job.Kind.ANALYSE, status__in=Job.UNFINISHED).count()
    due = list(submissions_unexplained().values_list("pk", flat=True)[: max(0, WAITING - unfinished)])
    return sum(_request(pk) for pk in due)


@transaction.atomic
def _request(pk: Any) -> bool:
    # Locked, so that two housekeepers queue it once.
    submission = submissions_unexplained().select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    if submission is None or submission.ground_truth is None:
        return False
    Analysis.objects.filter(submission=submission).delete()
    analysis = Analysis(
        submission=submission, evaluator=submission.evaluator, ground_truth=submission.ground_truth
    )
    twin = _twin(submission)
    if twin is not None:
        analysis.findings, analysis.numbers = twin.findings, twin.numbers
        analysis.finished_at = twin.finished_at
        analysis.save()
        numbers_changed.send(Submission, submissions=[submission])
        return True
    analysis.save()
    job_create(kind=Job.Kind.ANALYSE, subject=analysis, actor=None)
    return True


def _twin(submission: Submission) -> Analysis | None:
    """Return the analysis of the same file of the same author, which got the same score."""
    return Analysis.objects.filter(
        submission__author=submission.author_id,
        submission__split=submission.split_id,
        submission__blob=submission.blob_id,
        evaluator=submission.evaluator,
        ground_truth=submission.ground_truth_id,
        findings__isnull=False,
    ).first()
