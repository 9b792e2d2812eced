"""A leaderboard as its page shows it: texts, bars and links; the template only places them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from evaluator.files.words import counted
from webapp.charts.choose import Speed, board_charts
from webapp.charts.spec import Chart
from webapp.leaderboards.baseline import Lead, leads
from webapp.leaderboards.board import RankedRow, Row
from webapp.leaderboards.categories import ByCategory, by_category
from webapp.leaderboards.choosing import Choice, choice_of
from webapp.leaderboards.doubts import doubts
from webapp.leaderboards.export import FORMATS
from webapp.leaderboards.filters import ORIGINS, UNNAMED, Filters
from webapp.leaderboards.metrics import OCCLUSION
from webapp.leaderboards.selectors import Leaderboard
from webapp.numbers import UNDEFINED
from webapp.pages.benchmarks.columns import (
    Cell,
    Head,
    Toggle,
    category_cells,
    cells,
    group_heads,
    heads,
    parts,
    shown_categories,
    toggles,
)
from webapp.pages.benchmarks.facts import row_facts
from webapp.pages.benchmarks.uncertainty import Scale, rank_span, scale_of, tie_bars
from webapp.pages.videos.ways import player_href
from webapp.playback.permissions import Person
from webapp.playback.selectors import SUBMISSIONS, submissions_with_masks

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
    doubts: tuple[str, ...]
    facts: list[tuple[str, str]]
    published: str
    chart_href: str
    is_baseline: bool
    baseline_href: str
    method_href: str
    masks_href: str
    """Of the player; empty where the reader may see no masks of it, or there are none."""

    @property
    def numbers(self) -> list[tuple[str, str]]:
        """What its cells say, with their names, for phones, which have no room for the columns."""
        return [(cell.label, cell.text) for cell in self.cells if not cell.is_undefined]

    @property
    def parts(self) -> tuple[Cell | SafeString, ...]:
        """Its cells, as the template places them."""
        return parts(self.cells)


@dataclass(frozen=True, slots=True)
class Pages:
    """The way to the other pages of the table; an empty address where there is none."""

    number: int
    count: int
    back: str
    forward: str


@dataclass(frozen=True, slots=True)
class SpeedCard:
    """The chart of quality against speed, with links to other metrics and devices."""

    chart: Chart
    metric: Link
    metrics: tuple[Link, ...]
    devices: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class BoardPage:
    board: Leaderboard
    chips: tuple[ChipGroup, ...]
    groups: tuple[tuple[str, str, int], ...]
    toggles: tuple[Link, ...]
    heads: tuple[Head, ...]
    method_head: tuple[str, str]
    year_head: tuple[str, str]
    pinned: Entry | None
    unpin: str
    entries: tuple[Entry, ...]
    has_bars: bool
    has_whiskers: bool
    has_ties: bool
    width: int
    exports: tuple[Link, ...]
    secondary: Link | None
    folded: Link | None
    pages: Pages | None
    clear_chosen: Link | None
    choice: Choice
    masks_href: str
    """Of the player with the two rows that are ticked; empty otherwise."""
    clear: str
    charts: tuple[Chart, ...]
    chart_fields: tuple[tuple[str, str], ...]
    speed: SpeedCard | None
    form_state: tuple[tuple[str, str], ...]
    export_path: str
    export_state: tuple[tuple[str, str], ...]


def board_page(board: Leaderboard, *, user: Person, path: str, export_path: str) -> BoardPage:
    """`path` is the page's own address; the exports and the files of charts get the same query."""
    filters = board.filters
    shown = board.rows
    in_columns = {column.metric.key for column in board.columns}
    highest = max((c.best or 0.0 for c in board.columns if c.metric.key in OCCLUSION), default=0.0)
    has_bars = all(key in in_columns for key in OCCLUSION)
    scale = scale_of(board.rows, board.ranked_by) if board.baseline is None else None
    # In another order the rows of a group do not stand together.
    ties = tie_bars(shown) if _is_by_rank(board) else [""] * len(shown)
    differences = leads(board, [one.row for one in shown])
    pinned = board.baseline
    by_name = _by_category(board)
    categories = shown_categories(board, by_name)
    found_heads = heads(board, categories)
    drawn = board_charts(board)
    with_masks = _with_masks(board, user)

    def entry(ranked: RankedRow, tie: str, *, can_tick: bool) -> Entry:
        found = _entry(
            ranked, board, path, highest if has_bars else 0.0, scale, differences, tie, can_tick=can_tick
        )
        id = ranked.row.submission_id
        return replace(
            found,
            cells=(*found.cells, *category_cells(ranked.row, board, categories, by_name)),
            masks_href=player_href(board.split, [id]) if id in with_masks else "",
        )

    is_below = pinned and any(one.row.submission_id == pinned.row.submission_id for one in shown)
    return BoardPage(
        board=board,
        chips=(*_subset_chips(board, path), *_chips(board, path), *_row_chips(board, path)),
        groups=group_heads(board, categories),
        toggles=tuple(_toggle(one, path) for one in toggles(board)),
        heads=found_heads,
        method_head=_name_head("method", filters.sort),
        year_head=_name_head("year", filters.sort),
        pinned=entry(pinned, "", can_tick=False) if pinned and not is_below else None,
        unpin=_href(path, replace(filters, baseline=0)) if pinned else "",
        entries=tuple(
            entry(ranked, tie, can_tick=can_tick)
            for ranked, tie, can_tick in zip(shown, ties, _ticks(shown), strict=True)
        ),
        has_bars=has_bars,
        has_whiskers=scale is not None,
        has_ties=any(ties),
        width=3 + len(found_heads) + has_bars,
        exports=_exports(filters, export_path),
        secondary=_secondary(board, path),
        folded=_folded(board, path),
        pages=_pages(board, path),
        clear_chosen=Link("Chart the top rows", _href(path, replace(filters, rows=())))
        if filters.rows
        else None,
        choice=choice_of(board),
        masks_href=_masks_of_ticked(board, with_masks),
        clear=_href(path, Filters(split=filters.split, subset=filters.subset)),
        charts=drawn.charts,
        chart_fields=tuple(replace(filters, page=1).pairs()),
        speed=_speed_card(drawn.speed, filters, path),
        form_state=_form_state(filters, {ranked.row.variant_id for ranked in shown}),
        export_path=export_path,
        export_state=tuple(replace(filters, page=1, metrics=()).pairs()),
    )


