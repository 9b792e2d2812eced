"""What explains a score: HOTA, IDF1, the cost of each kind of error, AP at each threshold."""

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:  # jobs refer to analyses
    from webapp.jobs.models import Job


class Analysis(models.Model):
    """The analysis of a scored submission, made by a job of its own. A score never waits for it.

    It explains the numbers of one evaluator against one ground truth. After a submission is measured again by
    another evaluator or against another ground truth, it is no longer shown, and the housekeeper replaces it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.OneToOneField(
        "submissions.Submission", on_delete=models.CASCADE, related_name="analysis"
    )
    evaluator = models.CharField(max_length=20, help_text="version of the score that it explains")
    ground_truth = models.ForeignKey("uploads.Blob", on_delete=models.PROTECT, related_name="+")
    findings = models.JSONField(
        null=True, help_text="as `evaluator.AnalysisPart.to_json` gives them; null until they are there"
    )
    numbers = models.JSONField(
        default=dict, help_text="those that boards show: {metric of the catalog: value or null}"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    job: "Job"

    class Meta:
        verbose_name_plural = "analyses"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(findings__isnull=True) | models.Q(finished_at__isnull=False),
                name="analysis_with_findings_has_finish_time",
            )
        ]

    def __str__(self) -> str:
        return f"analysis of {self.submission_id}"
