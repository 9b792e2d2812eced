"""A report as a page shows it: numbers in groups, bars by occlusion, tables by category and video. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.files.words import counted
from webapp.benchmarks.models import Split
from webapp.charts.levels import BY_OCCLUSION, BY_WINDOW
from webapp.leaderboards.metrics import GROUPS, column_order, metric, primary_metric
from webapp.numbers import percent
from webapp.pages.videos.ways import Ways
from webapp.submissions.models import Submission

# Means over the categories, which for one category are its IoU.
IOU_OF_ONE = {"mIoU": "IoU", "SQ": "IoU"}


@dataclass(frozen=True, slots=True)
class Number:
    """One metric of a report; `value` is a fraction in [0, 1], `interval` its 95 % bounds in words."""

    key: str
    label: str
    short: str
    title: str
    description: str
    value: float | None
    interval: str = ""

    @property
    def text(self) -> str:
        return percent(self.value)

    @property
    def width(self) -> str:
        """Length of a bar, in percent of the full scale."""
        return f"{100 * (self.value or 0):.2f}%"


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """One metric at several levels, drawn as bars."""

    key: str
    title: str
    caption: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class TableColumn:
    key: str
    label: str
    title: str
    aria_sort: str = "none"
    next_sort: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    name: str
    detail: str
    cells: tuple[str, ...]
    href: str
    """Of its masks; empty where there is nothing to see."""


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    name_column: TableColumn


@dataclass(frozen=True, slots=True)
class ReportPage:
    headline: tuple[Number, ...]
    groups: tuple[Group, ...]
    bars: tuple[Bars, ...]
    categories: Table
    absent: int
    videos: Table
    seconds: tuple[tuple[str, str], ...]
    predictions: int
    video_count: int

    @property
    def has_intervals(self) -> bool:
        return any(number.interval for number in self.headline)


def report_page(report: Mapping[str, Any], split: Split, ways: Ways, video_sort: str = "") -> ReportPage:
    """Arrange a report, as `evaluator.Report.to_json` gives it; `ways` lead to the masks of its videos."""
    numbers = {key: _number(key, report) for key in report["metrics"]}
    spec = split.benchmark.spec
    per_category = {name: values for name, values in report["per_category"].items() if _is_known(values)}
    headline = [key for key in (spec.headline if spec else ()) if key in numbers]
    return ReportPage(
        headline=tuple(numbers[key] for key in headline),
        groups=_groups(numbers),
        bars=_bars(numbers),
        categories=_table(
            {name: (name, "", values, "") for name, values in per_category.items()},
            primary_metric(split.benchmark),
            "",
            "Category",
            IOU_OF_ONE,
        ),
        absent=len(report["per_category"]) - len(per_category),
        videos=_table(
            _video_rows(report["per_video"], ways), primary_metric(split.benchmark), video_sort, "Video"
        ),
        seconds=tuple((name, f"{value:.2f} s") for name, value in report["seconds"].items()),
        predictions=report["predictions"],
        video_count=report["videos"],
    )


def score_numbers(submission: Submission) -> list[Number]:
    """The stored scores, in the order of the board's columns: all there is of published numbers."""
    values = dict(submission.scores.values_list("metric", "value"))
    order = column_order(submission.split.benchmark)
    keys = sorted(values, key=lambda key: order.index(key) if key in order else len(order))
    return [_number(key, {"metrics": values}) for key in keys]


def _number(key: str, report: Mapping[str, Any]) -> Number:
    shown = metric(key)
    bounds = report.get("intervals", {}).get(key)
    interval = f"{percent(bounds[0])} to {percent(bounds[1])}" if bounds else ""
    return Number(
        key, shown.label, shown.short, shown.title, shown.description, report["metrics"][key], interval
    )


def _groups(numbers: Mapping[str, Number]) -> tuple[Group, ...]:
    members = {name: [n for key, n in numbers.items() if metric(key).group == name] for name in GROUPS}
    return tuple(Group(GROUPS[name], tuple(found)) for name, found in members.items() if found)


def _bars(numbers: Mapping[str, Number]) -> tuple[Bars, ...]:
    return tuple(
        Bars(levels.key, levels.title, levels.caption, tuple(numbers[key] for key in levels.metrics))
        for levels in (BY_OCCLUSION, BY_WINDOW)
        if numbers.keys() >= set(levels.metrics)
    )


def _is_known(values: Mapping[str, float | None]) -> bool:
    """Return whether a category has any number: one that the ground truth lacks has none."""
    return any(value is not None for value in values.values())


# Name, detail, numbers, address.
Entry = tuple[str, str, Mapping[str, float | None], str]


def _video_rows(per_video: Mapping[str, Mapping[str, float | None]], ways: Ways) -> dict[str, Entry]:
    """Return the entries of a table by the labels of the videos."""
    return {
        label: (video.name, counted(video.length, "frame"), values, ways.href(label))
        if (video := ways.videos.get(label))
        else (label, "", values, "")
        for label, values in per_video.items()
    }


def _table(
    entries: Mapping[str, Entry],
    primary: str,
    sort: str,
    heading: str,
    names: Mapping[str, str] | None = None,
) -> Table:
    """Rows by `sort` ("name" or a metric's key, "-" for descending); without it the worst come first.

    `names` are headings of columns that are not called like the metric.
    """
    keys = list(dict.fromkeys(key for _, _, values, _ in entries.values() for key in values))
    wanted = sort.removeprefix("-")
    if wanted not in (*keys, "name"):
        sort = wanted = primary if primary in keys else "name"
    descending = sort.startswith("-")
    ordered = _ordered(entries.values(), wanted, descending)

    def column(key: str, label: str, title: str) -> TableColumn:
        if key != wanted:
            return TableColumn(key, label, title, "none", key)
        return TableColumn(
            key, label, title, "descending" if descending else "ascending", key if descending else f"-{key}"
        )

    return Table(
        columns=tuple(
            column(key, (names or {}).get(key) or _heading(key), metric(key).title) for key in keys
        ),
        rows=tuple(
            TableRow(name, detail, tuple(_cell(values.get(key)) for key in keys), href)
            for name, detail, values, href in ordered
        ),
        name_column=column("name", heading, heading),
    )


def _heading(key: str) -> str:
    """A metric's label; counts, which are not metrics, by their name."""
    shown = metric(key)
    return shown.label if shown.group != "other" else shown.label.replace("_", " ").capitalize()


def _ordered(entries: Iterable[Entry], key: str, descending: bool) -> Sequence[Entry]:
    if key == "name":
        return sorted(entries, key=lambda entry: entry[0].casefold(), reverse=descending)
    known = [entry for entry in entries if entry[2].get(key) is not None]
    known.sort(key=lambda entry: entry[2][key] or 0.0, reverse=descending)
    return known + [entry for entry in entries if entry[2].get(key) is None]


def _cell(value: float | None) -> str:
    """Counts stay whole numbers; everything else is a fraction."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else percent(value)
