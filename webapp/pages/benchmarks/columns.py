"""The columns of a board as its page shows them: heads, groups that open, cells. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import TypeVar

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from webapp.leaderboards.baseline import Lead
from webapp.leaderboards.board import Row
from webapp.leaderboards.categories import ByCategory
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.metrics import CATEGORIES, COSTS, GROUPS, OCCLUSION, Metric
from webapp.leaderboards.selectors import Leaderboard
from webapp.numbers import change, percent
from webapp.pages.benchmarks.uncertainty import Scale, Whisker, interval_text, whisker
from webapp.pages.costs import cost_number

Part = TypeVar("Part")
GROUP_NAMES = {**GROUPS, COSTS: "Cost", CATEGORIES: "By category"}
COST_HEADS = {
    "params_m": ("Parameters", "M params", "Millions of parameters", "params_m"),
    "gmacs": ("Multiply-adds", "GMACs", "Billions of multiply-adds per frame", "-gmacs"),
    "fps": ("Speed", "frames/s", "Frames per second, each on the device that is named", "-fps"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: a button that sorts. `aria_sort` is empty where the table is not sorted by it.

    An empty `sort` is a head without a button.
    `leads`: the column by which the rows are ranked, which a phone shows, too.
    """

    key: str
    short: str
    title: str
    sort: str
    aria_sort: str
    leads: bool
    starts_group: bool
    metric: Metric | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """`interval` stands below a number that leads, or a difference; `detail` below a cost."""

    text: str
    label: str
    is_best: bool = False
    is_undefined: bool = False
    leads: bool = False
    starts_group: bool = False
    ends_occlusion: bool = False
    interval: str = ""
    whisker: Whisker | None = None
    detail: str = ""
    is_difference: bool = False
    is_sure: bool = False

    @property
    def css(self) -> str:
        """The classes of its place in the table; what does not lead is left out on phones."""
        flags = {"starts": self.starts_group, "wide": not self.leads, "none": self.is_undefined}
        return " ".join(["num", *(name for name, is_set in flags.items() if is_set)])

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but a number, as nine of ten are."""
        return not (self.leads or self.is_difference or self.detail or self.ends_occlusion)


def parts(cells: Sequence[Cell]) -> tuple[Cell | SafeString, ...]:
    """Cells for the template, plain ones beside each other as HTML: it takes ten times as long over each."""
    found: list[Cell | SafeString] = []
    for is_plain, some in groupby(cells, key=lambda cell: cell.is_plain):
        if is_plain:
            found.append(mark_safe("".join(_plain(cell) for cell in some)))
        else:
            found.extend(some)
    return tuple(found)


def _plain(cell: Cell) -> SafeString:
    text = format_html("<strong>{}</strong>", cell.text) if cell.is_best else cell.text
    return format_html('<td class="{}">{}</td>', cell.css, text)


@dataclass(frozen=True, slots=True)
class Toggle:
    """A group of columns to open or to close; `more` columns would come."""

    key: str
    label: str
    filters: Filters
    is_on: bool
    more: int


def shown_categories(board: Leaderboard, numbers: Mapping[str, ByCategory]) -> tuple[str, ...]:
    """The categories that have a column: those with a number on this page, in the order of the split."""
    known = [str(one["name"]) for one in board.split.known_categories]
    present = {name for values in numbers.values() for name, value in values.items() if value is not None}
    return (*(name for name in known if name in present), *sorted(present - set(known)))


def group_heads(board: Leaderboard, categories: Sequence[str]) -> tuple[tuple[str, str, int], ...]:
    """Return (key, label, number of columns) of each group, in order."""
    found = [
        (key, GROUP_NAMES[key], len(list(members)))
        for key, members in groupby(board.columns, key=lambda column: column.metric.group)
    ]
    if board.shows_costs:
        found.insert(1, (COSTS, GROUP_NAMES[COSTS], len(board.costs)))
    if categories:
        found.append((CATEGORIES, f"{board.primary.label} by category", len(categories)))
    return tuple(found)


def toggles(board: Leaderboard) -> tuple[Toggle, ...]:
    """The groups that can be opened or closed; that of the metric which ranks stays."""
    filters = board.filters
    shown = {column.metric.group for column in board.columns}
    kept = {board.primary.group, board.ranked_by.group}
    found = []
    for key in GROUPS:
        hidden = board.hidden.get(key, 0)
        if hidden:
            back = "" if f"-{key}" in filters.groups else "open"
            found.append(Toggle(key, GROUP_NAMES[key], filters.with_group(key, back), False, hidden))
        elif key in shown and (key not in kept or key in filters.groups):
            closed = "" if key in filters.groups else "closed"
            found.append(Toggle(key, GROUP_NAMES[key], filters.with_group(key, closed), True, 0))
    if board.costs:
        wanted = "" if board.shows_costs else "open"
        more = 0 if board.shows_costs else len(board.costs)
        found.append(
            Toggle(COSTS, GROUP_NAMES[COSTS], filters.with_group(COSTS, wanted), board.shows_costs, more)
        )
    if board.has_categories:
        is_on = board.shows_categories
        filters = filters.with_group(CATEGORIES, "" if is_on else "open")
        found.append(Toggle(CATEGORIES, GROUP_NAMES[CATEGORIES], filters, is_on, 0))
    return tuple(found)


def heads(board: Leaderboard, categories: Sequence[str]) -> tuple[Head, ...]:
    found = []
    before = ""
    sort = board.filters.sort
    for column in board.columns:
        metric = column.metric
        down, up = f"-{metric.key}", metric.key
        best_first, worst_first = (down, up) if metric.higher_is_better else (up, down)
        now = sort or (best_first if column.is_primary else "")
        # A second click turns the order round; the primary metric, best first, is the plain address.
        following = worst_first if now == best_first else best_first
        found.append(
            Head(
                key=metric.key,
                short=metric.short,
                title=metric.title,
                sort="rank" if column.is_primary and following == best_first else following,
                aria_sort={down: "descending", up: "ascending"}.get(now, ""),
                leads=metric.key == board.ranked_by.key,
                starts_group=metric.group != before,
                metric=metric,
            )
        )
        before = metric.group
    by_category = [
        Head(name, name, f"{board.primary.label} of {name}", "", "", False, name == categories[0])
        for name in categories
    ]
    return (*_with_costs(found, _cost_heads(board), board), *by_category)


def _with_costs(found: Sequence[Part], costs: Sequence[Part], board: Leaderboard) -> tuple[Part, ...]:
    """Put the costs beside the quality: behind the first group of columns."""
    first = board.columns[0].metric.group
    behind = sum(1 for _ in takewhile(lambda column: column.metric.group == first, board.columns))
    return (*found[:behind], *costs, *found[behind:])


def _cost_heads(board: Leaderboard) -> list[Head]:
    found = []
    sort = board.filters.sort
    for key in board.costs if board.shows_costs else ():
        _, short, title, first = COST_HEADS[key]
        other = key if first.startswith("-") else f"-{key}"
        aria_sort = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
        following = other if sort == first else first
        found.append(Head(key, short, title, following, aria_sort, False, starts_group=key == board.costs[0]))
    return found


def category_cells(
    row: Row, board: Leaderboard, categories: Sequence[str], numbers: Mapping[str, ByCategory]
) -> list[Cell]:
    """The numbers of a row by category, or their differences to the pinned row, which draws do not bound."""
    pinned = board.baseline.row.submission_id if board.baseline else row.submission_id
    found = []
    for name in categories:
        value = numbers.get(row.submission_id, {}).get(name)
        base = numbers.get(pinned, {}).get(name)
        is_difference = pinned != row.submission_id and value is not None and base is not None
        found.append(
            Cell(
                text=change(value, base) if is_difference else percent(value),
                label=name,
                is_undefined=value is None,
                starts_group=name == categories[0],
                is_difference=is_difference,
            )
        )
    return found


def cells(
    row: Row, board: Leaderboard, scale: Scale | None, differences: Mapping[tuple[str, str], Lead]
) -> tuple[Cell, ...]:
    found = []
    before = ""
    for column in board.columns:
        metric = column.metric
        value = row.values.get(metric.key)
        leads = metric.key == board.ranked_by.key
        lead = differences.get((row.submission_id, metric.key))
        found.append(
            Cell(
                text=percent(value) if lead is None else lead.text,
                label=metric.label,
                is_best=board.baseline is None and column.is_best(row),
                is_undefined=value is None,
                leads=leads,
                starts_group=metric.group != before,
                ends_occlusion=metric.key == OCCLUSION[-1],
                interval=interval_text(row, metric) if lead is None else lead.interval,
                whisker=whisker(row, metric, scale) if leads and scale else None,
                is_difference=lead is not None,
                is_sure=lead is not None and lead.is_sure,
            )
        )
        before = metric.group
    return _with_costs(found, cost_cells(row, board.costs) if board.shows_costs else [], board)


def cost_cells(row: Row, keys: Sequence[str]) -> list[Cell]:
    """The costs of a row, a speed with its device. What authors state is marked so, and what is measured."""
    found = []
    kind = "" if row.cost.kind == "printed" else row.cost.kind
    for key in keys:
        value: float | None = getattr(row.cost, key)
        device = (row.cost.device or "device not named") if key == "fps" else ""
        found.append(
            Cell(
                text=cost_number(value),
                label=COST_HEADS[key][0],
                is_undefined=value is None,
                starts_group=key == keys[0],
                detail="" if value is None else ", ".join(filter(None, (device, kind))),
            )
        )
    return found
