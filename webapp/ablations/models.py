"""The studies of what was measured here, as they were found, and what people say of them."""

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


class StudyMark(models.Model):
    """What the owner of a method, or an organiser, says of one of its studies. It outlives the study."""

    split = models.ForeignKey("benchmarks.Split", on_delete=models.CASCADE, related_name="study_marks")
    method = models.ForeignKey("methods.Method", on_delete=models.CASCADE, related_name="study_marks")
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=150, blank=True, help_text="empty: as it was found")
    place = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="1 is first; empty: after those with a place"
    )
    is_hidden = models.BooleanField(default=False)

    class Meta:
        ordering = ["method__name", "place", "pk"]
        constraints = [models.UniqueConstraint(fields=["method", "key"], name="study_mark_unique")]

    def __str__(self) -> str:
        return self.title or self.key
