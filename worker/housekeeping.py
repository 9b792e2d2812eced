"""Periodic tasks: finding lost jobs, and deleting expired files."""

import logging

from webapp.ablations.services import studies_measure_due
from webapp.benchmarks.frames import frame_names_fill_missing
from webapp.blobs.collection import blobs_collect
from webapp.jobs.health import clock_ticked
from webapp.jobs.sweep import jobs_sweep
from webapp.leaderboards.ranks import boards_rank
from webapp.leaderboards.services import RANK_TASK, boards_fill_missing
from webapp.playback import files as playback_files
from webapp.playback.services import REQUEST_TASK as STORES_TASK
from webapp.playback.services import stores_request_due
from webapp.runs.services import runs_let_go
from webapp.submissions.analyses.services import REQUEST_TASK, analyses_request_due
from webapp.submissions.services import submissions_let_go
from webapp.uploads.services import uploads_expire
from worker.app import app

logger = logging.getLogger(__name__)


@app.task(name="worker.sweep")
def sweep() -> None:
    """Take jobs from silent workers, ring for jobs that nobody took, delete expired uploads."""
    clock_ticked()
    found = jobs_sweep()
    expired = uploads_expire()
    if found.leases_expired or found.doorbells_rung or expired:
        logger.info("Sweep: %s, %d uploads expired", found, expired)


@app.task(name="worker.collect_files")
def collect_files() -> None:
    """Let go the files of submissions that were not scored and of failed runs; delete what nobody needs."""
    submissions, runs, deleted = submissions_let_go(), runs_let_go(), blobs_collect()
    if submissions or runs or deleted:
        logger.info("Files: %d submissions and %d runs let go, %d deleted", submissions, runs, deleted)


@app.task(name="worker.measure_studies")
def measure_studies() -> None:
    """Find the ablations in what was scored since the last time."""
    if made := studies_measure_due():
        logger.info("The ablations of %d methods were found", made)


@app.task(name="worker.fill_frame_names")
def fill_frame_names() -> None:
    """Read the names of frames from ground truths that were imported before they were kept."""
    if filled := frame_names_fill_missing():
        logger.info("The names of the frames of %d splits were read", filled)


@app.task(name=RANK_TASK)
def rank_boards() -> None:
    """Make the ranks of boards whose numbers changed; write rows that are missing."""
    filled, ranked = boards_fill_missing(), boards_rank()
    if filled or ranked:
        logger.info("Boards: %d rows filled in, %d columns ranked", filled, ranked)


@app.task(name=REQUEST_TASK)
def request_analyses() -> None:
    """Queue analyses of scored submissions that have none, a few at a time."""
    if queued := analyses_request_due():
        logger.info("%d analyses were asked for", queued)


@app.task(name=STORES_TASK)
def request_mask_stores() -> None:
    """Have the masks made that anybody may look at, a few at a time."""
    if queued := stores_request_due():
        logger.info("%d stores of masks were asked for", queued)


@app.task(name="worker.tidy_playback")
def tidy_playback() -> None:
    """Keep the player's files below their share of the disk."""
    if deleted := playback_files.tidy():
        logger.info("%d files of the player were deleted", deleted)
