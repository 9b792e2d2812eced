"""Reads of leaderboards: four queries, whatever the number of rows, and one where the cache is empty."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from webapp.accounts.models import User
from webapp.benchmarks.models import Split, VideoSubset
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
from webapp.leaderboards.metrics import (
    Metric,
    column_order,
    is_compact,
    metric,
    primary_metric,
    printed_for,
    stand_ins,
)
from webapp.leaderboards.ran_here import with_runs
from webapp.leaderboards.significance import with_significance
from webapp.methods.models import Variant
from webapp.submissions.errata.selectors import stale_reason
from webapp.submissions.models import Score, Submission, SubsetScore


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A table to show or export. `rows` are filtered and sorted; `columns` have any value at all.

    With a `subset` (one of `subsets`), all numbers are those of its videos alone. `unmeasured` rows were
    scored here before it was made, and have none.
    """

    split: Split
    subset: VideoSubset | None
    subsets: tuple[VideoSubset, ...]
    unmeasured: int
    filters: Filters
    primary: Metric
    columns: tuple[Column, ...]
    rows: tuple[RankedRow, ...]
    facets: tuple[Facet, ...]
    total: int
    hidden_columns: int
    secondary_rows: int
    is_blind: bool
    is_hidden: bool

    @property
    def scope(self) -> str:
        """Name the videos that the numbers are about."""
        split = f"{self.split.benchmark.name} {self.split.name}"
        return split if self.subset is None else f"{split}, {self.subset.title}"


def leaderboard(*, split: Split, user: User | AnonymousUser, filters: Filters) -> Leaderboard:
    """Return one row per variant: its best visible scored submission by the primary metric.

    Facets (backbone, mode, origin, extra data) decide who competes: ranks and best numbers are among the rows
    that pass them. The text search only finds rows, whose ranks stay. Second readings of published numbers
    have no rank. While a split is closed or blind, nobody but staff sees scores; published numbers stay.

    Raises VideoSubset.DoesNotExist where `filters` names a subset that the split has not.
    """
    primary = metric(primary_metric(split.benchmark))
    subsets = tuple(split.subsets.all())
    subset = _subset(subsets, filters.subset)
    is_hidden = not split.shows_scores()
    is_blind = is_hidden and not user.is_staff
    best = _best_submissions(split, subset, user, primary.key, filters.secondary, is_blind)
    everything = with_runs(rows_of(best) if subset is None else subset_rows_of(best, subset))
    ranked = rank_rows([row for row in everything if matches(row, filters)], primary)
    competing = with_significance(ranked, primary, subset)
    keys = _keys_with_values(split, everything)
    shown_keys = [key for key in keys if filters.all_columns or is_compact(split.benchmark, key)]
    found = [r for r in competing if contains(r.row, filters.q)] if filters.q else competing
    return Leaderboard(
        split=split,
        subset=subset,
        subsets=subsets,
        unmeasured=sum(not row.values for row in everything),
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
        is_hidden=is_hidden,
    )


def _subset(subsets: Sequence[VideoSubset], name: str) -> VideoSubset | None:
    found = next((subset for subset in subsets if subset.name == name), None)
    if name and found is None:
        raise VideoSubset.DoesNotExist(f"No subset {name!r}")
    return found


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
    split: Split,
    subset: VideoSubset | None,
    user: User | AnonymousUser,
    primary: str,
    secondary: bool,
    is_blind: bool,
) -> list[Submission]:
    visible = _visible(split, user, is_blind)
    extra = _secondary(visible)
    if subset is None:
        value: Subquery | Coalesce = _number(Score.objects.filter(metric=primary))
    else:
        measured = _number(SubsetScore.objects.filter(metric=primary, subset=subset))
        value = Coalesce(measured, _number(Score.objects.filter(metric=f"{primary}_{subset.name}")))
    # Of equal numbers, one scored here goes before a printed one, and the older before the newer.
    printed = Case(When(origin=Submission.Origin.REPORTED, then=Value(1)), default=Value(0))
    best = (
        visible.exclude(pk__in=extra.values("pk"))
        .annotate(primary_value=value, printed=printed)
        .order_by("variant_id", F("primary_value").desc(nulls_last=True), "printed", "finished_at", "pk")
        .distinct("variant_id")
    )
    chosen = Q(pk__in=best.values("pk"))
    if secondary:
        chosen |= Q(pk__in=extra.values("pk"))
    rows = list(Submission.objects.filter(chosen).select_related("variant__method", "author"))
    for row in rows:
        row.split = split  # the caller's, with its benchmark
    return rows


def _number(scores: QuerySet[Score] | QuerySet[SubsetScore]) -> Subquery:
    """Return the value that `scores` has of each submission, for a query over these."""
    return Subquery(scores.filter(submission=OuterRef("pk")).values("value")[:1])


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


def subset_rows_of(submissions: Sequence[Submission], subset: VideoSubset) -> list[Row]:
    """The same with the numbers of a subset of the videos alone; printed rows without any are left out."""
    values: dict[object, dict[str, float | None]] = defaultdict(dict)
    intervals: dict[object, dict[str, tuple[float, float]]] = defaultdict(dict)
    ids = [submission.pk for submission in submissions]
    scores = SubsetScore.objects.filter(submission__in=ids, subset=subset)
    for id, key, value, low, high in scores.values_list("submission_id", "metric", "value", "low", "high"):
        values[id][key] = value
        if low is not None and high is not None:
            intervals[id][key] = (low, high)
    printed = printed_for(subset.name)
    if printed:
        scores_printed = Score.objects.filter(submission__in=ids, metric__in=printed)
        for id, key, value in scores_printed.values_list("submission_id", "metric", "value"):
            values[id].setdefault(printed[key], value)
    return [
        _row(one, values[one.pk], intervals[one.pk])
        for one in submissions
        if values[one.pk] or one.origin != Submission.Origin.REPORTED
    ]


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
        colour=method.colour,
        stale=stale_reason(submission),
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
