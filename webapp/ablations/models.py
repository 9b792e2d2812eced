"""The studies of what was measured here, as they were found."""

from django.db import models
from django.utils import timezone


class KeptStudies(models.Model):
    """The studies of one method on one split; `basis` names the submissions and factors they follow from."""

    split = models.ForeignKey("benchmarks.Split", on_delete=models.CASCADE, related_name="studies")
    method = models.ForeignKey("methods.Method", on_delete=models.CASCADE, related_name="studies")
    basis = models.CharField(max_length=32)
    studies = models.JSONField(help_text="webapp.ablations.studies.study_to_json of each")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["method__name", "pk"]
        constraints = [models.UniqueConstraint(fields=["split", "method"], name="kept_studies_unique")]
        verbose_name_plural = "kept studies"

    def __str__(self) -> str:
        return f"studies of {self.method_id} on split {self.split_id}"
