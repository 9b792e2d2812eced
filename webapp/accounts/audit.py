"""The audit trail: one row per change that somebody may ask about later."""

from typing import Any

from django.db import models
from django.utils import timezone

from webapp.accounts.models import User


class AuditEvent(models.Model):
    """One change: actor, action and object. Written with the change itself, never changed."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        "accounts.User",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="nobody: the server itself",
    )
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, help_text="such as submission:<id>")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        app_label = "jobs"  # whose table it has been from the start
        ordering = ["-at"]
        indexes = [models.Index(fields=["subject", "at"])]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


def audit(action: str, subject: str, *, actor: User | None = None, **data: Any) -> None:
    """Write an event in the current transaction. `actor` None means the server itself."""
    AuditEvent.objects.create(actor=actor, action=action, subject=subject, data=data)
