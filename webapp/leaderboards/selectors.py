"""Reads of leaderboards: three queries, whatever the number of rows, and one where the cache is empty."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.leaderboards.board import (
    Column,
    Facet,
    FacetValue,
    RankedRow,
    Row,
    best_value,
    contains,
    matches,
    rank_rows,
    sort_rows,
)
from webapp.leaderboards.filters import FACTOR_FACETS, ORIGINS, Filters
from webapp.leaderboards.metrics import Metric, column_order, is_compact, metric, primary_metric, stand_ins
from webapp.leaderboards.significance import with_significance
from webapp.methods.models import Variant
from webapp.submissions.models import Score, Submission


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A table to show or export. `rows` are filtered and sorted; `columns` have any value at all."""

    split: Split
    filters: Filters
    primary: Metric
    columns: tuple[Column, ...]
    rows: tuple[RankedRow, ...]
    facets: tuple[Facet, ...]
    total: int
    hidden_columns: int
    secondary_rows: int
    is_blind: bool


def leaderboard(*, split: Split, user: User | AnonymousUser, filters: Filters) -> Leaderboard:
    """Return one row a variant: its best visible scored submission by the primary metric.

    Facets (backbone, mode, origin, extra data) decide who competes: ranks and best numbers are among the rows
    that pass them. The text search only finds rows, whose ranks stay. Second readings of published numbers
    have no rank. In a blind phase, nobody but staff sees scores; published numbers stay.
    """
    primary = metric(primary_metric(split.benchmark))
    is_blind = not split.scores_visible and not user.is_staff
    everything = rows_of(_best_submissions(split, user, primary.key, filters.secondary, is_blind))
    ranked = rank_rows([row for row in everything if matches(row, filters)], primary)
    competing = with_significance(ranked, primary)
    keys = _keys_with_values(split, everything)
    shown_keys = [key for key in keys if filters.all_columns or is_compact(split.benchmark, key)]
    found = [r for r in competing if contains(r.row, filters.q)] if filters.q else competing
    return Leaderboard(
        split=split,
        filters=filters,
        primary=primary,
        columns=tuple(
            Column(metric(key), key == primary.key, best_value(competing, metric(key))) for key in shown_keys
        ),
        rows=tuple(
            sort_rows(
                found, primary, _known_sort(filters.sort, keys), stand_ins=stand_ins(split.benchmark, keys)
            )
        ),
        facets=_facets(everything),
        total=len(everything),
        hidden_columns=len(keys) - len([k for k in keys if is_compact(split.benchmark, k)]),
        secondary_rows=_secondary(_visible(split, user, is_blind)).count(),
        is_blind=is_blind,
    )


def _visible(split: Split, user: User | AnonymousUser, is_blind: bool) -> QuerySet[Submission]:
    """Public rows and the viewer's own. Staff see everybody's private ones in the admin, not on the board."""
    mine = Q(author=user) if user.is_authenticated else Q(pk__isnull=True)
    submissions = Submission.objects.filter(
        Q(is_public=True) | mine, split=split, status=Submission.Status.SCORED
    )
    return submissions.filter(origin=Submission.Origin.REPORTED) if is_blind else submissions


def _secondary(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    return submissions.filter(origin=Submission.Origin.REPORTED, source__primary=False)


def _best_submissions(
    split: Split, user: User | AnonymousUser, primary: str, secondary: bool, is_blind: bool
) -> list[Submission]:
    visible = _visible(split, user, is_blind)
    extra = _secondary(visible)
    value = Score.objects.filter(submission=OuterRef("pk"), metric=primary).values("value")[:1]
    # Of equal numbers, one scored here goes before a printed one, and the older before the newer.
    printed = Case(When(origin=Submission.Origin.REPORTED, then=Value(1)), default=Value(0))
    best = (
        visible.exclude(pk__in=extra.values("pk"))
        .annotate(primary_value=Subquery(value), printed=printed)
        .order_by("variant_id", F("primary_value").desc(nulls_last=True), "printed", "finished_at", "pk")
        .distinct("variant_id")
    )
    chosen = Q(pk__in=best.values("pk"))
    if secondary:
        chosen |= Q(pk__in=extra.values("pk"))
    return list(Submission.objects.filter(chosen).select_related("variant__method", "author"))


def rows_of(submissions: Sequence[Submission]) -> list[Row]:
    """Submissions, whose variants and methods are loaded, as rows with all their numbers; one query."""
    values: dict[object, dict[str, float | None]] = defaultdict(dict)
    intervals: dict[object, dict[str, tuple[float, float]]] = defaultdict(dict)
    scores = Score.objects.filter(submission__in=[submission.pk for submission in submissions])
    for id, key, value, low, high in scores.values_list("submission_id", "metric", "value", "low", "high"):
        values[id][key] = value
        if low is not None and high is not None:
            intervals[id][key] = (low, high)
    return [_row(one, values[one.pk], intervals[one.pk]) for one in submissions]


def _row(
    submission: Submission, values: dict[str, float | None], intervals: dict[str, tuple[float, float]]
) -> Row:
    variant, method = submission.variant, submission.variant.method
    return Row(
        submission_id=str(submission.pk),
        variant_id=variant.pk,
        method_id=method.pk,
        method=method.name,
        method_slug=method.slug,
        variant=variant.name,
        factors=_in_order(variant.factors),
        origin=submission.origin,
        values=values,
        intervals=intervals,
        is_public=submission.is_public,
        author=submission.author.get_username() if submission.author else "",
        venue=method.venue,
        year=method.year,
        paper_url=method.paper_url,
        code_url=method.code_url,
        source=submission.source,
        evaluator=submission.evaluator,
        digest=submission.digest,
        note=submission.note,
        finished_at=submission.finished_at,
    )


def _in_order(factors: dict[str, object]) -> dict[str, str]:
    """The factors that are known, those with a type first (the database keeps no order of keys)."""
    keys = [*Variant.FACTORS, *sorted(set(factors) - set(Variant.FACTORS))]
    return {key: str(factors[key]) for key in keys if factors.get(key) not in (None, "")}


def _keys_with_values(split: Split, rows: Iterable[Row]) -> list[str]:
    """Columns worth showing; the primary metric always is, since it ranks."""
    present = {key for row in rows for key, value in row.values.items() if value is not None}
    present.add(primary_metric(split.benchmark))
    order = column_order(split.benchmark)
    return [key for key in order if key in present] + sorted(present - set(order))


def _known_sort(sort: str, keys: Sequence[str]) -> str:
    return sort if sort.removeprefix("-") in (*keys, "method", "year") else ""


def _facets(rows: Sequence[Row]) -> tuple[Facet, ...]:
    """Facets worth a chip: those on which the rows of the whole board differ."""
    facets = []
    for key, label in FACTOR_FACETS.items():
        counts = Counter(row.factors[key] for row in rows if row.factors.get(key))
        facets.append(Facet(key, label, tuple(FacetValue(v, n) for v, n in counts.most_common())))
    origins = Counter(row.origin for row in rows)
    facets.append(Facet("origin", "Origin", tuple(FacetValue(v, origins[v]) for v in ORIGINS if origins[v])))
    without = sum(not row.extra_data for row in rows)
    if 0 < without < len(rows):
        facets.append(Facet("extra_data", "Data", (FacetValue("none", without),)))
    return tuple(facet for facet in facets if len(facet.values) > 1 or facet.key == "extra_data")
