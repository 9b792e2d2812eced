"""/status: what the server works with, what waits, what went wrong lately."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from webapp.jobs.state import server_state
from webapp.rest.auth import anyone

router = Router(tags=["status"])


class LineOut(Schema):
    kind: str
    label: str
    at_once: int = Field(description="jobs that can run at the same time, by the workers heard of lately")
    running: int
    queued: int
    oldest_wait_s: float | None
    done_lately: int = Field(description="ended well within a day")
    mean_wait_s: float | None
    mean_run_s: float | None


class WorkerOut(Schema):
    name: str
    kinds: list[str]
    device: str | None
    started_at: datetime


class FailureOut(Schema):
    label: str
    code: str
    message: str
    count: int = Field(description="within a week")
    latest: datetime


class StateOut(Schema):
    is_well: bool = Field(
        description="false where something waits and no worker is there for it, or the disk is low or full"
    )
    disk: Literal["ok", "low", "full"] = Field(
        description="low: no upload is taken; full: no submission either, and jobs wait for room"
    )
    lines: list[LineOut]
    workers: list[WorkerOut]
    failures: list[FailureOut]
    tries_lost: int = Field(description="attempts within a week whose worker went silent; they were repeated")


@router.get("/status", response=StateOut, auth=anyone, summary="State of the server")
def status(request: HttpRequest) -> dict[str, Any]:
    """Workers alive, lines of work, and what failed on our side within a week, by its reason."""
    state = server_state(with_hosts=False)
    workers = [
        {
            "name": one.name,
            "kinds": one.kinds,
            "device": one.info.get("device"),
            "started_at": one.started_at,
        }
        for one in state.workers
    ]
    return asdict(state) | {"is_well": state.is_well, "disk": state.disk.state, "workers": workers}
