"""Scoring submissions: fetch, call, store."""

import errno
import logging
import os
import traceback
from collections.abc import Callable
from functools import partial

from celery import Task
from celery.exceptions import Reject, SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection

from evaluator import GroundTruthError, SubmissionRejected, evaluate
from evaluator.comparison import pack_samples
from webapp import queue
from webapp.jobs.models import Job
from webapp.jobs.selectors import jobs_due
from webapp.jobs.services import job_finish_failed, job_release
from webapp.submissions.evaluation import (
    KINDS,
    Evaluation,
    evaluation_claim,
    evaluation_finish_rejected,
    evaluation_finish_scored,
)
from worker.app import app
from worker.lease import STOPPING, Lease, LeaseLost, WorkerStopping, store
from worker.workdir import workdir

logger = logging.getLogger(__name__)


@app.task(name="worker.evaluate_next", bind=True)
def evaluate_next(self: "Task[[], None]") -> None:
    """Score the submission that is next in line. Rung for nothing, it does nothing."""
    if STOPPING.value:
        raise Reject("this worker is stopping: let another hear the bell", requeue=True)
    claim = evaluation_claim(worker=f"{self.request.hostname} ({os.getpid()})")
    if claim is None:
        return
    connection.close()  # it may not live as long as the evaluation
    with Lease(claim.token) as lease:
        is_stored = store(_evaluate(claim, lease))
    logger.info("Job %s: %s", claim.job_id, "stored" if is_stored else "taken away, result dropped")
    if any(jobs_due(kind).exists() for kind in KINDS):
        queue.ring(Job.Kind.EVALUATE)


def _evaluate(claim: Evaluation, lease: Lease) -> Callable[[], bool]:
    """Evaluate a claimed submission; what is to be written about it."""
    failed = partial(job_finish_failed, token=claim.token)
    try:
        with lease.interruptible(), workdir(claim) as files:
            report = evaluate(
                claim.evaluator,
                files.ground_truth,
                files.predictions,
                workers=_threads(),
                prepared_dir=settings.VAR / "prepared",
                progress=lease.progress,
                bootstrap=settings.BOOTSTRAP_RESAMPLES,
                subsets={subset.name: subset.videos for subset in claim.subsets},
            )
    except LeaseLost:
        return lambda: False
    except WorkerStopping:
        return partial(job_release, token=claim.token)
    except SubmissionRejected as rejected:
        problems = [problem.to_json() for problem in rejected.problems]
        return partial(evaluation_finish_rejected, token=claim.token, problems=problems)
    except GroundTruthError as error:
        return partial(failed, code="ground-truth-unusable", detail=str(error))
    except Exception as error:
        # The task's border: whatever it was, operators are told, and it is tried again where that may help.
        logger.exception("Job %s failed", claim.job_id)
        return partial(failed, code=_failure_code(error), detail=traceback.format_exc())
    samples = {key: pack_samples(values) for key, values in report.samples.items()}
    return partial(
        evaluation_finish_scored,
        token=claim.token,
        report=report.to_json(),
        samples=samples,
        subsets=claim.subsets,
    )


def _failure_code(error: BaseException) -> str:
    """The key in `FAILURES` that tells what went wrong."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "time-limit"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk-full"
    cause: BaseException | None = error
    while cause:  # compiled code and thread pools wrap a MemoryError in others
        if isinstance(cause, MemoryError):
            return "out-of-memory"
        cause = cause.__cause__ or cause.__context__
    return "internal-error"


def _threads() -> int:
    """The machine's cores, shared among the jobs that may run at once."""
    return max(1, (os.cpu_count() or 1) // int(settings.EVALUATE_WORKERS))
