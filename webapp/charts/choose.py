"""Which chart a leaderboard shows, and of which rows."""

from webapp.charts.occlusion import DIRECT_LABELS, has_levels, occlusion_chart
from webapp.charts.spec import Chart
from webapp.charts.timeline import timeline_chart
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import Metric
from webapp.leaderboards.selectors import Leaderboard


def board_chart(board: Leaderboard) -> Chart | None:
    """Return the chart of the chosen rows (else of the top rows), None where no chart makes sense."""
    place = f"{board.split.benchmark.name} {board.split.name}"
    rows = [ranked.row for ranked in board.rows]
    chosen = [row for row in rows if row.variant_id in board.filters.rows]
    by_rank = sorted(board.rows, key=lambda ranked: ranked.rank or len(rows) + 1)
    top = [ranked.row for ranked in by_rank if has_levels(ranked.row) and not ranked.row.is_secondary]
    return occlusion_chart(chosen or top[:DIRECT_LABELS], place=place) or timeline_chart(
        rows, _well_known(board, rows), place=place, chosen=chosen
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
