"""Scored submissions that were measured again, with what they said before."""

import uuid

from django.db import models
from django.utils import timezone

from webapp.jobs.models import Job


class Reevaluation(models.Model):
    """Measuring a scored submission again. Until it is done, and if it fails, the earlier numbers stand.

    `before_*` is filled in the transaction that replaces the numbers; nothing changes it later.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(
        "submissions.Submission", on_delete=models.CASCADE, related_name="reevaluations"
    )
    requested_by = models.ForeignKey(
        "accounts.User",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="nobody: by a command of the server",
    )
    reason = models.CharField(max_length=300, help_text="everybody may read it")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ground_truth = models.ForeignKey(
        "uploads.Blob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="what it is measured against",
    )
    problems = models.JSONField(
        default=list, blank=True, help_text="why the file is no longer accepted; the earlier numbers stand"
    )
    replaced_at = models.DateTimeField(null=True, blank=True, help_text="when the numbers were replaced")
    before_evaluator = models.CharField(max_length=20, blank=True)
    before_digest = models.CharField(max_length=80, blank=True)
    before_ground_truth = models.ForeignKey(
        "uploads.Blob", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    before_result = models.ForeignKey(
        "uploads.Blob", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    before_metrics = models.JSONField(default=dict, blank=True, help_text="{metric: value or null}")
    after_metrics = models.JSONField(default=dict, blank=True, help_text="what it said afterwards")

    job: Job

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-replaced_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(replaced_at__isnull=True) | ~models.Q(before_digest=""),
                name="reevaluation_keeps_what_it_replaced",
            )
        ]

    def __str__(self) -> str:
        return f"{self.submission} measured again"

    @property
    def has_changed_a_number(self) -> bool:
        return bool(self.replaced_at) and self.before_metrics != self.after_metrics
