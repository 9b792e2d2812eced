"""Reads of leaderboards, as they are kept: as many queries for 10,000 rows as for one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.contrib.auth.models import AnonymousUser
from django.db.models import OuterRef, Q, Subquery

from webapp.accounts.models import User
from webapp.benchmarks.models import Split, VideoSubset
from webapp.leaderboards.board import Column, Facet, FacetValue, RankedRow
from webapp.leaderboards.filters import FACTOR_FACETS, ORIGINS, ROWS_SHOWN, UNNAMED, Filters
from webapp.leaderboards.metrics import (
    CATEGORIES,
    COSTS,
    Metric,
    column_order,
    is_compact,
    metric,
    primary_metric,
)
from webapp.leaderboards.models import Board, BoardColumn, BoardRow, Standing
from webapp.leaderboards.rows import COST_KEYS, BoardRows, Group
from webapp.submissions.models import Submission
from webapp.submissions.selectors import details_are_visible

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Ends(TypedDict):
    """What `_columns` adds to a column."""

    is_seen: bool
    highest: float | None
    lowest: float | None


# Values of a facet that are offered, the commonest; chosen ones always are.
FACET_VALUES = 40


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A page of a table to show or export. `columns` have any value at all.

    With a `subset` (one of `subsets`), all numbers are those of its videos alone. `unmeasured` rows were
    scored here before it was made, and have none.

    Attributes:
        rows: of this page, filtered and sorted.
        chosen: the rows that are ticked, the best first, whatever the page.
        matching: how many rows pass the filters; `total` there are without any.
        folded: how many rows pass the filters without the number by which the board is sorted.
        with_primary: how many rows that pass the facets have the primary metric.
        ranked_by: the metric whose ranks the rows show: the primary one, or that by which they are sorted.
        hidden: columns that are not shown, by their group.
        costs: what is known of any row's cost, of `COST_KEYS`; shown where `shows_costs`.
        devices: on which rows have speeds, with their numbers; "" is one that is not named.
        has_categories: whether rows have numbers by category that the reader may see.
        baseline: the pinned row, where the address has one that is visible.
        every: all rows that pass the filters, for exports and charts, by queries of their own.
        is_ranked: false while ranks are being computed after a change.
    """

    split: Split
    subset: VideoSubset | None
    subsets: tuple[VideoSubset, ...]
    unmeasured: int
    filters: Filters
    primary: Metric
    ranked_by: Metric
    columns: tuple[Column, ...]
    hidden: Mapping[str, int]
    costs: tuple[str, ...]
    devices: Mapping[str, int]
    has_categories: bool
    baseline: RankedRow | None
    rows: tuple[RankedRow, ...]
    chosen: tuple[RankedRow, ...]
    facets: tuple[Facet, ...]
    total: int
    matching: int
    folded: int
    with_primary: int
    page: int
    pages: int
    secondary_rows: int
    is_blind: bool
    is_hidden: bool
    is_ranked: bool
    every: BoardRows

    def listed(self) -> Iterable[RankedRow]:
        """The rows that an export holds: the ticked ones, else all that are listed, on all pages."""
        return self.chosen if self.filters.rows else self.every.every()

    @property
    def shows_costs(self) -> bool:
        """Whether the columns of the costs are open."""
        return bool(self.costs) and _costs_open(self.filters)

    @property
    def shows_categories(self) -> bool:
        """Whether the columns of the categories are open."""
        return self.has_categories and _is_open(CATEGORIES, self.filters, at_first=False)

    @property
    def scope(self) -> str:
        """Name the videos that the numbers are about."""
        split = f"{self.split.benchmark.name} {self.split.name}"
        return split if self.subset is None else f"{split}, {self.subset.title}"


