"""The interface of workers that run the model; the job's side is `webapp.jobs.services`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from evaluator.types import VideoInfo
from webapp.blobs.models import Blob
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import Job
from webapp.jobs.services import job_claim, job_finish_failed, job_held, job_succeed
from webapp.runs.models import Run, RunEvent, RunVideo
from webapp.runs.options import RunOptions
from webapp.submissions.models import Submission
from webapp.submissions.services import SubmissionRefused, submission_create
from webapp.submissions.signals import numbers_changed

# In the provenance of a run: how its frames were ordered. Runs without it took them sorted as text.
FRAME_ORDER = "frame_order"


@dataclass(frozen=True, slots=True)
class Execution:
    """A claimed run. `token` proves its lease; whoever lost it stores nothing.

    Attributes:
        split_id: the split's key.
        frames_dir: with a folder of pictures per video.
        categories: ids of the split's categories.
        videos: of the split, by their labels.
        done: the results that are there already, by id of their video.
    """

    token: UUID
    job_id: UUID
    run_id: UUID
    attempt: int
    model: str
    checkpoint: Checkpoint | None
    options: RunOptions
    split_id: int
    frames_dir: str
    categories: list[int]
    videos: dict[str, VideoInfo]
    done: dict[int, Blob]


@dataclass(frozen=True, slots=True)
class VideoMeasures:
    """Cost of one video: seconds, and bytes on the device."""

    frames: int
    seconds: float
    stage_seconds: dict[str, float]
    peak_memory: int
    worker: str
    device: str


@transaction.atomic
def run_claim(*, worker: str) -> Execution | None:
    """Take the run that is next in line; None where there is nothing to do."""
    claim = job_claim(kind=Job.Kind.RUN, worker=worker)
    if claim is None:
        return None
    rows = Run.objects.select_related("split__benchmark", "checkpoint__weights")
    run = rows.get(pk=claim.job.subject_id)
    return Execution(
        token=claim.token,
        job_id=claim.job.id,
        run_id=run.id,
        attempt=claim.job.attempts_made,
        model=run.model,
        checkpoint=run.checkpoint,
        options=RunOptions(**run.options),
        split_id=run.split.pk,
        frames_dir=run.split.frames_dir,
        categories=[category["id"] for category in run.split.known_categories],
        videos=run.split.videos_by_label(),
        done={
            video.video_id: video.result
            for video in run.videos.select_related("result")
            if video.result is not None
        },
    )


def run_log(*, run_id: UUID, text: str) -> bool:
    """Add a line to the log that the author reads."""
    RunEvent.objects.create(run_id=run_id, text=text)
    return True


@transaction.atomic
def run_video_store(*, token: UUID, video_id: int, result: Blob, measures: VideoMeasures, text: str) -> bool:
    """Keep the result of a video, with a line in the log. False where the lease is lost, or it is there."""
    attempt = job_held(token=token)
    if attempt is None:
        return False
    run_id = attempt.job.subject_id
    _, is_new = RunVideo.objects.get_or_create(
        run_id=run_id,
        video_id=video_id,
        defaults={
            "result": result,
            "frames": measures.frames,
            "seconds": measures.seconds,
            "stage_seconds": measures.stage_seconds,
            "peak_memory": measures.peak_memory,
            "worker": measures.worker,
            "device": measures.device,
        },
    )
    if is_new:
        RunEvent.objects.create(run_id=run_id, text=text)
    return True


def run_finish(*, token: UUID, blob: Blob, filename: str, provenance: dict[str, Any]) -> bool:
    """Hand in what the model has predicted, as anybody would, and end the run: both or nothing.

    Where the split does not take it any more, the run has failed for that reason. False where the lease is
    lost.
    """

    def hand_in(job: Job) -> None:
        run = Run.objects.select_for_update().get(pk=job.subject_id)
        run.submission = submission_create(
            author=run.author,
            split=run.split,
            variant=run.variant,
            blob=blob,
            filename=filename,
            note=run.note,
            is_public=run.is_public,
            origin=Submission.Origin.RUN,
            begun_at=run.created_at,
        )
        run.provenance = provenance
        run.save()
        if run.submission.status == Submission.Status.SCORED:  # at once: its speed is known from here on
            numbers_changed.send(Submission, submissions=[run.submission])
        run.videos.update(result=None)
        RunEvent.objects.create(run=run, text=f"Handed in as submission {run.submission.id}.")

    try:
        return job_succeed(token=token, write=hand_in)
    except SubmissionRefused as refused:
        return job_finish_failed(token=token, code="submission-refused", about=refused.message)
