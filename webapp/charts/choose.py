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


def board_chart(board: Leaderboard) -> Chart | None:
    """Return the chart of the chosen rows (else of the top rows), None where no chart makes sense."""
    scope = board.scope
    rows = [ranked.row for ranked in board.rows]
    chosen = [row for row in rows if row.variant_id in board.filters.rows]
    by_rank = sorted(board.rows, key=lambda ranked: ranked.rank or len(rows) + 1)
    ranked = [one.row for one in by_rank if not one.row.is_secondary]

    def levels(wanted: Levels) -> Chart | None:
        top = [row for row in ranked if wanted.known(row)][:DIRECT_LABELS]
        return levels_chart(chosen or top, wanted, scope=scope)

    return (
        levels(BY_OCCLUSION)
        or levels(BY_WINDOW)
        or timeline_chart(rows, _well_known(board, rows), scope=scope, chosen=chosen)
        or levels(BY_STEADINESS)
    )


def _well_known(board: Leaderboard, rows: list[Row]) -> Metric:
    """The primary metric; another where fewer than half of the rows have it and more have the other."""
    known = {
        column.metric: sum(row.values.get(column.metric.key) is not None for row in rows)
        for column in board.columns
    }
    if not known or known.get(board.primary, 0) * 2 >= len(rows):
        return board.primary
    return max(known, key=lambda metric: known[metric])
