"""Methods and benchmarks: the list of methods with their numbers, and one method's numbers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Lower, RowNumber

from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.leaderboards.board import Row
from webapp.leaderboards.choosing import COMPARED
from webapp.leaderboards.metrics import PRIMARY_OF_TASK, Metric, metric, primary_metric
from webapp.leaderboards.models import Board, BoardRow, Standing
from webapp.leaderboards.submission_rows import rows_of
from webapp.methods.models import Method
from webapp.pages.benchmarks.uncertainty import interval_text
from webapp.submissions.methods import scored_visible_to
from webapp.submissions.models import Submission

# Rows of a split that a method's page shows.
LINES = 100
# Scales of the small charts begin at 0 and end at a multiple of so many points.
SCALE_STEP = 10


@dataclass(frozen=True, slots=True)
class ListedMethod:
    """A method with its best number on each of its benchmarks, a fraction."""

    method: Method
    benchmarks: tuple[tuple[Benchmark, float | None], ...]
    variants: int
    scored_here: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A variant's best number on a split; `mark`, `low` and `high` are positions in percent of the width."""

    row: Row
    value: float | None
    interval: str
    mark: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Panel:
    """A method's variants on one split, the best first."""

    split: Split
    primary: Metric
    lines: tuple[Line, ...]
    more: int
    """Rows that only the leaderboard shows."""
    scale: int
    """The number, in percent, at the right end of the drawings; at their left end stands 0."""

    @property
    def has_intervals(self) -> bool:
        return any(line.interval for line in self.lines)

    @property
    def is_ranked(self) -> bool:
        """Return whether everybody sees a number of it that competes."""
        return any(
            line.row.is_public and not line.row.is_secondary and line.value is not None for line in self.lines
        )

    @property
    def comparable(self) -> list[str]:
        """Ids of the submissions that the comparison takes, the best first."""
        scored = [line.row.submission_id for line in self.lines if line.row.origin != "reported"]
        return scored[: COMPARED[1]] if len(scored) >= COMPARED[0] else []


def methods_found(*, user: User | AnonymousUser, q: str = "", benchmark: str = "") -> QuerySet[Method]:
    """Return methods with a number that `user` may see, and the own ones, in the order of the alphabet.

    Every word of `q` must occur in name, team, authors, venue or year; `benchmark` is a slug.
    """
    rows = scored_visible_to(user)
    mine = Q(owner=user) if user.is_authenticated and not benchmark else Q(pk__isnull=True)
    if benchmark:
        rows = rows.filter(split__benchmark__slug=benchmark)
    methods = Method.objects.filter(Q(pk__in=rows.values("variant__method")) | mine).select_related("owner")
    for word in q.split():
        methods = methods.filter(
            Q(name__icontains=word)
            | Q(team__icontains=word)
            | Q(authors__icontains=word)
            | Q(venue__icontains=word)
            | Q(year__icontains=word)
        )
    return methods.order_by(Lower("name"), "pk")


def methods_listed(*, user: User | AnonymousUser, methods: Iterable[Method]) -> list[ListedMethod]:
    """Return methods with their numbers that `user` may see, in as many queries for many as for one.

    The best number is that of the board: second readings of published numbers are none.
    """
    methods = list(methods)
    rows = _rows_shown(user).filter(variant__method__in=methods).order_by()
    here = Count("pk", filter=~Q(submission__origin=Submission.Origin.REPORTED))
    counted = rows.values_list("variant__method").annotate(number=Count("variant", distinct=True), here=here)
    totals = {method: (variants, scored_here) for method, variants, scored_here in counted}
    ranked = Standing.objects.filter(row__in=rows.filter(is_secondary=False)).order_by()
    primary = ranked.filter(column__metric__in=PRIMARY_OF_TASK.values())
    where = ("row__variant__method", "column__board__split__benchmark")
    highest = primary.values_list(*where).annotate(best=Max("value"))
    best = {(method, one): value for method, one, value in highest}
    present = set(rows.values_list("variant__method", "board__split__benchmark").distinct())
    benchmarks = Benchmark.objects.filter(pk__in={one for _, one in present})  # in their order
    return [
        ListedMethod(
            method,
            tuple(
                (one, best.get((method.pk, one.pk))) for one in benchmarks if (method.pk, one.pk) in present
            ),
            totals.get(method.pk, (0, 0))[0],
            totals.get(method.pk, (0, 0))[1] > 0,
        )
        for method in methods
    ]