def _with_masks(board: Leaderboard, user: Person) -> set[str]:
    """Return the ids of the submissions whose masks the reader may look at, of all rows that are drawn."""
    pinned = [board.baseline] if board.baseline else []
    drawn = {one.row.submission_id: one.row.origin for one in (*board.rows, *board.chosen, *pinned)}
    ids = [id for id, origin in drawn.items() if origin != "reported"]
    if not ids or not board.split.video_count:
        return set()
    return {str(one.pk) for one in submissions_with_masks(board.split, ids, user)}


def _masks_of_ticked(board: Leaderboard, with_masks: set[str]) -> str:
    ticked = [one.row.submission_id for one in board.chosen if not one.row.is_secondary]
    is_pair = len(ticked) == SUBMISSIONS and with_masks.issuperset(ticked)
    return player_href(board.split, ticked) if is_pair else ""


def _by_category(board: Leaderboard) -> dict[str, ByCategory]:
    if not board.shows_categories:
        return {}
    pinned = [board.baseline] if board.baseline else []
    return by_category(board, [one.row for one in (*board.rows, *pinned)])


def _is_by_rank(board: Leaderboard) -> bool:
    """Return whether the rows stand in the order of their ranks."""
    sort, by = board.filters.sort, board.ranked_by
    return not board.every.sort or sort == (f"-{by.key}" if by.higher_is_better else by.key)


def _speed_card(speed: Speed | None, filters: Filters, path: str) -> SpeedCard | None:
    if speed is None:
        return None
    metrics = [
        Link(one.label, _href(path, replace(filters, y=one.key)), one == speed.metric)
        for one in speed.metrics
    ]
    devices = [
        Link(
            f"on {name}" if name else "on devices that are not named",
            _href(path, replace(filters, device=(name or UNNAMED,), page=1)),
            name == speed.device,
            rows,
        )
        for name, rows in speed.devices
        if rows > 1
    ]
    chosen = next(link for link in metrics if link.is_on)
    return SpeedCard(speed.chart, chosen, tuple(metrics), tuple(devices) if len(devices) > 1 else ())


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


