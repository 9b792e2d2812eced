"""The rows of a kept board that a person may see, as queries: which, in which order, how many at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    Expression,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    QuerySet,
    When,
)
from django.db.models.expressions import OrderBy
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower
from django.db.models.lookups import In, IsNull

from webapp.accounts.models import User
from webapp.benchmarks.models import Split, VideoSubset
from webapp.leaderboards.board import NO_EXTRA_DATA, PARTS_OF_METHOD, RankedRow, Row
from webapp.leaderboards.filters import FACTOR_FACETS, UNNAMED, Filters
from webapp.leaderboards.metrics import ANALYSED, Metric, metric
from webapp.leaderboards.models import Board, BoardColumn, BoardRow, Standing
from webapp.leaderboards.ran_here import with_runs
from webapp.leaderboards.submission_rows import rows_of
from webapp.methods.models import Variant
from webapp.submissions.analyses.selectors import analysis_numbers
from webapp.submissions.models import Score, SubsetScore

READ_AT_ONCE = 500
FACTORS = "variant__factors"
# What a row costs, by which it can be sorted.
COST_KEYS = ("params_m", "gmacs", "fps")
# Of the standing by the metric that ranks, what a row shows.
STANDING = ("value", "rank", "is_tied", "rank_low", "rank_high", "tie_group")


class SettingsText(Func):
    """The factors of a variant that stand in its row, in words; in a query."""

    template = (
        "array_to_string(ARRAY(SELECT value FROM jsonb_each_text(%(expressions)s)"
        f" WHERE key <> ALL(ARRAY{list(PARTS_OF_METHOD)})), ' ')"
    )
    output_field = CharField()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that no facet tells apart, counted; `costs` has how many of them have which."""

    is_secondary: bool
    factors: dict[str, str]
    origin: str
    has_extra_data: bool
    rows: int
    unmeasured: int
    with_primary: int
    device: str | None
    costs: dict[str, int]


