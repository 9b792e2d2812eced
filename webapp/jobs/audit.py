"""The audit trail: one row with each change that somebody may ask about later."""

from typing import Any

from webapp.accounts.models import User
from webapp.jobs.models import AuditEvent


def audit(action: str, subject: str, *, actor: User | None = None, **data: Any) -> None:
    """Write an event in the current transaction. `actor` None means the server itself."""
    AuditEvent.objects.create(actor=actor, action=action, subject=subject, data=data)
