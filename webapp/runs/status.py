"""A run shows its job's status; the run's log records its changes."""

from typing import Any

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.runs.models import RunEvent, RunVideo

SENTENCES: dict[str, str] = {
    Job.Status.QUEUED: "{queued}.",
    Job.Status.RUNNING: "Started by {worker}, attempt {attempt}.",
    Job.Status.FAILED: "Failed on our side: {message}",
    Job.Status.CANCELLED: "Cancelled.",
}


def run_follow(job: Job, actor: User | None, data: dict[str, Any]) -> None:
    """Write a run's new status into its log and the audit trail."""
    sentence = SENTENCES[job.status].format(
        queued=_queued(data),
        worker=data.get("worker"),
        attempt=data.get("attempt"),
        message=job.failure_message,
    )
    if job.status == Job.Status.CANCELLED:  # it will not go on
        RunVideo.objects.filter(run_id=job.subject_id).update(result=None)
    RunEvent.objects.create(run_id=job.subject_id, text=sentence)
    audit(f"run.{job.status}", f"run:{job.run_id}", actor=actor, **data)


def _queued(data: dict[str, Any]) -> str:
    if "attempt" not in data:
        return "Queued"
    if "code" not in data:
        return "Queued again: its worker was told to stop"
    return f"Queued again after {data['code']}"