def _rows_shown(user: User | AnonymousUser) -> QuerySet[BoardRow]:
    """The rows of whole splits' boards that `user` may see."""
    seen = Q(is_public=True) | (Q(submission__author=user) if user.is_authenticated else Q())
    return BoardRow.objects.filter(seen, board__in=_boards_shown(user))


def _boards_shown(user: User | AnonymousUser) -> QuerySet[Board]:
    """The boards of whole splits as `user` may see them."""
    boards = Board.objects.filter(subset=None, split__benchmark__in=benchmarks_visible_to(user).values("pk"))
    if user.is_staff:
        return boards.filter(is_printed=False)
    is_shown = Split.showing_scores("split__")
    return boards.filter((is_shown & Q(is_printed=False)) | (~is_shown & Q(is_printed=True)))


def method_get(*, user: User | AnonymousUser, slug: str) -> Method:
    """Raises Method.DoesNotExist also where all numbers of the method are hidden from `user`."""
    method = Method.objects.select_related("owner").get(slug=slug)
    if user.is_staff or (method.owner_id is not None and method.owner_id == user.pk):
        return method
    if not scored_visible_to(user).filter(variant__method=method).exists():
        raise Method.DoesNotExist
    return method


def method_panels(*, method: Method, user: User | AnonymousUser) -> list[Panel]:
    """Return the best number of its variants on every split, the best `LINES` of each split; two queries."""
    value = Standing.objects.filter(row=OuterRef("pk"), column__metric__in=PRIMARY_OF_TASK.values())
    order = ("is_secondary", F("value").desc(nulls_last=True), "pk")
    rows = (
        _rows_shown(user)
        .filter(variant__method=method)
        .annotate(value=Subquery(value.values("value")[:1]))
        .annotate(
            number=Window(RowNumber(), partition_by="board", order_by=order),
            of=Window(Count("pk"), partition_by="board"),
        )
        .filter(number__lte=LINES)
        .select_related("submission__author", "variant__method", "board__split__benchmark")
        .defer("board__split__videos", "submission__problems")
    )
    loaded = list(rows)
    for one in loaded:
        one.submission.split, one.submission.variant = one.board.split, one.variant
    best: dict[Split, dict[int, Row]] = defaultdict(dict)
    more: dict[Split, int] = {}
    for one, row in zip(loaded, rows_of([one.submission for one in loaded]), strict=True):
        split = one.board.split
        lines, key = best[split], primary_metric(split.benchmark)
        if row.variant_id not in lines or _strength(row, key) > _strength(lines[row.variant_id], key):
            lines[row.variant_id] = row
        more[split] = max(0, one.of - LINES)
    order_of = sorted(best, key=lambda s: (s.benchmark.position, s.benchmark.slug, not s.is_default, s.name))
    return [_panel(split, list(best[split].values()), more[split]) for split in order_of]


def _panel(split: Split, rows: list[Row], more: int) -> Panel:
    primary = metric(primary_metric(split.benchmark))
    rows.sort(key=lambda row: row.variant.casefold())
    rows.sort(key=lambda row: row.values.get(primary.key) or -1.0, reverse=primary.higher_is_better)
    known = [value for row in rows if (value := row.values.get(primary.key)) is not None]
    ends = [*known, *(bound for row in rows for bound in row.intervals.get(primary.key, ()))]
    scale = SCALE_STEP * max(1, ceil(100 * max(ends, default=0.0) / SCALE_STEP - 1e-9))

    def position(value: float) -> float:
        return round(100 * 100 * value / scale, 1)

    def line(row: Row) -> Line:
        value = row.values.get(primary.key)
        bounds = row.intervals.get(primary.key, (value or 0.0, value or 0.0))
        return Line(
            row,
            value,
            interval_text(row, primary),
            position(value or 0.0),
            position(bounds[0]),
            position(bounds[1]),
        )

    return Panel(split, primary, tuple(line(row) for row in rows), more, scale)


def _strength(row: Row, key: str) -> tuple[bool, float, bool]:
    """Main readings before second ones, then the higher value, then what was scored here."""
    value = row.values.get(key)
    return not row.is_secondary, -1.0 if value is None else value, row.origin != "reported"
