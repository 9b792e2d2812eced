"""Where a row stands on the board of its split by the primary metric: what everybody sees, whoever asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from webapp.benchmarks.models import Benchmark, Split
from webapp.leaderboards.metrics import Metric, metric, primary_metric
from webapp.leaderboards.models import Standing
from webapp.methods.models import Variant
from webapp.numbers import percent
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.errata.selectors import replacements_visible_to
from webapp.submissions.models import Submission

ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def ordinal(number: int) -> str:
    """Return a rank as people say it.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112, 122)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th', '122nd']
    """
    ending = "th" if number % 100 in (11, 12, 13) else ORDINALS.get(number % 10, "th")
    return f"{number}{ending}"


@dataclass(frozen=True, slots=True)
class Place:
    """A number, a fraction, with its rank among `of` rows; None while it is computed or it has none."""

    submission: Submission
    metric: Metric
    value: float
    rank: int | None
    is_tied: bool
    of: int

    @property
    def text(self) -> str:
        """Say it, such as "3rd of 120, 41.2 AP"."""
        number = f"{percent(self.value)} {self.metric.label}"
        if self.rank is None:
            return number
        return f"{'joint ' if self.is_tied else ''}{ordinal(self.rank)} of {self.of}, {number}"

    @property
    def name(self) -> str:
        """Method and variant, as they stand in a row."""
        return named(self.submission.variant)


def named(variant: Variant) -> str:
    """Return method and variant in one text."""
    return variant.method.name if variant.name == "default" else f"{variant.method.name} {variant.name}"


def place_of_variant(*, split: Split, variant_id: int) -> Place | None:
    """Return the place of a variant's best public submission."""
    return _first(split, Q(row__variant=variant_id))


def place_of_method(*, split: Split, slug: str) -> Place | None:
    """Return the best place of a method's variants."""
    return _first(split, Q(row__variant__method__slug=slug))


def place_of_submission(submission: Submission) -> Place | None:
    """Return the place of a public submission; without a rank if the board has another of its variant."""
    if not submission.is_shown:
        return None
    split = submission.split
    place = _first(split, Q(row__submission=submission))
    if place is not None or not split.shows_scores_to_all:
        return place
    primary = metric(primary_metric(split.benchmark))
    value = submission.scores.filter(metric=primary.key).values_list("value", flat=True).first()
    return None if value is None else Place(submission, primary, value, None, False, 0)


def places_of_method(slug: str) -> list[Place]:
    """Return the best place of a method on each split that shows its numbers, the default splits first."""
    shown = Split.objects.filter(Split.showing_scores(), benchmark__is_public=True).defer("videos")
    splits = shown.filter(boards__rows__variant__method__slug=slug).select_related("benchmark").distinct()
    ordered = sorted(splits, key=lambda s: (s.benchmark.position, s.benchmark.slug, not s.is_default, s.name))
    return [place for split in ordered if (place := place_of_method(split=split, slug=slug)) is not None]


def places_first(split: Split, limit: int) -> list[Place]:
    """Return the first places of a board."""
    of = _standings(split).count()
    return [_place(one, split, of) for one in _best(split)[:limit]]


def _first(split: Split, rows: Q) -> Place | None:
    found = _best(split).filter(rows).first()
    return None if found is None else _place(found, split, _standings(split).count())


def _standings(split: Split) -> QuerySet[Standing]:
    """The numbers that have ranks; none where not everybody may see them."""
    if not split.shows_scores_to_all:
        return Standing.objects.none()
    return Standing.objects.filter(
        column__board__split=split,
        column__board__subset=None,
        column__board__is_printed=False,
        column__metric=primary_metric(split.benchmark),
        row__is_public=True,
        row__is_secondary=False,
    )


def _best(split: Split) -> QuerySet[Standing]:
    """They, the best first."""
    sign = "-" if metric(primary_metric(split.benchmark)).higher_is_better else ""
    loaded = (
        _standings(split)
        .select_related("row__submission__variant__method")
        .defer("row__submission__problems")
    )
    return loaded.order_by(f"{sign}value", "row__submission__finished_at", "pk")


def _place(standing: Standing, split: Split, of: int) -> Place:
    row = standing.row
    assert row is not None  # rows alone are read
    row.submission.split = split
    primary = metric(primary_metric(split.benchmark))
    return Place(row.submission, primary, standing.value, standing.rank, standing.is_tied, of)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that has happened to a board: a new row, or another number of one (`before` it was)."""

    id: UUID
    at: datetime
    place: Place
    before: float | None
    reason: str = ""


def board_changes(benchmark: Benchmark, limit: int = 50) -> list[Change]:
    """Return the latest changes of a benchmark's boards of whole splits, latest first."""
    splits = benchmark.splits.select_related("benchmark").defer("videos")
    found = [change for split in splits for change in _changes(split, limit)]
    return sorted(found, key=lambda change: (change.at, change.id), reverse=True)[:limit]


def _changes(split: Split, limit: int) -> Iterator[Change]:
    of = _standings(split).count()
    newest = _best(split).order_by("-row__submission__finished_at", "-pk")[:limit]
    for place in (_place(one, split, of) for one in newest):
        yield Change(place.submission.pk, _shown_since(place.submission), place, None)
    replaced = list(_replaced(split)[:limit])
    corrected = _best(split).filter(row__submission__in=[again.submission_id for again in replaced])
    places = {place.submission.pk: place for place in (_place(one, split, of) for one in corrected)}
    key = primary_metric(split.benchmark)
    for again in replaced:
        before, row = again.before_metrics.get(key), places.get(again.submission_id)
        assert again.replaced_at is not None  # only these are read
        if row is not None and before != again.after_metrics.get(key):
            yield Change(again.pk, again.replaced_at, row, before, again.reason)


def _shown_since(submission: Submission) -> datetime:
    """When others could see a number first: what was scored in a blind phase is new when this ends."""
    at, revealed = submission.finished_at, submission.split.revealed_at
    assert at is not None  # the database has it of everything scored
    is_printed = submission.origin == Submission.Origin.REPORTED
    return at if is_printed or revealed is None else max(at, revealed)


def _replaced(split: Split) -> QuerySet[Reevaluation]:
    """The corrections of numbers that others had seen, latest first."""
    replaced = replacements_visible_to(AnonymousUser()).filter(submission__split=split)
    revealed = split.revealed_at
    return replaced if revealed is None else replaced.filter(replaced_at__gt=revealed)
