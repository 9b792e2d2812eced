"""Chooses the chart of a leaderboard, and its rows."""

from collections import Counter
from dataclasses import dataclass

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


def board_charts(board: Leaderboard) -> tuple[Chart, ...]:
    """Return the charts of the ticked rows (else of the top rows): by level, and over time."""
    scope = board.scope
    chosen = [ranked.row for ranked in board.chosen]

    def levels(wanted: Levels) -> Chart | None:
        return levels_chart(chosen or _top_methods(board, wanted), wanted, scope=scope)

    timeline = _timeline(board, chosen, scope=scope)
    by_level = levels(BY_OCCLUSION) or levels(BY_WINDOW)
    if by_level is None and timeline is None:
        by_level = levels(BY_STEADINESS)
    return tuple(chart for chart in (by_level, timeline) if chart is not None)


def _top_methods(board: Leaderboard, wanted: Levels) -> list[Row]:
    """The top rows, the best one of each method before others of it; none that lacks the primary metric."""
    top = [ranked.row for ranked in board.top((board.primary.key, *wanted.metrics), LOOKED_AT)]
    best: dict[int, Row] = {}
    for row in top:
        best.setdefault(row.method_id, row)
    firsts = list(best.values())
    drawn = [*firsts, *(row for row in top if row not in firsts)][:DIRECT_LABELS]
    return [row for row in top if row in drawn]


@dataclass(frozen=True, slots=True)
class Speed:
    """The chart of quality against speed, and what else could be asked: metrics, and devices with rows."""

    chart: Chart
    metric: Metric
    device: str
    metrics: tuple[Metric, ...]
    devices: tuple[tuple[str, int], ...]


def board_speed(board: Leaderboard) -> Speed | None:
    """Return the chart of quality against speed on one device; None where no device has two rows.

    Quality is the metric that the address asks for; else AP under heavy occlusion where rows have both, else
    the primary metric. The device is the first that passes the filter, else the one with most rows.
    """
    if "fps" not in board.costs:
        return None
    asked = [board.filters.y] if board.filters.y in board.every.columns else []
    for key in dict.fromkeys((*asked, OCCLUSION[-1], board.primary.key)):
        points = board.every.fast(metric(key))
        counts = Counter(device for _, device, _, _ in points)
        wanted = ["" if name == UNNAMED else name for name in board.filters.device]
        named = sorted(counts, key=lambda name: (not name, -counts[name], name))
        device = next((name for name in (*wanted, *named) if counts[name] > 1), None)
        if device is not None:
            return _speed(board, metric(key), device, points, counts)
    return None


def _speed(
    board: Leaderboard,
    quality: Metric,
    device: str,
    points: list[tuple[int, str, float, float]],
    counts: Counter[str],
) -> Speed | None:
    here = [(pk, fps, value) for pk, on, fps, value in points if on == device]
    sign = 1 if quality.higher_is_better else -1
    front = pareto_front([one[1:] for one in here], higher_is_better=quality.higher_is_better)
    best = sorted(here, key=lambda one: -sign * one[2])[:POINTS]
    rows = [one.row for one in board.every.of_keys([here[n][0] for n in front] + [one[0] for one in best])]
    chart = speed_chart(
        rows,
        quality,
        device=device,
        scope=board.scope,
        chosen=[one.row for one in board.chosen],
        elsewhere=len(points) - len(here),
    )
    if chart is None:
        return None
    others = dict.fromkeys((quality, *(column.metric for column in board.columns)))
    return Speed(chart, quality, device, tuple(others), tuple(counts.most_common()))


def _timeline(board: Leaderboard, chosen: list[Row], *, scope: str) -> Chart | None:
    metric = _well_known(board)
    dated = [ranked.row for ranked in board.every.dated(metric, POINTS)]
    known = {row.submission_id for row in dated}
    ticked = [row for row in chosen if row.submission_id not in known]
    return timeline_chart([*dated, *ticked], metric, scope=scope, chosen=chosen)


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
