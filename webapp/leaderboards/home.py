"""The home page's benchmarks with their best scores, and the latest scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q

from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.leaderboards.metrics import Metric, metric, primary_metric
from webapp.submissions.models import Score, Submission

# Marks a second reading. As containment it is false, not unknown, where the key is missing.
SECOND_READING = {"primary": False}


@dataclass(frozen=True, slots=True)
class Card:
    """A benchmark on the home page. `best` is the best public score of its default split."""

    benchmark: Benchmark
    split: Split | None
    primary: Metric
    scored: int
    reported: int
    best: Score | None

    @property
    def is_open(self) -> bool:
        return self.split is not None and self.split.is_open()


def benchmark_cards(user: User | AnonymousUser) -> list[Card]:
    """Return what the home page shows, in three queries."""
    benchmarks = list(benchmarks_visible_to(user).defer("description", "citation"))
    splits: dict[int, Split] = {}
    listed = Split.objects.filter(benchmark__in=benchmarks).select_related("benchmark").defer("videos")
    is_upload = ~Q(submissions__origin=Submission.Origin.REPORTED)
    is_second = Q(submissions__source__contains=SECOND_READING)
    public = Q(submissions__status=Submission.Status.SCORED, submissions__is_public=True)
    counted = listed.annotate(
        scored_here=Count("submissions", filter=public & is_upload),
        reported=Count("submissions", filter=public & ~is_upload & ~is_second),
    )
    for split in counted:  # the default split comes first
        splits.setdefault(split.benchmark_id, split)
    best = _best_scores(list(splits.values()))
    cards = []
    for benchmark in benchmarks:
        found = splits.get(benchmark.pk)
        cards.append(
            Card(
                benchmark=benchmark,
                split=found,
                primary=metric(primary_metric(benchmark)),
                scored=getattr(found, "scored_here", 0),
                reported=getattr(found, "reported", 0),
                best=best.get(found.pk) if found else None,
            )
        )
    return cards


def latest_scored(user: User | AnonymousUser, limit: int = 6) -> list[Submission]:
    """The newest public submissions scored on this server, on boards that `user` may see, with their score.

    Each has `primary` (Metric) and `primary_value` (a fraction or None).
    """
    submissions = list(
        Submission.objects.filter(
            Split.showing_scores("split__"),
            status=Submission.Status.SCORED,
            is_public=True,
            split__benchmark__in=benchmarks_visible_to(user),
        )
        .exclude(origin=Submission.Origin.REPORTED)
        .select_related("variant__method", "split__benchmark", "author")
        .defer("split__videos", "problems")
        .order_by("-finished_at")[:limit]
    )
    scores = Score.objects.filter(submission__in=[submission.pk for submission in submissions])
    values = {(s.submission_id, s.metric): s.value for s in scores}
    for submission in submissions:
        primary = metric(primary_metric(submission.split.benchmark))
        submission.primary = primary  # type: ignore[attr-defined]  # for the template, as annotate() would
        submission.primary_value = values.get((submission.pk, primary.key))  # type: ignore[attr-defined]  # same
    return submissions


def _best_scores(splits: Sequence[Split]) -> dict[int, Score]:
    """Return the best public score of each split by its primary metric, in one query."""
    wanted = Q(pk__isnull=True)
    for split in splits:
        shown = Q(submission__split=split, metric=primary_metric(split.benchmark))
        if not split.shows_scores():
            shown &= Q(submission__origin=Submission.Origin.REPORTED)
        wanted |= shown
    best = (
        Score.objects.filter(
            wanted,
            submission__status=Submission.Status.SCORED,
            submission__is_public=True,
            value__isnull=False,
        )
        .exclude(submission__source__contains=SECOND_READING)
        .select_related("submission__variant__method")
        .order_by("submission__split_id", "-value", "submission__variant__method__year", "submission_id")
        .distinct("submission__split_id")
    )
    return {score.submission.split_id: score for score in best}
