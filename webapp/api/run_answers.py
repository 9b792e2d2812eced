"""The API's answers about runs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from ninja import Field, Schema

from webapp.jobs.models import Job
from webapp.jobs.selectors import job_position
from webapp.runs.models import Run
from webapp.runs.selectors import run_state


class RunLinks(Schema):
    self: str
    page: str
    log: str
    submission: str | None


class RunOut(Schema):
    id: UUID
    status: str = Field(description="queued, running, succeeded, failed or cancelled")
    status_text: str
    benchmark: str
    split: str
    model: str
    checkpoint: UUID | None
    options: dict[str, Any]
    method: str
    variant: str
    stage: str
    videos_done: int
    videos_total: int
    frames_done: int
    frames_total: int
    frames_per_second: float | None
    queue_position: int | None = Field(description="1 = next; null unless queued")
    expected_s: float | None = Field(description="seconds until it is done; null where nobody can know")
    device: str | None
    peak_memory: int | None = Field(description="bytes")
    stage_seconds: dict[str, float]
    provenance: dict[str, Any]
    failure: str | None = Field(description="code, where it failed")
    submission: UUID | None = Field(description="what came of it: scored like any other")
    submission_status: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: RunLinks


def run_out(row: Run, request: HttpRequest) -> RunOut:
    state, job = run_state(row), row.job
    address = request.build_absolute_uri
    own = reverse("api:run", args=[row.id])
    submission = row.submission
    return RunOut(
        id=row.id,
        status=state.status,
        status_text=state.sentence,
        benchmark=row.split.benchmark.slug,
        split=row.split.name,
        model=row.model,
        checkpoint=row.checkpoint_id,
        options=row.options,
        method=row.variant.method.name,
        variant=row.variant.name,
        stage=state.stage,
        videos_done=state.videos_done,
        videos_total=state.videos_total,
        frames_done=state.frames_done,
        frames_total=state.frames_total,
        frames_per_second=state.frames_per_second,
        queue_position=job_position(job) if job.status == Job.Status.QUEUED else None,
        expected_s=state.expected_s,
        device=state.figures.device or None,
        peak_memory=state.figures.peak_memory,
        stage_seconds=state.figures.stage_seconds,
        provenance=row.provenance,
        failure=job.failure_code or None,
        submission=submission.id if submission else None,
        submission_status=submission.status if submission else None,
        created_at=row.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        links=RunLinks(
            self=address(own),
            page=address(row.get_absolute_url()),
            log=address(f"{own}/log"),
            submission=address(reverse("api:submission", args=[submission.id])) if submission else None,
        ),
    )
