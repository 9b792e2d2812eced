"""A leaderboard and the arithmetic on it: ranks, best numbers, order. Pure; no database here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp.leaderboards.filters import FACTOR_FACETS, Filters
from webapp.leaderboards.metrics import Metric

# Values closer than this are one value: parity with the official evaluators is promised to 1e-9.
SAME = 9
# Factors that say what a method is made of: its name stands for them in a row.
PARTS_OF_METHOD = ("segmenter", "tracker", "refiner")


@dataclass(frozen=True, slots=True)
class RanHere:
    """Device and speed of a row's reference run."""

    run_id: str
    device: str
    frames_per_second: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One variant with its best visible numbers, fractions in [0, 1]; missing or None is undefined."""

    submission_id: str
    variant_id: int
    method_id: int
    method: str
    method_slug: str
    variant: str
    factors: dict[str, str]
    origin: str
    values: dict[str, float | None]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """95 % bounds, of metrics that have any."""
    is_public: bool = True
    author: str = ""
    venue: str = ""
    year: int | None = None
    paper_url: str = ""
    code_url: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    evaluator: str = ""
    digest: str = ""
    note: str = ""
    finished_at: datetime | None = None
    ran: RanHere | None = None
    colour: int | None = None
    """The hue of its method."""
    stale: str = ""
    """The reason why it would have another score today, in a sentence; empty where it would not."""

    @property
    def is_secondary(self) -> bool:
        """A second reading of a setting that another row shows already (a quoted copy, a model zoo)."""
        return self.origin == "reported" and self.source.get("primary") is False

    @property
    def shown_factors(self) -> dict[str, str]:
        """The factors that tell variants apart, in the order in which people say them."""
        first = ("mode", "backbone", "resolution")
        keys = [*first, *(key for key in self.factors if key not in (*first, *PARTS_OF_METHOD))]
        return {key: self.factors[key] for key in keys if self.factors.get(key)}

    @property
    def settings(self) -> str:
        """The factors in words, such as "offline · ResNet-50 · 720p"."""
        return " · ".join(dict.fromkeys(self.shown_factors.values()))

    @property
    def distinction(self) -> str:
        """What tells its variant apart: the settings, or the variant's name where none are given."""
        return self.settings or ("" if self.variant == "default" else self.variant)

    @property
    def extra_data(self) -> str:
        text = self.factors.get("extra_data", "")
        return "" if text.lower() in ("", "no", "none", "false") else text

    @property
    def full_name(self) -> str:
        """Method and settings in one text, for charts and exports."""
        return f"{self.method} {self.distinction}".strip()


@dataclass(frozen=True, slots=True)
class RankedRow:
    """A row with its rank; `rank` is None for a secondary row and where the primary metric is undefined.

    `rank_low` and `rank_high` are the best and the worst rank that the videos leave possible, and rows of one
    `tie_group` are not told apart by them; None where that is not known, or the row stands alone.
    """

    row: Row
    rank: int | None
    tied: bool
    rank_low: int | None = None
    rank_high: int | None = None
    tie_group: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    metric: Metric
    is_primary: bool
    best: float | None


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    key: str
    label: str
    values: tuple[FacetValue, ...]


def matches(row: Row, filters: Filters) -> bool:
    """Return whether a row passes the facets (not the text: that only finds rows)."""
    return (
        all(
            not getattr(filters, key) or row.factors.get(key, "") in getattr(filters, key)
            for key in FACTOR_FACETS
        )
        and (not filters.origin or row.origin in filters.origin)
        and (filters.extra_data != "none" or not row.extra_data)
        and (filters.secondary or not row.is_secondary)
    )


def contains(row: Row, text: str) -> bool:
    """Return whether every word of `text` occurs in the row's names, settings, venue or year."""
    haystack = " ".join(
        (row.method, row.variant, row.settings, row.venue, str(row.year or ""), row.author)
    ).casefold()
    return all(word in haystack for word in text.casefold().split())


def rank_rows(rows: Sequence[Row], metric: Metric) -> list[RankedRow]:
    """Rank by `metric`, best first: equal values share a rank and the next one is skipped (1, 1, 3)."""
    competing = [row for row in rows if row.values.get(metric.key) is not None and not row.is_secondary]
    values = sorted(
        (round(row.values[metric.key] or 0.0, SAME) for row in competing), reverse=metric.higher_is_better
    )
    rank_of = {value: index + 1 for index, value in reversed(list(enumerate(values)))}
    counts: dict[float, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    ranked = []
    ids = {id(row) for row in competing}
    for row in rows:
        if id(row) in ids:
            value = round(row.values[metric.key] or 0.0, SAME)
            ranked.append(RankedRow(row, rank_of[value], counts[value] > 1))
        else:
            ranked.append(RankedRow(row, None, False))
    return sort_rows(ranked, metric, "")


def sort_rows(
    rows: Iterable[RankedRow], primary: Metric, sort: str, *, stand_ins: Sequence[Metric] = ()
) -> list[RankedRow]:
    """Order rows by `sort`: a metric's key, "method" or "year", "-" for descending; undefined last.

    Rows without the primary metric, where it sorts, follow by the first of `stand_ins` that they have.
    """
    by_name = sorted(rows, key=lambda r: (r.row.method.casefold(), r.row.settings.casefold()))
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    if key == "method":
        return by_name[::-1] if descending else by_name
    if not key:
        key, descending = primary.key, primary.higher_is_better

    def value(ranked: RankedRow) -> float | None:
        return ranked.row.year if key == "year" else ranked.row.values.get(key)

    known = [r for r in by_name if value(r) is not None]
    known.sort(key=lambda r: (round(value(r) or 0.0, SAME) * (-1 if descending else 1), r.row.is_secondary))
    unknown = [r for r in by_name if value(r) is None]
    if not sort:
        unknown.sort(key=lambda r: _stand_in(r.row, stand_ins))
    return known + unknown


def _stand_in(row: Row, metrics: Sequence[Metric]) -> tuple[int, float]:
    """Return the sort key of a row without the primary metric: smaller is earlier."""
    for index, metric in enumerate(metrics):
        if (value := row.values.get(metric.key)) is not None:
            return index, round(value, SAME) * (-1 if metric.higher_is_better else 1)
    return len(metrics), 0.0


def best_value(rows: Iterable[RankedRow], metric: Metric) -> float | None:
    """Return the best value of a column among rows that compete, None where there is none."""
    values = [
        value for r in rows if not r.row.is_secondary and (value := r.row.values.get(metric.key)) is not None
    ]
    if not values:
        return None
    return max(values) if metric.higher_is_better else min(values)
