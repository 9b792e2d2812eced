"""What a checkpoint shows of its job's status: nothing is stored, the audit trail tells of each change."""

from typing import Any

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job


def checkpoint_follow(job: Job, actor: User | None, data: dict[str, Any]) -> None:
    audit(f"checkpoint.{job.status}", f"checkpoint:{job.checkpoint_id}", actor=actor, **data)
