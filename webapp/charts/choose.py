"""Chooses the chart of a leaderboard, and its rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from webapp.charts.levels import (
    BY_OCCLUSION,
    BY_STEADINESS,
    BY_WINDOW,
    DIRECT_LABELS,
    Levels,
    levels_chart,
)
from webapp.charts.spec import Chart
from webapp.charts.speed import pareto_front, speed_chart
from webapp.charts.timeline import timeline_chart
from webapp.leaderboards.board import Row
from webapp.leaderboards.filters import UNNAMED
from webapp.leaderboards.metrics import OCCLUSION, Metric, metric
from webapp.leaderboards.selectors import Leaderboard

# Points of a timeline: besides the best of each year, so many of the best.
POINTS = 60
# So many of the top rows are looked through for methods that differ.
LOOKED_AT = 40
KINDS = (BY_OCCLUSION, BY_WINDOW, BY_STEADINESS)


@dataclass(frozen=True, slots=True)
class Speed:
    """The chart of quality against speed, and what else could be asked: metrics, and devices with rows."""

    chart: Chart
    metric: Metric
    device: str
    metrics: tuple[Metric, ...]
    devices: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class BoardCharts:
    """The charts of a leaderboard: by level and over time, as far as there are any; and that of speed."""

    charts: tuple[Chart, ...]
    speed: Speed | None


@dataclass(frozen=True, slots=True)
class _Points:
    """What the chart of speed shows: rows on one device, of all that have a speed and the metric."""

    quality: Metric
    device: str
    devices: Counter[str]
    ids: list[UUID]


def board_charts(board: Leaderboard) -> BoardCharts:
    """Return the charts of the ticked rows, else of the top rows. All rows are read together."""
    scope = board.scope
    chosen = [ranked.row for ranked in board.chosen]
    known = _well_known(board)
    points = _points(board)
    kinds = [kind for kind in KINDS if board.every.have((board.primary.key, *kind.metrics))]
    rows = _drawn(board, kinds if not chosen else [], known, points)

    def levels(wanted: Levels) -> Chart | None:
        return levels_chart(chosen or _top_methods(board, rows, wanted), wanted, scope=scope)

    ids = {row.submission_id for row in rows}
    ticked = [row for row in chosen if row.submission_id not in ids]
    timeline = timeline_chart([*rows, *ticked], known, scope=scope, chosen=chosen)
    by_level = levels(BY_OCCLUSION) or levels(BY_WINDOW)
    if by_level is None and timeline is None:
        by_level = levels(BY_STEADINESS)
    charts = tuple(chart for chart in (by_level, timeline) if chart is not None)
    return BoardCharts(charts, _speed(board, points, rows) if points else None)


def _drawn(board: Leaderboard, kinds: Sequence[Levels], known: Metric, points: _Points | None) -> list[Row]:
    """All rows that the charts may need, by one query: the top ones of each kind, a timeline's, a speed's."""
    every = board.every
    queries = [every.top((board.primary.key, *kind.metrics), LOOKED_AT) for kind in kinds]
    if every.have([known.key]):
        queries += [every.of_each_year(known), every.best(known, POINTS)]
    if points:
        queries.append(every.of_submissions(points.ids))
    return [ranked.row for ranked in every.together(*queries)] if queries else []


def _top_methods(board: Leaderboard, rows: Sequence[Row], wanted: Levels) -> list[Row]:
    """The top rows, the best one of each method before others of it; none that lacks the primary metric."""
    metrics = (board.primary.key, *wanted.metrics)
    known = [row for row in rows if all(row.values.get(key) is not None for key in metrics)]
    top = [row for row in known if not row.is_secondary][:LOOKED_AT]
    best: dict[int, Row] = {}
    for row in top:
        best.setdefault(row.method_id, row)
    firsts = list(best.values())
    drawn = [*firsts, *(row for row in top if row not in firsts)][:DIRECT_LABELS]
    return [row for row in top if row in drawn]


def _points(board: Leaderboard) -> _Points | None:
    """Return what to draw of quality against speed, on one device; None where no device has two rows.

    Quality is the metric that the address asks for; else AP under heavy occlusion where rows have both, else
    the primary metric. The device is the first that passes the filter, else the one with most rows. Of its
    rows the fast and good ones are drawn, and the best.
    """
    if "fps" not in board.costs:
        return None
    asked = [board.filters.y] if board.filters.y in board.every.columns else []
    for key in dict.fromkeys((*asked, OCCLUSION[-1], board.primary.key)):
        found = board.every.fast(metric(key))
        devices = Counter(device for _, device, _, _ in found)
        wanted = ["" if name == UNNAMED else name for name in board.filters.device]
        named = sorted(devices, key=lambda name: (not name, -devices[name], name))
        device = next((name for name in (*wanted, *named) if devices[name] > 1), None)
        if device is not None:
            here = [(id, fps, value) for id, on, fps, value in found if on == device]
            return _Points(metric(key), device, devices, _worth_drawing(here, metric(key)))
    return None


def _worth_drawing(here: list[tuple[UUID, float, float]], quality: Metric) -> list[UUID]:
    sign = 1 if quality.higher_is_better else -1
    front = pareto_front([one[1:] for one in here], higher_is_better=quality.higher_is_better)
    best = sorted(here, key=lambda one: -sign * one[2])[:POINTS]
    return [here[n][0] for n in front] + [one[0] for one in best]


def _speed(board: Leaderboard, points: _Points, rows: Sequence[Row]) -> Speed | None:
    ids = set(map(str, points.ids))
    chart = speed_chart(
        [row for row in rows if row.submission_id in ids],
        points.quality,
        device=points.device,
        scope=board.scope,
        chosen=[one.row for one in board.chosen],
        elsewhere=points.devices.total() - points.devices[points.device],
    )
    if chart is None:
        return None
    others = dict.fromkeys((points.quality, *(column.metric for column in board.columns)))
    return Speed(chart, points.quality, points.device, tuple(others), tuple(points.devices.most_common()))


def _well_known(board: Leaderboard) -> Metric:
    """The primary metric; another where fewer than half of the rows have it and more have the other."""
    if board.with_primary * 2 >= board.matching:
        return board.primary
    counts = board.every.counts()
    return max(
        (column.metric for column in board.columns),
        key=lambda metric: counts.get(metric.key, 0),
        default=board.primary,
    )
