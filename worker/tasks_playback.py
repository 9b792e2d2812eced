"""Preparing masks to be looked at: behind everything that waits for a score or an analysis."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from celery import Task
from django.conf import settings

from evaluator import GroundTruthError, __version__
from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.playback import store_events, store_ground_truth, store_predictions
from webapp.jobs.models import Job
from webapp.playback import files
from webapp.playback.attempts import Making, mask_store_claim, mask_store_finish
from webapp.playback.models import MaskStore
from webapp.submissions.attempts import KINDS as SCORING
from worker.app import app
from worker.lease import Lease
from worker.tasks import processes
from worker.turn import Failure, Turn, Write, failure_code
from worker.workdir import ground_truth_here, predictions_here

if TYPE_CHECKING:  # it loads numpy
    from evaluator.playback.store import StoreIndex


@app.task(
    name="worker.play_next",
    bind=True,
    soft_time_limit=settings.PLAYBACK_TIME_LIMIT_S,
    time_limit=settings.PLAYBACK_TIME_LIMIT_S + 60,
)
def play_next(self: "Task[[], None]") -> None:
    """Make the store of masks that is next in line."""
    PLAYBACK.take(self)


def _make(claim: Making, lease: Lease, worker: str) -> Write:
    """Make a claimed store; what is to be written about it."""
    options = Options(
        workers=processes(),
        prepared_dir=settings.VAR / "prepared",
        progress=partial(lease.progress, stage="preparing masks"),
    )
    with files.draft() as path:
        with lease.interruptible():
            index = _stored(claim, path, options)
        size, digest = path.stat().st_size, files.keep(path)
    return partial(
        mask_store_finish,
        token=claim.token,
        evaluator=__version__,
        digest=digest,
        size=size,
        index=index.to_json(),
    )


def _stored(claim: Making, path: Path, options: Options) -> "StoreIndex":
    """Write the store to `path`."""
    spec = BENCHMARKS[claim.evaluator]
    ground_truth = ground_truth_here(claim.evaluator, claim.ground_truth)
    if claim.predictions is None:
        return store_ground_truth(spec, ground_truth, path, options)
    store = store_events if claim.kind == MaskStore.Kind.EVENTS else store_predictions
    with predictions_here(claim.predictions, claim.filename) as predictions:
        return store(spec, ground_truth, predictions, path, options)


def _failure(error: Exception) -> Failure:
    return ("ground-truth-unusable" if isinstance(error, GroundTruthError) else failure_code(error)), ""


PLAYBACK = Turn(
    kinds=(Job.Kind.PLAY,),
    claim=mask_store_claim,
    work=_make,
    failure=_failure,
    gives_way_to=(*SCORING, Job.Kind.ANALYSE),
)
