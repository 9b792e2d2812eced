"""Chooses the chart of a leaderboard, and its rows."""

from webapp.charts.levels import (
    BY_OCCLUSION,
    BY_STEADINESS,
    BY_WINDOW,
    DIRECT_LABELS,
    Levels,
    levels_chart,
)
from webapp.charts.spec import Chart
from webapp.charts.timeline import timeline_chart
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import Metric
from webapp.leaderboards.selectors import Leaderboard

# Points of a timeline: besides the best of each year, so many of the best.
POINTS = 300


def board_chart(board: Leaderboard) -> Chart | None:
    """Return the chart of the ticked rows (else of the top rows), None where no chart makes sense."""
    scope = board.scope
    chosen = [ranked.row for ranked in board.chosen]

    def levels(wanted: Levels) -> Chart | None:
        rows = chosen or [ranked.row for ranked in board.top(wanted.metrics, DIRECT_LABELS)]
        return levels_chart(rows, wanted, scope=scope)

    return (
        levels(BY_OCCLUSION)
        or levels(BY_WINDOW)
        or _timeline(board, chosen, scope=scope)
        or levels(BY_STEADINESS)
    )


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
