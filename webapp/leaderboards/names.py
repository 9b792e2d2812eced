"""Names of rows that tell them apart."""

from collections.abc import Sequence

from webapp.leaderboards.board import Row


def names_apart(rows: Sequence[Row]) -> tuple[list[tuple[str, str]], str]:
    """Return (method, settings) of each row, only what tells it from the others; and what all rows share."""
    keys = list(dict.fromkeys(key for row in rows for key in row.shown_factors))
    shared = [key for key in keys if len(rows) > 1 and len({row.factors.get(key) for row in rows}) == 1]
    names = [
        (row.method, " · ".join(text for key, text in row.shown_factors.items() if key not in shared))
        for row in rows
    ]
    if len(set(names)) < len(names):
        return [(row.method, row.variant) for row in rows], ""
    return names, " · ".join(rows[0].factors[key] for key in shared)
