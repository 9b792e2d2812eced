"""A board as it was at the end of a day, and what changed between two days: for everybody the same.

It has the rows that are public today and were scored by then, with the numbers that were valid then. Ranks
are those of the numbers alone, since draws of earlier numbers are not kept.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone

from webapp.benchmarks.models import Split
from webapp.cache import made_once
from webapp.leaderboards.board import SAME, Row
from webapp.leaderboards.home import SECOND_READING
from webapp.leaderboards.metrics import Metric, column_order, is_compact, metric, primary_metric
from webapp.leaderboards.selectors import boards_version
from webapp.leaderboards.submission_rows import rows_of
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.models import Score, Submission

# The past changes only where the key does, which has the version of the board.
KEPT_S = 300
PAGE = 25
CHANGES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class PastPlace:
    """A variant's best number at the end of a day, a fraction."""

    submission_id: UUID
    variant_id: int
    value: float
    rank: int
    is_tied: bool
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class PastRow:
    place: PastPlace
    row: Row


@dataclass(frozen=True, slots=True)
class Move:
    """A row that is new, or whose rank or number is another. `before` is None of a new one."""

    row: Row
    before: PastPlace | None
    after: PastPlace

    @property
    def has_new_number(self) -> bool:
        return self.before is not None and self.before.value != self.after.value


@dataclass(frozen=True, slots=True)
class PastBoard:
    """A page of a board at the end of a day.

    `moves` are the changes since the end of another day, new rows and new numbers first; `more_moves` are not
    among them. `is_hidden`: a blind phase is on, and nothing shows.
    """

    split: Split
    at: date
    since: date | None
    primary: Metric
    metrics: tuple[Metric, ...]
    rows: tuple[PastRow, ...]
    total: int
    page: int
    pages: int
    moves: tuple[Move, ...]
    more_moves: int
    is_hidden: bool

    @property
    def has_new_numbers(self) -> bool:
        return any(move.has_new_number for move in self.moves)


def past_board(*, split: Split, at: date, since: date | None = None, page: int = 1) -> PastBoard:
    """Return a page of a split's board at the end of a day (UTC), and what changed since another day.

    Ask for a split that everybody may know of (`split_shown_outside`).
    """
    at = min(at, today())
    primary = metric(primary_metric(split.benchmark))
    is_hidden = not split.shows_scores()
    places = [] if is_hidden else _places(split, at)
    pages = max(1, -(-len(places) // PAGE))
    page = min(max(1, page), pages)
    shown = places[(page - 1) * PAGE : page * PAGE]
    moves = [] if is_hidden or since is None or since >= at else _moves(_places(split, since), places)
    rows = _rows(
        split, at, [one.submission_id for one in (*shown, *(after for _, after in moves[:CHANGES_SHOWN]))]
    )
    past_rows = tuple(PastRow(one, rows[one.submission_id]) for one in shown)
    return PastBoard(
        split=split,
        at=at,
        since=since,
        primary=primary,
        metrics=_metrics(split, [one.row for one in past_rows], primary),
        rows=past_rows,
        total=len(places),
        page=page,
        pages=pages,
        moves=tuple(
            Move(rows[after.submission_id], before, after) for before, after in moves[:CHANGES_SHOWN]
        ),
        more_moves=max(0, len(moves) - CHANGES_SHOWN),
        is_hidden=is_hidden,
    )


def today() -> date:
    return timezone.now().astimezone(UTC).date()


def _end(day: date) -> datetime:
    """The first moment after a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _places(split: Split, day: date) -> list[PastPlace]:
    """All variants, the best first. They are kept for a while: the past stays as it is."""
    version = boards_version(split=split, user=AnonymousUser())
    key = f"past:{split.pk}:{day}:{split.revealed_at}:{version}".replace(" ", "")
    return made_once(key, lambda: _ranked(split, day), kept_s=KEPT_S)


def _ranked(split: Split, day: date) -> list[PastPlace]:
    primary = metric(primary_metric(split.benchmark))
    replaced = _replaced_since(split, day)
    earlier = dict(replaced.values_list("submission", f"before_metrics__{primary.key}"))
    scores = Score.objects.filter(
        metric=primary.key,
        submission__split=split,
        submission__status=Submission.Status.SCORED,
        submission__is_public=True,
        submission__finished_at__lt=_end(day),
    ).exclude(submission__source__contains=SECOND_READING)
    reported = Submission.Origin.REPORTED
    if not split.showed_scores(min(_end(day), timezone.now())):
        scores = scores.filter(submission__origin=reported)
    fields = (
        "value",
        "submission_id",
        *(f"submission__{name}" for name in ("variant_id", "origin", "finished_at")),
    )
    best: dict[int, tuple[tuple[object, ...], float, UUID, datetime]] = {}
    for now, id, variant, origin, finished_at in scores.values_list(*fields):
        value = earlier.get(id, now)
        if value is None:
            continue
        value = round(value, SAME)
        strength = (-value if primary.higher_is_better else value, origin == reported, finished_at, id)
        if variant not in best or strength < best[variant][0]:
            best[variant] = (strength, value, id, finished_at)
    times = Counter(value for _, value, _, _ in best.values())
    rank_of: dict[float, int] = {}
    places: list[PastPlace] = []
    for variant, (_, value, id, finished_at) in sorted(best.items(), key=lambda one: one[1][0]):
        rank = rank_of.setdefault(value, len(places) + 1)
        places.append(PastPlace(id, variant, value, rank, times[value] > 1, finished_at))
    return places


def _replaced_since(split: Split, day: date) -> QuerySet[Reevaluation]:
    """The first replacement of a submission's numbers after a day: those before it were valid on the day."""
    replaced = Reevaluation.objects.filter(submission__split=split, replaced_at__gte=_end(day))
    return replaced.order_by("submission_id", "replaced_at").distinct("submission_id")


def _rows(split: Split, day: date, ids: list[UUID]) -> dict[UUID, Row]:
    """Submissions as rows with the numbers of then."""
    submissions = Submission.objects.filter(pk__in=ids).select_related("variant__method", "author")
    loaded = list(submissions.defer("problems"))
    for one in loaded:
        one.split = split
    rows = {one.pk: row for one, row in zip(loaded, rows_of(loaded), strict=True)}
    for replaced in _replaced_since(split, day).filter(submission__in=ids):
        row = rows[replaced.submission_id]
        row.values.clear()
        row.values.update(replaced.before_metrics)
        row.intervals.clear()
    return rows


def _metrics(split: Split, rows: list[Row], primary: Metric) -> tuple[Metric, ...]:
    """The columns: what a board shows at first."""
    present = {key for row in rows for key, value in row.values.items() if value is not None}
    order = [
        key for key in column_order(split.benchmark) if key in present and is_compact(split.benchmark, key)
    ]
    return tuple(metric(key) for key in dict.fromkeys((primary.key, *order)))


def _moves(before: list[PastPlace], after: list[PastPlace]) -> list[tuple[PastPlace | None, PastPlace]]:
    """Return what differs: new rows and numbers first, then rows that others moved; the best first."""
    former = {one.variant_id: one for one in before}
    pairs = [(former.get(one.variant_id), one) for one in after]
    moved = [pair for pair in pairs if pair[0] is None or _differs(pair[0], pair[1])]
    return sorted(moved, key=lambda pair: pair[0] is not None and pair[0].value == pair[1].value)


def _differs(before: PastPlace, after: PastPlace) -> bool:
    return (before.rank, before.value) != (after.rank, after.value)
