"""An analysis stores nothing of its job's status, and nobody waits for it."""

from typing import Any

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job


def analysis_follow(job: Job, actor: User | None, data: dict[str, Any]) -> None:
    """Note in the audit trail that no analysis was made; how others went, their jobs say."""
    if job.status == Job.Status.FAILED:
        audit(f"analysis.{job.status}", f"analysis:{job.subject_id}", actor=actor, **data)
