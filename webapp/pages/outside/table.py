"""Rows of a leaderboard as they stand in pages of others: few columns, no tools. Pure."""

from dataclasses import dataclass

from webapp.leaderboards.board import Column, RankedRow, Row
from webapp.leaderboards.filters import ORIGINS
from webapp.leaderboards.metrics import Metric
from webapp.leaderboards.selectors import Leaderboard
from webapp.numbers import UNDEFINED, percent


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    is_best: bool
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Line:
    rank: str
    row: Row
    origin: str
    interval: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`others` rows of the board are not shown."""

    scope: str
    ranked_by: Metric
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    total: int
    others: int


def table_of(board: Leaderboard, *, chosen: bool = False) -> Table:
    """Return the rows of a page of a board, or the chosen ones."""
    rows = board.chosen if chosen else board.rows
    return Table(
        scope=board.scope,
        ranked_by=board.ranked_by,
        columns=board.columns,
        lines=tuple(_line(ranked, board) for ranked in rows),
        total=board.total,
        others=board.total - len(rows),
    )


def _line(ranked: RankedRow, board: Leaderboard) -> Line:
    row = ranked.row
    bounds = row.intervals.get(board.primary.key, ())
    return Line(
        rank="…" if ranked.is_pending else UNDEFINED if ranked.rank is None else str(ranked.rank),
        row=row,
        origin=ORIGINS[row.origin].lower(),
        interval="\N{EN DASH}".join(percent(bound) for bound in bounds),
        cells=tuple(
            Cell(percent(row.values.get(one.metric.key)), one.is_best(row), one.is_primary)
            for one in board.columns
        ),
    )
