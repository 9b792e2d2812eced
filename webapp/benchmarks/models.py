"""Benchmarks and their splits: what is measured, on which videos, under which rules."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone

from evaluator.catalog import BENCHMARKS, BenchmarkSpec


class Benchmark(models.Model):
    """A data set with a task and a metric definition. Its evaluator is an entry of `evaluator.catalog`."""

    class Task(models.TextChoices):
        VIS = "vis", "video instance segmentation"
        VPS = "vps", "video panoptic segmentation"
        VSS = "vss", "video semantic segmentation"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    evaluator = models.CharField(max_length=40, help_text="key in evaluator.catalog.BENCHMARKS, such as ovis")
    task = models.CharField(max_length=3, choices=Task.choices)
    summary = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    homepage = models.URLField(blank=True)
    paper_url = models.URLField(blank=True)
    licence = models.CharField(max_length=200, blank=True)
    licence_url = models.URLField(blank=True)
    citation = models.TextField(blank=True, help_text="BibTeX")
    categories = models.JSONField(default=list, help_text="[{id, name, ...}]")
    is_public = models.BooleanField(default=True, help_text="off: only members and staff see it")
    members = models.ManyToManyField("accounts.User", blank=True, related_name="private_benchmarks")
    position = models.PositiveSmallIntegerField(default=100, help_text="order on the home page")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("benchmarks:detail", args=[self.slug])

    @property
    def spec(self) -> BenchmarkSpec | None:
        """The evaluator's entry; None where this version has no evaluator for it (published numbers only)."""
        return BENCHMARKS.get(self.evaluator)

    @property
    def has_maps(self) -> bool:
        """Return whether predictions are PNG maps in a zip, and the ground truth is a folder of maps."""
        return self.task != self.Task.VIS

    @property
    def predictions_name(self) -> str:
        """Name of a submitted file, for people."""
        return "predictions.zip" if self.has_maps else "results.json"

    @property
    def ground_truth_name(self) -> str:
        """Name of the ground truth in commands, for people."""
        return "ground_truth/" if self.has_maps else "annotations.json"


class Split(models.Model):
    """Videos with one ground truth, one set of rules and one leaderboard."""

    benchmark = models.ForeignKey(Benchmark, on_delete=models.CASCADE, related_name="splits")
    name = models.SlugField(max_length=40)
    is_default = models.BooleanField(default=False)
    ground_truth = models.ForeignKey(
        "uploads.Blob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="absent: nothing can be scored here, only published numbers are shown",
    )
    ground_truth_public = models.BooleanField(default=False)
    frames_dir = models.CharField(
        max_length=500, blank=True, help_text="folder with a folder of frames per video"
    )
    videos = models.JSONField(default=list, help_text="[{id, name, length, height, width}]")
    video_count = models.PositiveIntegerField(default=0)
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    quota_per_day = models.PositiveIntegerField(
        null=True, blank=True, help_text="scored submissions a user; empty: no limit"
    )
    quota_total = models.PositiveIntegerField(null=True, blank=True)
    scores_visible = models.BooleanField(
        default=True, help_text="off: scores show to staff only (blind phase)"
    )

    class Meta:
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(fields=["benchmark", "name"], name="split_name_unique"),
            models.UniqueConstraint(
                fields=["benchmark"], condition=models.Q(is_default=True), name="split_one_default"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.benchmark.name} {self.name}"

    def get_absolute_url(self) -> str:
        return f"{self.benchmark.get_absolute_url()}?split={self.name}"

    def is_open(self, now: datetime | None = None) -> bool:
        """Return whether a submission made at `now` would be scored (closing time inclusive)."""
        now = now or timezone.now()
        return (
            self.ground_truth_id is not None
            and self.benchmark.spec is not None
            and (self.opens_at is None or self.opens_at <= now)
            and (self.closes_at is None or now <= self.closes_at)
        )

    def has_closed(self, now: datetime | None = None) -> bool:
        """Return whether the closing time has passed; false where there is none."""
        return self.closes_at is not None and self.closes_at < (now or timezone.now())

    def clean(self) -> None:
        """Refuse times between which nothing could be submitted."""
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            raise ValidationError({"closes_at": "Closes before it opens: choose a time after the opening."})

    def video_index(self) -> dict[int, dict[str, Any]]:
        return {video["id"]: video for video in self.videos}


class FrameNames(models.Model):
    """The names of a split's frames, as its ground truth lists them; absent: not read yet.

    A table of its own: pages load splits often, and these names, which can be megabytes, never.
    """

    split = models.OneToOneField(
        Split, on_delete=models.CASCADE, primary_key=True, related_name="frame_names"
    )
    names = models.JSONField(
        help_text="{id of the video, or its name where maps are scored: [name with folders]}"
    )

    class Meta:
        verbose_name_plural = "frame names"

    def __str__(self) -> str:
        return f"frames of {self.split}"


class VideoSubset(models.Model):
    """Some videos of a split under a name: every submission gets all metrics for these alone as well.

    `videos` of a row never change (`webapp.benchmarks.subsets`): another list is another row, and scores
    measured on the former one vanish with it. So a score never says something about other videos.
    """

    split = models.ForeignKey(Split, on_delete=models.CASCADE, related_name="subsets")
    name = models.SlugField(max_length=40, help_text="its part of addresses, such as long")
    title = models.CharField(max_length=60, help_text="what people read, such as Long videos")
    videos = models.JSONField(help_text="ids of the videos, or their names where maps are scored; as text")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["split", "name"], name="subset_name_unique")]

    def __str__(self) -> str:
        return f"{self.split}, {self.title}"

    @property
    def video_count(self) -> int:
        return len(self.videos)
