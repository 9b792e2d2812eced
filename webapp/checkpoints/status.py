"""A checkpoint stores nothing of its job's status; the audit trail records each change."""

from typing import Any

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job


def checkpoint_follow(job: Job, actor: User | None, data: dict[str, Any]) -> None:
    audit(f"checkpoint.{job.status}", f"checkpoint:{job.checkpoint_id}", actor=actor, **data)