@dataclass(frozen=True, slots=True)
class BoardRows:
    """The rows of a board for one person.

    Attributes:
        board: None where nothing has been scored.
        primary: the metric that ranks, where the rows are not sorted by another.
        columns: of the board, by metric.
    """

    board: Board | None
    split: Split
    subset: VideoSubset | None
    user: User | AnonymousUser
    filters: Filters
    primary: Metric
    columns: dict[str, BoardColumn]

    def visible(self) -> QuerySet[BoardRow]:
        """Public rows and the viewer's own. Staff see everybody's private ones in the admin, not here."""
        seen = Q(is_public=True)
        if self.user.is_authenticated:
            seen |= Q(submission__author=self.user)
        return BoardRow.objects.filter(seen, board=self.board)

    def _standing(self, key: str) -> FilteredRelation:
        """The standing of a row by a metric; in a query over rows."""
        column = self.columns.get(key)
        return FilteredRelation("standings", condition=Q(standings__column=column.pk if column else 0))

    def groups(self) -> list[Group]:
        """All visible rows, whatever the filters, counted by what facets tell apart."""
        is_plain = Case(When(_without_extra_data(), then=True), default=False, output_field=BooleanField())
        factors = {key: KeyTextTransform(key, FACTORS) for key in FACTOR_FACETS}
        on_device = Case(When(fps__isnull=False, then=F("device")), output_field=CharField())
        keys = ("is_secondary", "submission__origin", "is_plain", "on_device", *factors)
        named = self.visible().annotate(is_plain=is_plain, on_device=on_device, **factors)
        grouped = named.order_by().values_list(*keys)
        counted = grouped.annotate(
            rows=Count("pk"),
            unmeasured=Count("pk", filter=Q(is_measured=False)),
            with_primary=Count("pk", filter=Q(is_measured=True, stand_in=None)),
            **{f"{key}_known": Count(key) for key in COST_KEYS},
        )
        facets = len(FACTOR_FACETS)
        return [
            Group(
                is_secondary=is_secondary,
                factors={key: value for key, value in zip(FACTOR_FACETS, values, strict=True) if value},
                origin=origin,
                has_extra_data=not plain,
                rows=rows,
                unmeasured=unmeasured,
                with_primary=with_primary,
                device=device,
                costs=dict(zip(COST_KEYS, costs, strict=True)),
            )
            for is_secondary, origin, plain, device, *more in counted
            for values, (rows, unmeasured, with_primary, *costs) in [(more[:facets], more[facets:])]
        ]

    @property
    def ranking(self) -> Metric:
        """The metric whose ranks the rows show: the one by which they are sorted, if any."""
        key = self.sort.removeprefix("-")
        return metric(key) if key in self.columns else self.primary

    @property
    def folds(self) -> str:
        """The number that a row must have to be listed: the one by which they are sorted; or empty."""
        key = self.sort.removeprefix("-")
        is_number = key in COST_KEYS or (key in self.columns and key != self.primary.key)
        return key if is_number and not self.filters.without else ""

    def found(self) -> QuerySet[BoardRow]:
        """The rows that are listed: those that pass the filters and have the number that sorts."""
        rows = self.passing()
        if self.folds in COST_KEYS:
            return rows.filter(**{f"{self.folds}__isnull": False})
        return rows.filter(_has(self.columns[self.folds])) if self.folds else rows

    def passing(self) -> QuerySet[BoardRow]:
        """The rows that pass the filters."""
        filters, rows = self.filters, self.visible()
        if not filters.secondary:
            rows = rows.filter(is_secondary=False)
        for key in FACTOR_FACETS:
            if wanted := getattr(filters, key):
                rows = rows.filter(**{f"{FACTORS}__{key}__in": wanted})
        if filters.origin:
            rows = rows.filter(submission__origin__in=filters.origin)
        if filters.method:
            rows = rows.filter(variant__method__slug__in=filters.method)
        if filters.device:
            named = ["" if name == UNNAMED else name for name in filters.device]
            rows = rows.filter(fps__isnull=False, device__in=named)
        if filters.extra_data == "none":
            rows = rows.filter(_without_extra_data())
        if filters.q:
            rows = rows.alias(settings=SettingsText(FACTORS))
        for word in filters.q.split():
            rows = rows.filter(
                Q(variant__method__name__icontains=word)
                | Q(variant__name__icontains=word)
                | Q(settings__icontains=word)
                | Q(variant__method__venue__icontains=word)
                | Q(variant__method__year__icontains=word)
                | Q(submission__author__username__icontains=word)
            )
        if filters.best:
            ranked = rows.alias(number=self._standing(self.ranking.key))
            value = _ordered(F("number__value"), self.ranking.higher_is_better)
            stand_in = _ordered(F("stand_in"), False), _ordered(F("stand_in_value"), True)
            firsts = ranked.order_by("variant__method_id", value, *stand_in, "is_secondary", "pk")
            rows = BoardRow.objects.filter(pk__in=firsts.distinct("variant__method_id").values("pk"))
        return rows

    def ordered(self, rows: QuerySet[BoardRow], sort: str = "", number: str = "") -> QuerySet[BoardRow]:
        """Order rows by `sort`: a metric's key, a cost, "method" or "year"; "-" turns it, undefined is last.

        Rows without the primary metric, where it sorts, follow by their stand-in. `number` is the name that
        the query has for the standings by the metric that sorts, if it has one.
        """
        key, down = sort.removeprefix("-"), sort.startswith("-")
        names: list[Expression | F] = [Lower("variant__method__name"), Lower("variant__name"), F("pk")]
        if key == "method":
            return rows.order_by(*(_ordered(name, down) for name in names))
        if key == "year":
            return rows.order_by(_ordered(F("variant__method__year"), down), "is_secondary", *names)
        if key in COST_KEYS:
            return rows.order_by(_ordered(F(key), down), "is_secondary", *names)
        if not key:
            key, down = self.primary.key, self.primary.higher_is_better
        if not number:
            rows, number = rows.alias(number=self._standing(key)), "number"
        stand_ins = (_ordered(F("stand_in"), False), _ordered(F("stand_in_value"), True))
        behind = () if sort else stand_ins
        return rows.order_by(_ordered(F(f"{number}__value"), down), *behind, "is_secondary", *names)

    def _numbered(self, rows: QuerySet[BoardRow], metric: Metric) -> QuerySet[BoardRow]:
        """Those that have a number, which the query calls `number`."""
        return rows.alias(number=self._standing(metric.key)).filter(number__value__isnull=False)

    def _best(self, rows: QuerySet[BoardRow], number: Metric, down: bool | None = None) -> QuerySet[BoardRow]:
        """Those that have a number, by it: the database finds the first ones in an index, however many."""
        down = number.higher_is_better if down is None else down
        names = Lower("variant__method__name"), Lower("variant__name"), F("pk")
        return self._numbered(rows, number).order_by(
            OrderBy(F("number__value"), descending=down), "is_secondary", *names
        )

    @property
    def sort(self) -> str:
        """The order that the address asks for; empty for the plain one."""
        sort = self.filters.sort
        is_known = sort.removeprefix("-") in (*self.columns, *COST_KEYS, "method", "year")
        return sort if is_known else ""

    def keys(self) -> list[int]:
        """The keys of all listed rows, as the address sorts them."""
        return list(self.ordered(self.found(), self.sort).values_list("pk", flat=True))

    def page(self, first: int, last: int, numbered: int) -> list[BoardRow]:
        """Rows from `first` to before `last` of those that are listed, as the address sorts them.

        At least `numbered` of them have the number that sorts.
        """
        key = self.sort.removeprefix("-")
        if last <= numbered and (key in self.columns or not key):
            down = self.sort.startswith("-") if key else None
            chosen = self._best(self.found(), self.ranking, down)
        else:
            chosen = self.ordered(self.found(), self.sort)
        return self.load(BoardRow.objects.filter(pk__in=chosen.values("pk")[first:last]), self.sort)

    def of(self, keys: Sequence[int]) -> list[BoardRow]:
        """Load the rows with these keys, as the address sorts them."""
        return self.load(BoardRow.objects.filter(pk__in=keys), self.sort)

    def load(self, rows: QuerySet[BoardRow], sort: str = "") -> list[BoardRow]:
        """Load rows in order, each with all that is shown of it but its numbers; one query."""
        kept = {f"kept_{name}": F(f"kept__{name}") for name in STANDING}
        loaded = rows.alias(kept=self._standing(self.ranking.key)).annotate(**kept)
        related = loaded.select_related("submission__author", "variant__method").defer("submission__problems")
        return list(self.ordered(related, sort, "kept" if sort == self.sort else ""))

    def read(self, loaded: Sequence[BoardRow]) -> list[RankedRow]:
        """Give loaded rows their numbers; at most four queries."""
        for row in loaded:
            row.submission.split, row.submission.variant = self.split, row.variant
        shown = with_runs(rows_of([row.submission for row in loaded], self.subset))
        if not self.columns.keys().isdisjoint(ANALYSED):
            found = analysis_numbers(row.submission_id for row in loaded)
            for one in shown:
                analysed = found.get(one.submission_id, {})
                one.values.update({key: analysed[key] for key in ANALYSED if key in analysed})
        return [_ranked(*pair) for pair in zip(shown, loaded, strict=True)]

    def every(self) -> Iterator[RankedRow]:
        """Read all rows that pass the filters, some at a time."""
        keys = self.keys()
        for start in range(0, len(keys), READ_AT_ONCE):
            yield from self.read(self.of(keys[start : start + READ_AT_ONCE]))

    def have(self, metrics: Iterable[str]) -> bool:
        """Whether the board has all of these columns."""
        return all(key in self.columns for key in metrics)

    def top(self, metrics: Sequence[str], limit: int) -> QuerySet[BoardRow]:
        """The best rows by the primary metric that have the last of these, too; second readings left out."""
        rows = self.passing().filter(_has(self.columns[metrics[-1]]), is_secondary=False)
        return self._best(rows, self.primary)[:limit]

    def of_each_year(self, metric: Metric) -> QuerySet[BoardRow]:
        """The best row of each year by a metric."""
        rows = self.passing().filter(variant__method__year__isnull=False)
        value = OrderBy(F("number__value"), descending=metric.higher_is_better)
        by_year = self._numbered(rows, metric).order_by("variant__method__year", value, "pk")
        return by_year.distinct("variant__method__year")

    def best(self, metric: Metric, limit: int) -> QuerySet[BoardRow]:
        """The best rows by a metric whose year is known."""
        return self._best(self.passing().filter(variant__method__year__isnull=False), metric)[:limit]

    def together(self, *queries: QuerySet[BoardRow]) -> list[RankedRow]:
        """Read the rows of several queries at once, each row once, the best first."""
        keys = [query.values("pk") for query in queries]
        chosen = keys[0].union(*keys[1:], all=True)
        return self.read(self.load(BoardRow.objects.filter(pk__in=chosen)))

    def of_variants(self, variants: Sequence[int]) -> list[BoardRow]:
        """The rows of some variants that pass the filters, the best first."""
        return self.load(self.passing().filter(variant__in=variants))

    def baseline(self) -> BoardRow | None:
        """The row that the address pins, whatever the other filters."""
        if not self.filters.baseline:
            return None
        rows = self.load(self.visible().filter(variant=self.filters.baseline, is_secondary=False))
        return rows[0] if rows else None

    def fast(self, metric: Metric) -> list[tuple[UUID, str, float, float]]:
        """(submission, device, frames per second, value) of rows that have a speed and the metric."""
        column = self.columns.get(metric.key)
        if column is None:
            return []
        rows = self.passing().filter(fps__isnull=False, is_secondary=False)
        numbered = rows.alias(figure=self._standing(metric.key)).filter(figure__value__isnull=False)
        found = numbered.order_by().values_list("submission_id", "device", "fps", "figure__value")
        return [(id, device, fps or 0.0, value) for id, device, fps, value in found]

    def of_submissions(self, ids: Sequence[UUID]) -> QuerySet[BoardRow]:
        """The rows of some submissions."""
        return BoardRow.objects.filter(board=self.board, submission__in=ids)

    def values(self, metric: Metric) -> Iterator[float]:
        """The numbers of listed rows in a column, the best first; second readings left out."""
        column = self.columns.get(metric.key)
        if column is not None:
            listed = self.found().filter(is_secondary=False)
            numbers = Standing.objects.filter(column=column, row__in=listed).order_by(
                _ordered(F("value"), metric.higher_is_better)
            )
            yield from numbers.values_list("value", flat=True).iterator(READ_AT_ONCE)

    def counts(self) -> dict[str, int]:
        """How many rows that pass the filters have a number, by metric."""
        standings = Standing.objects.filter(row__in=self.passing()).order_by()
        counted = standings.values_list("column__metric").annotate(number=Count("pk"))
        return dict(counted)

    def factor_names(self) -> list[str]:
        """The factors of rows that pass the filters, those with a type first."""
        name = Func(FACTORS, function="jsonb_object_keys", output_field=CharField())
        names = self.found().annotate(name=name).order_by().values_list("name", flat=True).distinct()
        present = set(names)
        typed = [name for name in Variant.FACTORS if name in present]
        return [*typed, *sorted(present - set(typed))]

    def metrics_with_intervals(self) -> set[str]:
        """The metrics of which any row that passes the filters has a 95 % interval."""
        submissions = self.found().order_by().values("submission")
        scores: QuerySet[Score] | QuerySet[SubsetScore] = Score.objects.all()
        if self.subset is not None:
            scores = SubsetScore.objects.filter(subset=self.subset)
        bounded = scores.filter(submission__in=submissions, low__isnull=False)
        return set(bounded.values_list("metric", flat=True).distinct())


def _ranked(row: Row, loaded: BoardRow) -> RankedRow:
    value, rank, is_tied, low, high, tie = (getattr(loaded, f"kept_{name}") for name in STANDING)
    competes = loaded.is_public and not loaded.is_secondary and value is not None
    return RankedRow(row, rank, bool(is_tied), low, high, tie, is_pending=competes and rank is None)


def _has(column: BoardColumn) -> Exists:
    """Whether a row has a number in a column; in a query over rows."""
    return Exists(Standing.objects.filter(row=OuterRef("pk"), column=column))


def _without_extra_data() -> Q:
    text = KeyTextTransform("extra_data", FACTORS)
    return Q(IsNull(text, True)) | Q(In(Lower(text), NO_EXTRA_DATA))


def _ordered(by: Expression | F, down: bool) -> OrderBy:
    return OrderBy(by, descending=down, nulls_last=True)
