"""Submissions and their scores."""

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse
from django.utils import timezone

if TYPE_CHECKING:  # jobs lie below
    from webapp.jobs.models import Job


class Submission(models.Model):
    """Predictions of one variant on one split, with what became of them.

    `status` is written by `webapp.submissions.status` alone; the database checks each change against the
    transition table, and refuses "scored" without scores (migration 0002).
    """

    class Status(models.TextChoices):
        RECEIVED = "received", "Received"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Evaluating"
        SCORED = "scored", "Scored"
        REJECTED = "rejected", "Rejected"
        FAILED = "failed", "Failed on our side"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Origin(models.TextChoices):
        UPLOAD = "upload", "scored here"
        RUN = "run", "reference run"
        REPORTED = "reported", "reported"

    UNFINISHED = (Status.RECEIVED, Status.QUEUED, Status.RUNNING)
    # Their files are kept for a while, to be looked at, and then deleted.
    LET_GO = (Status.REJECTED, Status.WITHDRAWN)

    was_under_way = False
    """True where `submission_create` found the same submission under way, and made none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    variant = models.ForeignKey("methods.Variant", on_delete=models.PROTECT, related_name="submissions")
    split = models.ForeignKey("benchmarks.Split", on_delete=models.PROTECT, related_name="submissions")
    author = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="submissions"
    )
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.UPLOAD)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    is_public = models.BooleanField(default=True, help_text="off: only its author and staff see it")
    is_hidden = models.BooleanField(
        default=False, help_text="organisers took it off the board: its author cannot publish it"
    )
    waits_for = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="waiting",
        help_text="the same file of the same author, sent before under another variant: it is evaluated once",
    )
    blob = models.ForeignKey(
        "uploads.Blob", null=True, blank=True, on_delete=models.PROTECT, related_name="submissions"
    )
    filename = models.CharField(max_length=255, blank=True)
    note = models.CharField(max_length=300, blank=True)
    problems = models.JSONField(
        default=list, blank=True, help_text="Problem.to_json() of each, errors and warnings"
    )
    source = models.JSONField(default=dict, blank=True, help_text="reported numbers: where they were printed")
    cost = models.JSONField(
        default=dict, blank=True, help_text="what its author states of its cost (webapp.submissions.costs)"
    )
    evaluator = models.CharField(max_length=20, blank=True, help_text="version that scored it")
    ground_truth = models.ForeignKey(
        "uploads.Blob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="what it was measured against: a split may get another one later",
    )
    digest = models.CharField(max_length=80, blank=True)
    result = models.ForeignKey(
        "uploads.Blob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the full report, gzip-compressed JSON",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["split", "status"]),
            models.Index(fields=["author", "-created_at"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status="scored") | models.Q(finished_at__isnull=False),
                name="submission_scored_has_finish_time",
            ),
            models.CheckConstraint(
                condition=models.Q(origin="reported")
                | models.Q(status__in=("rejected", "withdrawn"))
                | models.Q(blob__isnull=False),
                name="submission_has_predictions_unless_reported_or_let_go",
            ),
            models.CheckConstraint(
                condition=models.Q(is_hidden=False) | models.Q(is_public=False),
                name="submission_hidden_is_not_public",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant} on {self.split} ({self.status})"

    def get_absolute_url(self) -> str:
        return reverse("submissions:detail", args=[self.id])

    @property
    def is_finished(self) -> bool:
        return self.status not in self.UNFINISHED

    @classmethod
    def locked(cls) -> "models.QuerySet[Submission]":
        """Rows for a change, locked without their keys: boards write rows that refer to them meanwhile."""
        return cls.objects.select_for_update(of=("self",), no_key=True)

    @property
    def is_shown(self) -> bool:
        """Whether others see it, where they see its split."""
        return self.is_public and self.status == self.Status.SCORED

    @property
    def work(self) -> "Job | None":
        """The job that evaluates it, its own or that of the submission for which it waits."""
        own: Job | None = getattr(self, "job", None)  # published numbers and instant answers have none
        if own is None and self.waits_for is not None:
            return getattr(self.waits_for, "job", None)
        return own


class Score(models.Model):
    """One number of a scored submission, as a fraction in [0, 1]; NULL where the metric is undefined.

    `low` and `high` bound its 95 % interval; NULL where none was computed (reported numbers, for example).
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=40, help_text="key in evaluator.catalog.METRICS")
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "metric"], name="score_metric_unique"),
            models.CheckConstraint(
                condition=models.Q(value__isnull=True) | models.Q(value__range=(0.0, 1.0)),
                name="score_is_a_fraction",
            ),
            models.CheckConstraint(
                condition=models.Q(low__isnull=True, high__isnull=True)
                | models.Q(low__isnull=False, high__isnull=False, low__lte=models.F("high")),
                name="score_interval_has_both_ends",
            ),
        ]
        indexes = [models.Index(fields=["metric", "value"])]

    def __str__(self) -> str:
        return f"{self.metric} = {self.value}"


class SubsetScore(models.Model):
    """One number of a submission on a subset of the videos alone, otherwise as `Score`.

    A table of its own, so that what reads `Score` means all videos and cannot mix them up. Submissions that
    were scored before a subset was made (or got another list) have none until they are evaluated again.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="subset_scores")
    subset = models.ForeignKey("benchmarks.VideoSubset", on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=40, help_text="key in evaluator.catalog.METRICS")
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    samples = models.BinaryField(null=True, help_text="as those of all videos, of draws of these videos")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "subset", "metric"], name="subset_score_metric_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(value__isnull=True) | models.Q(value__range=(0.0, 1.0)),
                name="subset_score_is_a_fraction",
            ),
        ]
        indexes = [models.Index(fields=["subset", "metric", "value"])]

    def __str__(self) -> str:
        return f"{self.metric} = {self.value} ({self.subset.name})"


class ScoreSamples(models.Model):
    """A headline metric in every draw of the bootstrap over videos, the same draws for all of a split.

    Draw by draw, the differences of two submissions to one ground truth tell which of them is better.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="samples")
    metric = models.CharField(max_length=40, help_text="key in evaluator.catalog.METRICS")
    samples = models.BinaryField(help_text="evaluator.statistics.comparison.pack_samples, 4 bytes a draw")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "metric"], name="score_samples_metric_unique"),
        ]
        verbose_name_plural = "score samples"

    def __str__(self) -> str:
        return f"{self.metric} of {self.submission_id}"
