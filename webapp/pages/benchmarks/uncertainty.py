"""Uncertainty as a board's table draws it: whiskers on one scale, bars of ties. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.leaderboards.board import RankedRow, Row
from webapp.leaderboards.metrics import Metric
from webapp.numbers import percent

WIDTH = 56
MARK_RADIUS = 3.5


@dataclass(frozen=True, slots=True)
class Whisker:
    """A number as a mark, its interval as a line, in pixels from the left; without one the mark is open."""

    mark: float
    low: float
    high: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """Fractions that lie at the left and the right end of the drawing."""

    low: float
    high: float

    def position(self, value: float) -> float:
        room = WIDTH - 2 * MARK_RADIUS
        return round(MARK_RADIUS + room * (value - self.low) / (self.high - self.low), 1)


def scale_of(rows: Sequence[RankedRow], metric: Metric) -> Scale | None:
    """The common scale of the whiskers of a column; None where no row has an interval."""
    bounds = [bound for one in rows for bound in one.row.intervals.get(metric.key, ())]
    if not bounds:
        return None
    values = [value for one in rows if (value := one.row.values.get(metric.key)) is not None]
    low, high = min(bounds + values), max(bounds + values)
    return Scale(low, high) if high > low else None


def whisker(row: Row, metric: Metric, scale: Scale | None) -> Whisker | None:
    """Return the whisker beside a number; None where there is no scale or no number."""
    value = row.values.get(metric.key)
    if scale is None or value is None:
        return None
    low, high = row.intervals.get(metric.key, (value, value))
    mark, left, right = (scale.position(one) for one in (value, low, high))
    return Whisker(mark, left, right, is_open=metric.key not in row.intervals)


def interval_text(row: Row, metric: Metric) -> str:
    """The bounds in percent, such as "31.9 to 35.6"; empty without any."""
    if metric.key not in row.intervals:
        return ""
    return " to ".join(percent(bound) for bound in row.intervals[metric.key])


def rank_span(ranked: RankedRow) -> str:
    """The ranks that are possible, such as "1 to 3"; empty where there is one, or it is not known."""
    if ranked.rank_low is None or ranked.rank_low == ranked.rank_high:
        return ""
    return f"{ranked.rank_low}\N{EN DASH}{ranked.rank_high}"


def tie_bars(rows: Sequence[RankedRow]) -> list[str]:
    """Return how a tie bar runs through each row; rows are in the order of their ranks.

    It runs from the "first" row of a group through its members ("mid") and rows that take no part
    ("through") to the "last"; "" is a row beside which no bar is drawn.
    """
    members: dict[int, list[int]] = {}
    for index, one in enumerate(rows):
        if one.tie_group is not None:
            members.setdefault(one.tie_group, []).append(index)
    bars = [""] * len(rows)
    for indices in members.values():
        if len(indices) < 2:
            continue
        for index in range(indices[0], indices[-1]):
            bars[index] = "mid" if index in indices else "through"
        bars[indices[0]], bars[indices[-1]] = "first", "last"
    return bars