def _name_head(key: str, sort: str) -> tuple[str, str]:
    """Return what a click on the head "Method" or "Year" asks for, and its aria-sort. New years go first."""
    first = "-year" if key == "year" else key
    other = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    order = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    return (other if sort == first else first), order


def _toggle(toggle: Toggle, path: str) -> Link:
    return Link(toggle.label, _href(path, toggle.filters), toggle.is_on, toggle.more)


def _row_chips(board: Leaderboard, path: str) -> tuple[ChipGroup, ...]:
    """Which rows a method has, and the methods that are asked for by name."""
    filters = board.filters
    groups = []
    if filters.method:
        names = {one.row.method_slug: one.row.method for one in (*board.rows, *board.chosen)}
        chosen = [
            Link(names.get(slug, slug), _href(path, filters.toggled("method", slug)), is_on=True)
            for slug in filters.method
        ]
        groups.append(ChipGroup("method", "Method", tuple(chosen), ()))
    if board.total > 1:
        best = Link(
            "Best per method", _href(path, replace(filters, best=not filters.best, page=1)), filters.best
        )
        groups.append(ChipGroup("per", "Variants", (best,), ()))
    return tuple(groups)


def _entry(
    ranked: RankedRow,
    board: Leaderboard,
    path: str,
    highest: float,
    scale: Scale | None,
    differences: Mapping[tuple[str, str], Lead],
    tie: str,
    *,
    can_tick: bool,
) -> Entry:
    row, filters = ranked.row, board.filters
    found_doubts = tuple(doubts(row.source))
    is_chosen = row.variant_id in filters.rows
    rows = tuple(sorted({*filters.rows} ^ {row.variant_id}))
    is_baseline = board.baseline is not None and board.baseline.row.submission_id == row.submission_id
    return Entry(
        row=row,
        rank=UNDEFINED if ranked.rank is None else str(ranked.rank),
        rank_span=rank_span(ranked),
        is_pending=ranked.is_pending,
        tie=tie,
        can_tick=can_tick,
        cells=cells(row, board, scale, differences),
        bars=_bars(row, highest),
        is_chosen=is_chosen and not row.is_secondary,
        origin=ORIGINS[row.origin].lower(),
        doubts=found_doubts,
        facts=row_facts(row, found_doubts),
        published=_published(row),
        chart_href=_href(path, replace(filters, rows=rows)) if can_tick else "",
        is_baseline=is_baseline,
        baseline_href=""
        if row.is_secondary
        else _href(path, replace(filters, baseline=0 if is_baseline else row.variant_id)),
        method_href=""
        if row.method_slug in filters.method
        else _href(path, replace(filters, method=(row.method_slug,), page=1)),
        masks_href="",
    )


def _published(row: Row) -> str:
    """Where and by whom, in a few words; a venue tells the year."""
    year = "" if row.year is None or str(row.year) in row.venue else str(row.year)
    return " · ".join(filter(None, (row.venue, year, row.team or row.author)))


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


def _folded(board: Leaderboard, path: str) -> Link | None:
    """Rows without the number by which the table is sorted stand below it, closed at first."""
    filters = board.filters
    if filters.without and board.every.sort.removeprefix("-") not in ("", "method", "year"):
        return Link(
            "Hide rows without this number", _href(path, replace(filters, without=False, page=1)), True
        )
    if not board.folded:
        return None
    label = f"Show {counted(board.folded, 'row')} without this number"
    return Link(label, _href(path, replace(filters, without=True, page=1)))


def _form_state(filters: Filters, shown: set[int]) -> tuple[tuple[str, str], ...]:
    """Return the hidden fields of the form, besides its own (text, sort buttons, boxes of `shown` rows)."""
    state = replace(filters, q="", rows=(), page=1).pairs()
    if filters.form_page:
        state.append(("page", filters.form_page))
    return (*state, *(("rows", str(row)) for row in filters.rows if row not in shown))