def leaderboard(
    *, split: Split, user: User | AnonymousUser, filters: Filters, limit: int = ROWS_SHOWN
) -> Leaderboard:
    """Return a page of a split's board, `limit` rows of it: its best public submission per variant.

    Ranks and best numbers are those of all public rows: filters and the search hide rows and change no
    rank. Second readings of published numbers and private rows, which their authors see, have none. While a
    split is closed or blind, nobody but staff sees scores; published numbers stay, ranked among themselves.

    Raises VideoSubset.DoesNotExist where `filters` names a subset that the split has not.
    """
    primary = metric(primary_metric(split.benchmark))
    subsets = tuple(split.subsets.all())
    subset = _subset(subsets, filters.subset)
    is_hidden = not split.shows_scores()
    is_blind = is_hidden and not user.is_staff
    board = Board.objects.filter(split=split, subset=subset, is_printed=is_blind).first()
    found_columns = _columns(board, user, filters)
    columns: dict[str, BoardColumn] = {column.metric: column for column in found_columns}
    rows = BoardRows(board, split, subset, user, filters, primary, columns)
    groups = rows.groups()
    everything = [one for one in groups if filters.secondary or not one.is_secondary]
    best = {
        key: one.highest if metric(key).higher_is_better else one.lowest
        for one in found_columns
        for key in [one.metric]
        if one.is_seen
    }
    keys = _in_order(split, best)
    passing = [one for one in everything if _passes(one, filters)]
    listed = _page(rows, passing, limit)
    ticked = rows.of_variants(filters.rows) if filters.rows else []
    pinned = rows.baseline()
    found = len(listed.rows)
    read = rows.read([*listed.rows, *ticked, *([pinned] if pinned else [])])
    shown = [key for key in keys if _is_shown(split, key, filters)] or [primary.key]
    return Leaderboard(
        split=split,
        subset=subset,
        subsets=subsets,
        unmeasured=sum(one.unmeasured for one in everything),
        filters=filters,
        primary=primary,
        ranked_by=rows.ranking,
        columns=tuple(Column(metric(key), key == primary.key, best.get(key)) for key in shown),
        hidden=Counter(metric(key).group for key in keys if key not in shown),
        costs=tuple(key for key in COST_KEYS if any(one.costs[key] for one in everything)),
        devices=_devices(everything),
        has_categories=subset is None
        and not is_blind
        and details_are_visible(user=user, split=split)
        and any(one.origin != Submission.Origin.REPORTED for one in everything),
        baseline=read[-1] if pinned else None,
        rows=tuple(read[:found]),
        chosen=tuple(read[found : found + len(ticked)]),
        facets=_facets(everything, filters),
        total=sum(one.rows for one in everything),
        matching=listed.matching,
        folded=listed.passing - listed.matching,
        with_primary=sum(one.with_primary for one in passing),
        page=listed.page,
        pages=listed.pages,
        secondary_rows=sum(one.rows for one in groups if one.is_secondary),
        is_blind=is_blind,
        is_hidden=is_hidden,
        is_ranked=rows.ranking.key not in columns or columns[rows.ranking.key].is_ranked,
        every=rows,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page; how many rows pass the filters, and how many of these are listed."""

    rows: list[BoardRow]
    passing: int
    matching: int
    page: int
    pages: int


def _page(rows: BoardRows, passing: Sequence[Group], limit: int) -> Page:
    """The page that is asked for. Rows that facets tell apart are counted; a search looks at all, once."""
    filters = rows.filters
    is_search = bool(filters.q or filters.method or filters.best)
    keys = rows.keys() if is_search else []
    if is_search:
        matching = len(keys)
        every = rows.passing().count() if rows.folds else matching
    else:
        every = sum(one.rows for one in passing)
        matching = rows.found().count() if rows.folds else every
    pages = max(1, -(-matching // limit))
    page = min(filters.page, pages)
    first, last = (page - 1) * limit, page * limit
    numbered = matching if rows.folds else sum(one.with_primary for one in passing)
    found = rows.of(keys[first:last]) if is_search else rows.page(first, last, numbered)
    return Page(found, every, matching, page, pages)


def boards_version(*, split: Split, user: User | AnonymousUser) -> str:
    """Return a text that changes as soon as a row or rank of the split's boards does; one query."""
    boards = Board.objects.filter(split=split).order_by("pk").values_list("pk", "version")
    is_hidden = not split.shows_scores() and not user.is_staff
    return f"{is_hidden} {split.shows_details} {split.ground_truth_id} {list(boards)}"


def _subset(subsets: Sequence[VideoSubset], name: str) -> VideoSubset | None:
    found = next((subset for subset in subsets if subset.name == name), None)
    if name and found is None:
        raise VideoSubset.DoesNotExist(f"No subset {name!r}")
    return found


def _columns(
    board: Board | None, user: User | AnonymousUser, filters: Filters
) -> "list[WithAnnotations[BoardColumn, Ends]]":
    """The columns of a board, each with its ends among ranked rows, and whether the viewer sees any."""
    standings = Standing.objects.filter(column=OuterRef("pk"), row__is_public=True, row__is_secondary=False)
    others = Q(row__is_secondary=True, row__is_public=True) if filters.secondary else Q(pk__in=())
    if user.is_authenticated:
        own = Q(row__is_public=False, row__submission__author=user)
        others |= own if filters.secondary else own & Q(row__is_secondary=False)
    seen = Standing.objects.filter(others, row__board=board).values("column")
    columns = BoardColumn.objects.filter(board=board).annotate(
        highest=Subquery(standings.order_by("-value").values("value")[:1]),
        lowest=Subquery(standings.order_by("value").values("value")[:1]),
    )
    return list(columns.annotate(is_seen=Q(highest__isnull=False) | Q(pk__in=seen)))


def _in_order(split: Split, present: Mapping[str, object]) -> list[str]:
    """Columns worth showing; the primary metric always is, since it ranks."""
    keys = {*present, primary_metric(split.benchmark)}
    order = column_order(split.benchmark)
    return [key for key in order if key in keys] + sorted(keys - set(order))


def _is_open(group: str, filters: Filters, *, at_first: bool) -> bool:
    if filters.all_columns or group in filters.groups:
        return True
    return at_first and f"-{group}" not in filters.groups


def _costs_open(filters: Filters) -> bool:
    return filters.sort.removeprefix("-") in COST_KEYS or _is_open(COSTS, filters, at_first=False)


def _is_shown(split: Split, key: str, filters: Filters) -> bool:
    """Return whether a metric has a column: a chosen one; where none are, that of an open group."""
    if filters.metrics:
        return key in filters.metrics
    if key in (primary_metric(split.benchmark), filters.sort.removeprefix("-")):
        return True
    return _is_open(metric(key).group, filters, at_first=is_compact(split.benchmark, key))


def _devices(groups: Iterable[Group]) -> Counter[str]:
    devices: Counter[str] = Counter()
    for one in groups:
        if one.device is not None:
            devices[one.device] += one.rows
    return devices


def _passes(group: Group, filters: Filters) -> bool:
    """Return whether the rows of a group pass the facets."""
    return (
        all(
            not getattr(filters, key) or group.factors.get(key, "") in getattr(filters, key)
            for key in FACTOR_FACETS
        )
        and (not filters.origin or group.origin in filters.origin)
        and (not filters.device or (group.device is not None and (group.device or UNNAMED) in filters.device))
        and (filters.extra_data != "none" or not group.has_extra_data)
    )


def _facets(groups: Sequence[Group], filters: Filters) -> tuple[Facet, ...]:
    """Facets worth a chip: those on which the rows of the whole board differ."""
    counts: dict[str, Counter[str]] = {key: Counter() for key in (*FACTOR_FACETS, "origin")}
    total = without = 0
    for group in groups:
        total += group.rows
        without += 0 if group.has_extra_data else group.rows
        counts["origin"][group.origin] += group.rows
        for key, value in group.factors.items():
            counts[key][value] += group.rows
    facets = []
    for key, label in FACTOR_FACETS.items():
        ordered = sorted(counts[key].items(), key=lambda pair: (-pair[1], pair[0]))
        common = {value for value, _ in ordered[:FACET_VALUES]} | set(getattr(filters, key))
        values = tuple(FacetValue(value, n) for value, n in ordered if value in common)
        facets.append(Facet(key, label, values))
    origins = counts["origin"]
    facets.append(Facet("origin", "Origin", tuple(FacetValue(v, origins[v]) for v in ORIGINS if origins[v])))
    if filters.device or _costs_open(filters):
        devices = sorted(_devices(groups).items(), key=lambda one: (-one[1], one[0]))
        values = tuple(FacetValue(name or UNNAMED, n) for name, n in devices)
        facets.append(Facet("device", "Speed on", values))
    if 0 < without < total:
        facets.append(Facet("extra_data", "Data", (FacetValue("none", without),)))
    return tuple(
        facet
        for facet in facets
        if len(facet.values) > 1 or facet.key == "extra_data" or (facet.key == "device" and facet.values)
    )
