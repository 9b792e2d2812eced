"""Which chart a leaderboard shows, and of which rows."""

from webapp.charts.occlusion import DIRECT_LABELS, has_levels, occlusion_chart
from webapp.charts.spec import Chart
from webapp.charts.timeline import timeline_chart
from webapp.leaderboards.selectors import Leaderboard


def board_chart(board: Leaderboard) -> Chart | None:
    """Return the chart of the chosen rows (of the top rows where none is chosen), None where no chart makes sense."""
    place = f"{board.split.benchmark.name} {board.split.name}"
    rows = [ranked.row for ranked in board.rows]
    chosen = [row for row in rows if row.variant_id in board.filters.rows]
    by_rank = sorted(board.rows, key=lambda ranked: ranked.rank or len(rows) + 1)
    top = [ranked.row for ranked in by_rank if has_levels(ranked.row) and not ranked.row.is_secondary]
    return occlusion_chart(chosen or top[:DIRECT_LABELS], place=place) or timeline_chart(
        rows, board.primary, place=place, chosen=chosen
    )
