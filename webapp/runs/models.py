"""Runs of the reference model on a split's frames, and what has been computed so far."""

import uuid
from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils import timezone

from webapp.jobs.models import Job


class Run(models.Model):
    """The reference model on one split. Its status is that of its job, which `webapp.jobs.services` writes.

    Finished videos are stored one by one, so that another attempt goes on after the last. Whoever succeeds
    has handed in a submission: the database refuses one without the other (jobs, migration 0004).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    author = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="runs")
    split = models.ForeignKey("benchmarks.Split", on_delete=models.PROTECT, related_name="runs")
    variant = models.ForeignKey(
        "methods.Variant",
        on_delete=models.PROTECT,
        related_name="runs",
        help_text="what it is published under",
    )
    model = models.CharField(max_length=100, help_text="configuration, such as ovis/DVIS_Offline_R50")
    checkpoint = models.ForeignKey(
        "checkpoints.Checkpoint",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="runs",
        help_text="absent: the made-up weights of a tiny configuration",
    )
    options = models.JSONField(default=dict, blank=True, help_text="webapp.runs.options.RunOptions")
    note = models.CharField(max_length=300, blank=True)
    is_public = models.BooleanField(default=True, help_text="of the submission that comes of it")
    frames_total = models.PositiveIntegerField(default=0, help_text="of all videos")
    provenance = models.JSONField(default=dict, blank=True, help_text="what it ran with and on")
    submission = models.OneToOneField(
        "submissions.Submission", null=True, blank=True, on_delete=models.PROTECT, related_name="run"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    job: Job

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["author", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.model} on {self.split}"

    def get_absolute_url(self) -> str:
        return reverse("runs:detail", args=[self.id])

    @property
    def status(self) -> str:
        return self.job.status

    @property
    def finished_at(self) -> datetime | None:
        return self.job.finished_at

    @property
    def is_finished(self) -> bool:
        return self.job.status not in Job.UNFINISHED


class RunVideo(models.Model):
    """The result of one video, computed once: a row is written with its file."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="videos")
    video_id = models.PositiveIntegerField(help_text="id in Split.videos")
    frames = models.PositiveIntegerField()
    seconds = models.FloatField(help_text="from reading the first frame to the result")
    stage_seconds = models.JSONField(default=dict, help_text="{stage of the model: seconds}")
    peak_memory = models.BigIntegerField(default=0, help_text="bytes on the device; 0: not measured")
    result = models.ForeignKey(
        "uploads.Blob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="let go once it is part of the submission",
    )
    worker = models.CharField(max_length=200)
    device = models.CharField(max_length=120, help_text="name of the GPU, or of the processor")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["run", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "video_id"], name="run_video_once")]

    def __str__(self) -> str:
        return f"video {self.video_id} of {self.run_id}"


class RunEvent(models.Model):
    """One line of a run's log. `id` grows with time: who has read up to one asks for those after it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text
