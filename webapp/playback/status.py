"""A store keeps nothing of its job's status; pages read it from the job."""

from typing import Any

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job


def mask_store_follow(job: Job, actor: User | None, data: dict[str, Any]) -> None:
    """Note in the audit trail that a store was not made; how others went, their jobs say."""
    if job.status == Job.Status.FAILED:
        audit(f"mask_store.{job.status}", f"mask_store:{job.subject_id}", actor=actor, **data)
