"""Methods and benchmarks: the list of methods with their numbers, and one method's numbers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.leaderboards.board import Row
from webapp.leaderboards.choosing import COMPARED
from webapp.leaderboards.metrics import PRIMARY_OF_TASK, Metric, metric, primary_metric
from webapp.leaderboards.selectors import rows_of
from webapp.methods.models import Method
from webapp.pages.benchmarks.uncertainty import interval_text
from webapp.submissions.methods import scored_visible_to
from webapp.submissions.models import Score, Submission

# Percent of the width that stay free beside the outermost marks.
MARGIN = 4


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

    @property
    def has_intervals(self) -> bool:
        return any(line.interval for line in self.lines)

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
    """Return methods with their numbers that `user` may see, in as many queries for many as for one."""
    methods = list(methods)
    seen: dict[int, dict[str, Benchmark]] = defaultdict(dict)
    variants: dict[int, set[int]] = defaultdict(set)
    here: set[int] = set()
    best: dict[tuple[int, str], float] = {}
    rows = scored_visible_to(user).filter(variant__method__in=methods)
    scores = Score.objects.filter(metric__in=PRIMARY_OF_TASK.values(), submission__in=rows.values("pk"))
    values = {(id, key): value for id, key, value in scores.values_list("submission", "metric", "value")}
    for row in (
        rows.select_related("variant", "split__benchmark")
        .defer("split__videos", "problems", "source")
        .order_by("split__benchmark__position", "split__benchmark__slug")
    ):
        method_id = row.variant.method_id
        value = values.get((row.pk, primary_metric(row.split.benchmark)))
        if value is not None:
            where = (method_id, row.split.benchmark.slug)
            best[where] = max(value, best.get(where, value))
        seen[method_id].setdefault(row.split.benchmark.slug, row.split.benchmark)
        variants[method_id].add(row.variant_id)
        if row.origin != Submission.Origin.REPORTED:
            here.add(method_id)
    return [
        ListedMethod(
            method,
            tuple((one, best.get((method.pk, slug))) for slug, one in seen[method.pk].items()),
            len(variants[method.pk]),
            method.pk in here,
        )
        for method in methods
    ]


def method_get(*, user: User | AnonymousUser, slug: str) -> Method:
    """Raises Method.DoesNotExist also where all numbers of the method are hidden from `user`."""
    method = Method.objects.select_related("owner").get(slug=slug)
    if user.is_staff or (method.owner_id is not None and method.owner_id == user.pk):
        return method
    if not scored_visible_to(user).filter(variant__method=method).exists():
        raise Method.DoesNotExist
    return method


def method_panels(*, method: Method, user: User | AnonymousUser) -> list[Panel]:
    """Return every variant's best number on every split, in two queries."""
    submissions = list(
        scored_visible_to(user)
        .filter(variant__method=method)
        .select_related("split__benchmark", "variant__method", "author")
        .defer("split__videos", "problems")
    )
    best: dict[Split, dict[int, Row]] = defaultdict(dict)
    for submission, row in zip(submissions, rows_of(submissions), strict=True):
        rows, key = best[submission.split], primary_metric(submission.split.benchmark)
        if row.variant_id not in rows or _strength(row, key) > _strength(rows[row.variant_id], key):
            rows[row.variant_id] = row
    order = sorted(best, key=lambda s: (s.benchmark.position, s.benchmark.slug, not s.is_default, s.name))
    return [_panel(split, list(best[split].values())) for split in order]


def _panel(split: Split, rows: list[Row]) -> Panel:
    primary = metric(primary_metric(split.benchmark))
    rows.sort(key=lambda row: row.variant.casefold())
    rows.sort(key=lambda row: row.values.get(primary.key) or -1.0, reverse=primary.higher_is_better)
    known = [value for row in rows if (value := row.values.get(primary.key)) is not None]
    ends = [*known, *(bound for row in rows for bound in row.intervals.get(primary.key, ()))]
    low, high = (min(ends), max(ends)) if ends else (0.0, 0.0)

    def position(value: float) -> float:
        return round(MARGIN + (100 - 2 * MARGIN) * ((value - low) / (high - low) if high > low else 0.5), 1)

    def line(row: Row) -> Line:
        value = row.values.get(primary.key)
        bounds = row.intervals.get(primary.key, (value or low, value or low))
        return Line(
            row,
            value,
            interval_text(row, primary),
            position(value or low),
            position(bounds[0]),
            position(bounds[1]),
        )

    return Panel(split, primary, tuple(line(row) for row in rows))


def _strength(row: Row, key: str) -> tuple[bool, float, bool]:
    """Main readings before second ones, then the higher value, then what was scored here."""
    value = row.values.get(key)
    return not row.is_secondary, -1.0 if value is None else value, row.origin != "reported"
