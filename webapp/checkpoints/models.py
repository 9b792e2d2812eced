"""Checkpoints: weights that people have uploaded for reference runs."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone

from webapp.jobs.models import Job


class Checkpoint(models.Model):
    """Weights of the reference model, as they were uploaded and, once checked, as they are run.

    What has become of it follows from its job (kind `check`) and from what that job stored: `weights`
    where the file is good, `problems` where it is not. Nothing else writes them.
    """

    class Visibility(models.TextChoices):
        PRIVATE = "private", "You, the organisers, and whom you name"
        PUBLIC = "public", "Everybody"

    class Status(models.TextChoices):
        RECEIVED = "received", "Waiting to be checked"
        CHECKING = "checking", "Being checked"
        READY = "ready", "Ready"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed on our side"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="checkpoints")
    name = models.CharField(max_length=100)
    filename = models.CharField(max_length=255, blank=True)
    source = models.ForeignKey(
        "uploads.Blob", on_delete=models.PROTECT, related_name="+", help_text="the file as it was uploaded"
    )
    weights = models.ForeignKey(
        "uploads.Blob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="its tensors as safetensors: what is run; absent until it is found good",
    )
    configurations = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="names of all configurations whose model it fits; some differ in nothing that has weights",
    )
    parameters = models.BigIntegerField(null=True, blank=True, help_text="numbers in all its tensors")
    problems = models.JSONField(default=list, blank=True, help_text="Problem.to_json() of each")
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.PRIVATE)
    shared_with = models.ManyToManyField("accounts.User", blank=True, related_name="shared_checkpoints")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weights__isnull=True)
                | (models.Q(parameters__isnull=False) & models.Q(configurations__len__gt=0)),
                name="checkpoint_ready_fits_a_configuration",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("checkpoints:detail", args=[self.id])

    @property
    def sha256(self) -> str:
        """The hash of the file that was uploaded, by which people know it."""
        return self.source_id

    @property
    def is_ready(self) -> bool:
        """Return whether it can be run."""
        return self.weights_id is not None

    @property
    def status(self) -> Status:
        if self.is_ready:
            return self.Status.READY
        job: Job | None = getattr(self, "job", None)
        if job is None or job.status == Job.Status.QUEUED:
            return self.Status.RECEIVED
        if job.status == Job.Status.RUNNING:
            return self.Status.CHECKING
        return self.Status.REFUSED if job.status == Job.Status.SUCCEEDED else self.Status.FAILED
