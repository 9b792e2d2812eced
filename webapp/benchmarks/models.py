"""Benchmarks and their splits: what is measured, on which videos, under which rules."""

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from evaluator.catalog import BENCHMARKS, BenchmarkSpec
from evaluator.types import VideoInfo

# What began before the closing time, an upload or a run, may be submitted for so long after it.
GRACE = timedelta(hours=1)


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

    def clean(self) -> None:
        """Refuse an evaluator that this version does not have; one that the row has already may stay."""
        if self.evaluator in BENCHMARKS:
            return
        if not Benchmark.objects.filter(pk=self.pk, evaluator=self.evaluator).exists():
            known = ", ".join(BENCHMARKS)
            raise ValidationError(
                {"evaluator": f"There is no evaluator {self.evaluator!r}. Choose one of {known}."}
            )

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
    frames_public = models.BooleanField(
        default=False, help_text="on: whoever sees the split may look at its frames"
    )
    videos = models.JSONField(default=list, help_text="[{id, name, length, height, width}]")
    video_count = models.PositiveIntegerField(default=0)
    categories = models.JSONField(
        null=True, blank=True, help_text="[{id, name, ...}]; empty: those of its benchmark"
    )
    opens_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="UTC; empty: closed, which means no submissions, and scores show to organisers alone",
    )
    closes_at = models.DateTimeField(
        null=True, blank=True, help_text="UTC, inclusive; empty: no closing time. Scores go on showing"
    )
    quota_per_day = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="accepted submissions per person; empty: no limit",
    )
    quota_total = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="accepted submissions per person; empty: no limit",
    )
    scores_visible = models.BooleanField(
        default=True, help_text="off: scores show to organisers alone (blind phase)"
    )
    revealed_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="when the last blind phase ended; the database writes it",
    )
    details_visible = models.BooleanField(
        default=False,
        help_text="on: numbers per video and per category show to everybody who sees the scores; "
        "off: to organisers alone, unless the ground truth is public",
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

    @property
    def can_score(self) -> bool:
        """Return whether there is something to measure submissions against."""
        return self.ground_truth_id is not None and self.benchmark.spec is not None

    @property
    def known_categories(self) -> list[dict[str, Any]]:
        """Its own categories, else those of its benchmark."""
        if self.categories is not None:
            return list(self.categories)
        return list(self.benchmark.categories)

    @property
    def is_closed(self) -> bool:
        """Return whether it has a ground truth and has not opened: what it is to be is not known yet."""
        return self.ground_truth_id is not None and not self.has_opened()

    def has_opened(self, now: datetime | None = None) -> bool:
        """Return whether the opening time has come; without one a split is closed."""
        return self.opens_at is not None and self.opens_at <= (now or timezone.now())

    def is_open(self, now: datetime | None = None, *, begun_at: datetime | None = None) -> bool:
        """Return whether a submission made at `now` would be scored (closing time inclusive).

        `begun_at` is when its upload began, or its run was started: before the closing time, it is taken for
        an hour longer.
        """
        now = now or timezone.now()
        in_time = self.closes_at is None or now <= self.closes_at
        if self.closes_at is not None and begun_at is not None and begun_at <= self.closes_at:
            in_time = now <= self.closes_at + GRACE
        takes_any = 0 not in (self.quota_per_day, self.quota_total)
        return self.can_score and takes_any and self.has_opened(now) and in_time

    def shows_scores(self, now: datetime | None = None) -> bool:
        """Return whether scores show to everybody: not while it is closed, nor in a blind phase."""
        return self.scores_visible and (self.ground_truth_id is None or self.has_opened(now))

    @property
    def is_known_to_all(self) -> bool:
        """Return whether any visitor may know of it: its benchmark is public, and it is not closed."""
        return self.benchmark.is_public and not self.is_closed

    @property
    def shows_scores_to_all(self) -> bool:
        """Return whether any visitor may see its numbers."""
        return self.benchmark.is_public and self.shows_scores()

    def showed_scores(self, at: datetime) -> bool:
        """Return whether scores showed to everybody at a time that has passed, as far as may be told today.

        What lies before the end of a blind phase stays hidden, also where scores had shown before it.
        """
        was_revealed = self.revealed_at is None or self.revealed_at < at
        return self.shows_scores(at) and was_revealed

    @staticmethod
    def showing_scores(prefix: str = "", *, now: datetime | None = None) -> models.Q:
        """`shows_scores` as a condition; `prefix` leads to the split, such as `split__`."""
        has_opened = models.Q(**{f"{prefix}opens_at__lte": now or timezone.now()})
        shows_nothing_of_ours = models.Q(**{f"{prefix}ground_truth": None})
        return models.Q(**{f"{prefix}scores_visible": True}) & (has_opened | shows_nothing_of_ours)

    @property
    def has_quota(self) -> bool:
        return self.quota_per_day is not None or self.quota_total is not None

    @property
    def shows_details(self) -> bool:
        """Return whether numbers per video and category show to everybody who sees the scores."""
        return self.ground_truth_public or self.details_visible

    def has_closed(self, now: datetime | None = None) -> bool:
        """Return whether the closing time has passed; false where there is none."""
        return self.closes_at is not None and self.closes_at < (now or timezone.now())

    def clean(self) -> None:
        """Refuse times between which nothing could be submitted."""
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            raise ValidationError({"closes_at": "Closes before it opens: choose a time after the opening."})

    def video_infos(self) -> list[VideoInfo]:
        """Return its videos, typed: the one place that reads `videos`."""
        names = [field.name for field in fields(VideoInfo)]  # rows may say more of a video
        return [VideoInfo(**{name: video[name] for name in names}) for video in self.videos]

    def videos_by_label(self) -> dict[str, VideoInfo]:
        """Return its videos by what reports, subsets and names of frames call them.

        That is the id as text, or the name where maps are scored.
        """
        has_maps = self.benchmark.has_maps
        return {video.name if has_maps else str(video.id): video for video in self.video_infos()}

    def frame_count(self) -> int:
        """Return the number of frames of all its videos."""
        return sum(video.length for video in self.video_infos())


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
