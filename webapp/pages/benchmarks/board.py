"""A leaderboard as its page shows it: texts, bars and links; the template only places them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from evaluator.files.words import counted
from webapp.charts.choose import board_chart
from webapp.charts.spec import Chart
from webapp.leaderboards.board import Column, RankedRow, Row
from webapp.leaderboards.choosing import Choice, choice_of
from webapp.leaderboards.export import FORMATS, source_text
from webapp.leaderboards.filters import ORIGINS, Filters
from webapp.leaderboards.metrics import GROUPS, OCCLUSION, Metric
from webapp.leaderboards.selectors import Leaderboard
from webapp.numbers import UNDEFINED, percent
from webapp.pages.benchmarks.uncertainty import (
    Scale,
    Whisker,
    interval_text,
    rank_span,
    scale_of,
    tie_bars,
    whisker,
)

CHIPS_SHOWN = 4
BAR_HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str
    is_on: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class ChipGroup:
    key: str
    label: str
    chips: tuple[Link, ...]
    more: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: a button that sorts. `aria_sort` is empty where the table is not sorted by it."""

    metric: Metric
    sort: str
    aria_sort: str
    is_primary: bool
    starts_group: bool


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    label: str
    is_best: bool
    is_undefined: bool
    is_primary: bool
    starts_group: bool
    ends_occlusion: bool = False
    interval: str = ""
    whisker: Whisker | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    level: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table and what opens below it."""

    row: Row
    rank: str
    rank_span: str
    is_pending: bool
    tie: str
    can_tick: bool
    cells: tuple[Cell, ...]
    bars: tuple[Bar, ...]
    is_chosen: bool
    origin: str
    source: str
    source_url: str
    printed_by: str
    cost: str
    chart_href: str


@dataclass(frozen=True, slots=True)
class Pages:
    """The way to the other pages of the table; an empty address where there is none."""

    number: int
    count: int
    back: str
    forward: str


@dataclass(frozen=True, slots=True)
class BoardPage:
    board: Leaderboard
    chips: tuple[ChipGroup, ...]
    groups: tuple[tuple[str, str, int], ...]
    heads: tuple[Head, ...]
    method_head: tuple[str, str]
    entries: tuple[Entry, ...]
    has_bars: bool
    has_whiskers: bool
    has_ties: bool
    width: int
    exports: tuple[Link, ...]
    secondary: Link | None
    columns_link: Link | None
    pages: Pages | None
    clear_chosen: Link | None
    choice: Choice
    clear: str
    chart: Chart | None
    chart_json: str
    form_state: tuple[tuple[str, str], ...]


def board_page(board: Leaderboard, *, path: str, export_path: str, chart_path: str) -> BoardPage:
    """`path` is the page's own address; the exports and the chart's JSON get the same query."""
    filters = board.filters
    heads = _heads(board)
    shown = board.rows
    highest = max((c.best or 0.0 for c in board.columns if c.metric.key in OCCLUSION), default=0.0)
    has_bars = all(key in {column.metric.key for column in board.columns} for key in OCCLUSION)
    scale = scale_of(board.rows, board.primary)
    # In another order the rows of a group do not stand together.
    ties = tie_bars(shown) if not filters.sort else [""] * len(shown)
    ticks = _ticks(shown)
    return BoardPage(
        board=board,
        chips=(*_subset_chips(board, path), *_chips(board, path)),
        groups=_groups(board.columns),
        heads=heads,
        method_head=_method_head(filters.sort),
        entries=tuple(
            _entry(ranked, board, path, highest if has_bars else 0.0, scale, tie, can_tick=can_tick)
            for ranked, tie, can_tick in zip(shown, ties, ticks, strict=True)
        ),
        has_bars=has_bars,
        has_whiskers=scale is not None,
        has_ties=any(ties),
        width=3 + len(heads) + has_bars,
        exports=_exports(filters, export_path),
        secondary=_secondary(board, path),
        columns_link=_columns_link(board, path),
        pages=_pages(board, path),
        clear_chosen=Link("Chart the top rows", _href(path, replace(filters, rows=())))
        if filters.rows
        else None,
        choice=choice_of(board),
        clear=_href(path, Filters(split=filters.split, subset=filters.subset)),
        chart=board_chart(board),
        chart_json=_href(chart_path, replace(filters, page=1)),
        form_state=_form_state(filters, {ranked.row.variant_id for ranked in shown}),
    )


def _ticks(shown: Sequence[RankedRow]) -> list[bool]:
    """Tell which rows have a box. It ticks a variant, of which an author may see a private row, too."""
    seen: set[int] = set()
    ticks = []
    for ranked in shown:
        row = ranked.row
        ticks.append(not row.is_secondary and row.variant_id not in seen)
        if not row.is_secondary:
            seen.add(row.variant_id)
    return ticks


def _pages(board: Leaderboard, path: str) -> Pages | None:
    if board.pages == 1:
        return None

    def href(page: int) -> str:
        return _href(path, replace(board.filters, page=page)) if 1 <= page <= board.pages else ""

    return Pages(board.page, board.pages, href(board.page - 1), href(board.page + 1))


def _href(path: str, filters: Filters) -> str:
    query = filters.to_query()
    return f"{path}?{query}" if query else path


def _subset_chips(board: Leaderboard, path: str) -> tuple[ChipGroup, ...]:
    """The switch between all videos and the subsets of the split; none where it has no subsets."""
    if not board.subsets:
        return ()
    everything = ("", "All", board.split.video_count)
    choices = [everything, *((one.name, one.title, one.video_count) for one in board.subsets)]
    links = [
        Link(
            title,
            _href(path, replace(board.filters, subset=name, page=1)),
            name == board.filters.subset,
            count,
        )
        for name, title, count in choices
    ]
    return (ChipGroup("subset", "Videos", tuple(links), ()),)


def _chips(board: Leaderboard, path: str) -> tuple[ChipGroup, ...]:
    groups = []
    for facet in board.facets:
        chosen = getattr(board.filters, facet.key)
        links = []
        for value in facet.values:
            is_on = bool(chosen) if facet.key == "extra_data" else value.value in chosen
            label = {"extra_data": "No extra data", "origin": ORIGINS.get(value.value, "")}.get(
                facet.key, value.value
            )
            links.append(
                Link(label, _href(path, board.filters.toggled(facet.key, value.value)), is_on, value.count)
            )
        # A chip that is on stays in sight, even of a rare value.
        first = [link for n, link in enumerate(links) if n < CHIPS_SHOWN or link.is_on]
        groups.append(
            ChipGroup(
                facet.key, facet.label, tuple(first), tuple(link for link in links if link not in first)
            )
        )
    return tuple(groups)


def _groups(columns: Sequence[Column]) -> tuple[tuple[str, str, int], ...]:
    """Return (key, label, number of columns) of each group, in order."""
    return tuple(
        (key, GROUPS[key], len(list(members)))
        for key, members in groupby(columns, key=lambda c: c.metric.group)
    )


def _heads(board: Leaderboard) -> tuple[Head, ...]:
    heads = []
    before = ""
    for column in board.columns:
        key = column.metric.key
        down, up = f"-{key}", key
        best_first, worst_first = (down, up) if column.metric.higher_is_better else (up, down)
        now = board.filters.sort or (best_first if column.is_primary else "")
        # A second click turns the order round; the primary metric, best first, is the plain address.
        following = worst_first if now == best_first else best_first
        heads.append(
            Head(
                metric=column.metric,
                sort="rank" if column.is_primary and following == best_first else following,
                aria_sort={down: "descending", up: "ascending"}.get(now, ""),
                is_primary=column.is_primary,
                starts_group=column.metric.group != before,
            )
        )
        before = column.metric.group
    return tuple(heads)


def _method_head(sort: str) -> tuple[str, str]:
    """Return what a click on the head "Method" asks for, and its aria-sort."""
    return {
        "method": ("-method", "ascending"),
        "-method": ("method", "descending"),
    }.get(sort, ("method", ""))


def _entry(
    ranked: RankedRow,
    board: Leaderboard,
    path: str,
    highest: float,
    scale: Scale | None,
    tie: str,
    *,
    can_tick: bool,
) -> Entry:
    row, filters = ranked.row, board.filters
    is_chosen = row.variant_id in filters.rows
    rows = tuple(sorted({*filters.rows} ^ {row.variant_id}))
    return Entry(
        row=row,
        rank=UNDEFINED if ranked.rank is None else str(ranked.rank),
        rank_span=rank_span(ranked),
        is_pending=ranked.is_pending,
        tie=tie,
        can_tick=can_tick,
        cells=_cells(row, board.columns, scale),
        bars=_bars(row, highest),
        is_chosen=is_chosen and not row.is_secondary,
        origin=ORIGINS[row.origin].lower(),
        source=source_text(row),
        source_url=_source_url(row),
        printed_by=_printed_by(row),
        cost=_cost(row),
        chart_href=_href(path, replace(filters, rows=rows)) if can_tick else "",
    )


def _cells(row: Row, columns: Sequence[Column], scale: Scale | None) -> tuple[Cell, ...]:
    cells = []
    before = ""
    for column in columns:
        value = row.values.get(column.metric.key)
        cells.append(
            Cell(
                text=percent(value),
                label=column.metric.label,
                is_best=column.is_best(row),
                is_undefined=value is None,
                is_primary=column.is_primary,
                starts_group=column.metric.group != before,
                ends_occlusion=column.metric.key == OCCLUSION[-1],
                interval=interval_text(row, column.metric),
                whisker=whisker(row, column.metric, scale) if column.is_primary else None,
            )
        )
        before = column.metric.group
    return tuple(cells)


def _source_url(row: Row) -> str:
    url = str(row.source.get("repo") or row.source.get("paper_url") or "")
    return url if url.startswith(("https://", "http://")) else ""


def _printed_by(row: Row) -> str:
    if row.source.get("reported_by") == "third_party":
        kind = row.source.get("third_party_kind")
        return f"printed by others than the authors{f' ({kind})' if kind else ''}"
    return "printed by the authors"


def _cost(row: Row) -> str:
    """Costs as a paper printed them, in its units."""
    units = {"params_m": "M parameters", "gflops": "GFLOPs", "fps": "frames/s"}
    parts = [f"{row.source[key]} {unit}" for key, unit in units.items() if row.source.get(key)]
    if parts and row.source.get("fps_device"):
        parts.append(f"on {row.source['fps_device']}")
    return " · ".join(parts)


def _bars(row: Row, highest: float) -> tuple[Bar, ...]:
    """Three bars from a common zero, on one scale for the whole table; none where a level is undefined."""
    values = [row.values.get(key) for key in OCCLUSION]
    if not highest or any(value is None for value in values):
        return ()
    heights = [round(max(1.0, (value or 0.0) / highest * BAR_HEIGHT), 1) for value in values]
    levels = ("slight", "moderate", "heavy")
    return tuple(
        Bar(level, 18 * n, round(BAR_HEIGHT - height, 1), height)
        for n, (level, height) in enumerate(zip(levels, heights, strict=True))
    )


def _exports(filters: Filters, path: str) -> tuple[Link, ...]:
    query = replace(filters, page=1).to_query()
    names = {"csv": "CSV", "json": "JSON", "latex": "LaTeX", "markdown": "Markdown"}
    return tuple(
        Link(label, f"{path}?{query}{'&' if query else ''}format={key}")
        for key, label in names.items()
        if key == "json" or key in FORMATS
    )


def _secondary(board: Leaderboard, path: str) -> Link | None:
    if not board.secondary_rows:
        return None
    on = board.filters.secondary
    label = f"{'Hide' if on else 'Show'} {board.secondary_rows} repeated reports"
    return Link(label, _href(path, replace(board.filters, secondary=not on, page=1)), on)


def _columns_link(board: Leaderboard, path: str) -> Link | None:
    if not board.hidden_columns:
        return None
    on = board.filters.all_columns
    label = "Fewer columns" if on else counted(board.hidden_columns, "more column")
    return Link(label, _href(path, replace(board.filters, all_columns=not on)), on)


def _form_state(filters: Filters, shown: set[int]) -> tuple[tuple[str, str], ...]:
    """Return the hidden fields of the form, besides its own (text, sort buttons, boxes of `shown` rows)."""
    pairs = [
        ("split", filters.split),
        ("subset", filters.subset),
        *((key, value) for key in ("backbone", "mode", "origin") for value in getattr(filters, key)),
        ("extra_data", filters.extra_data),
        ("sort", filters.sort),
        ("secondary", "1" if filters.secondary else ""),
        ("columns", "all" if filters.all_columns else ""),
        ("page", filters.form_page),
        *(("rows", str(row)) for row in filters.rows if row not in shown),
    ]
    return tuple((key, value) for key, value in pairs if value)
