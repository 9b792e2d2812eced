"""Where methods have been measured: the list of methods with their benchmarks, and one method's numbers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.leaderboards.metrics import Metric, metric, primary_metric
from webapp.methods.models import Method, Variant
from webapp.methods.selectors import scored_visible_to
from webapp.submissions.models import Score, Submission


@dataclass(frozen=True, slots=True)
class ListedMethod:
    method: Method
    benchmarks: tuple[Benchmark, ...]
    variants: int
    scored_here: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A variant's best number on a split; `value` is a fraction, None where it is undefined."""

    submission: Submission
    value: float | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """One method's variants (rows) on the splits where any of them was measured (columns)."""

    splits: tuple[tuple[Split, Metric], ...]
    rows: tuple[tuple[Variant, tuple[Cell | None, ...]], ...]


def methods_listed(*, user: User | AnonymousUser, q: str = "", benchmark: str = "") -> list[ListedMethod]:
    """Return methods with a number that `user` may see, and the own ones, in two queries.

    Every word of `q` must occur in name, team, authors, venue or year; `benchmark` is a slug.
    """
    seen: dict[int, dict[str, Benchmark]] = defaultdict(dict)
    variants: dict[int, set[int]] = defaultdict(set)
    here: set[int] = set()
    rows = scored_visible_to(user).select_related("variant", "split__benchmark")
    for row in rows.only("variant", "variant__method", "origin", "split__benchmark").order_by(
        "split__benchmark__position", "split__benchmark__slug"
    ):
        method_id = row.variant.method_id
        seen[method_id].setdefault(row.split.benchmark.slug, row.split.benchmark)
        variants[method_id].add(row.variant_id)
        if row.origin != Submission.Origin.REPORTED:
            here.add(method_id)
    mine = Q(owner=user) if user.is_authenticated else Q(pk__isnull=True)
    methods = Method.objects.filter(Q(pk__in=seen) | mine).select_related("owner")
    for word in q.split():
        methods = methods.filter(
            Q(name__icontains=word)
            | Q(team__icontains=word)
            | Q(authors__icontains=word)
            | Q(venue__icontains=word)
            | Q(year__icontains=word)
        )
    return [
        ListedMethod(m, tuple(seen[m.pk].values()), len(variants[m.pk]), m.pk in here)
        for m in sorted(methods, key=lambda method: (method.name.casefold(), method.pk))
        if not benchmark or benchmark in seen[m.pk]
    ]


def method_get(*, user: User | AnonymousUser, slug: str) -> Method:
    """Raises Method.DoesNotExist also where all numbers of the method are hidden from `user`."""
    method = Method.objects.select_related("owner").get(slug=slug)
    if user.is_staff or (method.owner_id is not None and method.owner_id == user.pk):
        return method
    if not scored_visible_to(user).filter(variant__method=method).exists():
        raise Method.DoesNotExist
    return method


def method_matrix(*, method: Method, user: User | AnonymousUser) -> Matrix:
    """Return every variant's best number on every split, in two queries."""
    submissions = list(
        scored_visible_to(user)
        .filter(variant__method=method)
        .select_related("split__benchmark", "variant")
        .defer("split__videos", "problems")
    )
    scores = Score.objects.filter(submission__in=[submission.pk for submission in submissions])
    values = {(score.submission_id, score.metric): score.value for score in scores}
    splits: dict[int, Split] = {}
    best: dict[tuple[int, int], Cell] = {}
    for submission in submissions:
        split = splits.setdefault(submission.split_id, submission.split)
        cell = Cell(submission, values.get((submission.pk, primary_metric(split.benchmark))))
        key = (submission.variant_id, split.pk)
        if key not in best or _goes_before(cell, best[key]):
            best[key] = cell
    order = sorted(
        splits.values(), key=lambda s: (s.benchmark.position, s.benchmark.slug, not s.is_default, s.name)
    )
    return Matrix(
        splits=tuple((split, metric(primary_metric(split.benchmark))) for split in order),
        rows=tuple(
            (variant, tuple(best.get((variant.pk, split.pk)) for split in order))
            for variant in _variants(submissions)
        ),
    )


def _goes_before(new: Cell, old: Cell) -> bool:
    """Main readings before second ones, then the higher value."""
    return _strength(new) > _strength(old)


def _strength(cell: Cell) -> tuple[bool, float, bool]:
    is_main = cell.submission.source.get("primary") is not False
    value = -1.0 if cell.value is None else cell.value
    return is_main, value, cell.submission.origin != Submission.Origin.REPORTED


def _variants(submissions: Iterable[Submission]) -> list[Variant]:
    variants = {submission.variant_id: submission.variant for submission in submissions}
    return sorted(variants.values(), key=lambda variant: variant.name.casefold())
