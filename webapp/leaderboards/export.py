"""A leaderboard as a file: a page of it as a dict; all of it as lines of CSV, LaTeX or Markdown."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from webapp.benchmarks.models import VideoSubset
from webapp.leaderboards.board import Column, RankedRow, Row
from webapp.leaderboards.filters import ORIGINS
from webapp.leaderboards.metrics import Metric
from webapp.leaderboards.selectors import Leaderboard
from webapp.numbers import UNDEFINED, percent

# A cell that starts with one of these is run as a formula by spreadsheet programs.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FORMULA_AFTER_SEMICOLON = re.compile(r"(;\s*)(?=[=+\-@])")
COST_FIELDS = {
    "params_m": "params_m",
    "gmacs": "gmacs",
    "gflops": "gflops",
    "fps": "frames_per_second",
    "device": "device",
    "kind": "cost_is",
}
COST_LABELS = {"params_m": "M params", "gmacs": "GMACs", "fps": "frames/s"}
LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "∞": r"$\infty$",
        "·": r"$\cdot$",
        UNDEFINED: "--",
    }
)


# Marks behind the names of methods, whose rows have them, and what each means.
LATEX_MARKS: tuple[tuple[str, Callable[[Row], bool], str], ...] = (
    (r"\dagger", lambda row: row.origin == "reported", "as published, not scored here"),
    (
        r"\ddagger",
        lambda row: bool(row.stale),
        "outdated: scored on an earlier ground truth or by an earlier evaluator",
    ),
    (r"\ast", lambda row: not row.is_public, "only you and the organisers see this row"),
)


def to_dict(board: Leaderboard) -> dict[str, Any]:
    """Return a page as plain JSON types; values are fractions in [0, 1], undefined ones None.

    `intervals` are 95 % bounds, `rank_interval` the best and worst rank that the videos leave possible, and
    `tie_groups` ids of submissions, of which the first is not surely better than the others.
    """
    ticked = bool(board.filters.rows)
    return {
        "benchmark": board.split.benchmark.slug,
        "split": board.split.name,
        "subset": None if board.subset is None else _subset_dict(board.subset),
        "primary": board.primary.key,
        "ranked_by": board.ranked_by.key,
        "scores_hidden": board.is_blind,
        "total": board.total,
        "matching": len(board.chosen) if ticked else board.matching,
        "without_number": board.folded,
        "page": 1 if ticked else board.page,
        "pages": 1 if ticked else board.pages,
        "ranks_pending": not board.is_ranked,
        "columns": [
            {
                "key": column.metric.key,
                "label": column.metric.label,
                "title": column.metric.title,
                "group": column.metric.group,
                "higher_is_better": column.metric.higher_is_better,
            }
            for column in board.columns
        ],
        "rows": [_row_dict(ranked, board.columns) for ranked in (board.chosen if ticked else board.rows)],
        "tie_groups": _tie_groups(board),
    }


def to_csv(board: Leaderboard) -> Iterator[str]:
    """Yield comma-separated text with a head line; values are fractions, undefined ones empty.

    The last columns are why a row is outdated, where it is, who sees it, the metric of the rank, the possible
    ranks, what the variant costs, and the bounds of 95 % intervals, of metrics that have any.
    """
    factors = board.every.factor_names()
    keys = [column.metric.key for column in board.columns]
    with_bounds = board.every.metrics_with_intervals()
    bounded = [key for key in keys if key in with_bounds]
    yield _csv_line(
        *("rank", "method", "variant", *factors, "origin", "venue", "year", "source"),
        *keys,
        *("submission", "digest", "outdated", "visibility", "ranked_by", "rank_low", "rank_high"),
        *COST_FIELDS.values(),
        *(f"{key}_{end}" for key in bounded for end in ("low", "high")),
    )
    for ranked in board.listed():
        row = ranked.row
        yield _csv_line(
            ranked.rank,
            row.method,
            row.variant,
            *(row.factors.get(name) for name in factors),
            ORIGINS[row.origin].lower(),
            row.venue,
            row.year,
            source_text(row),
            *(row.values.get(key) for key in keys),
            row.submission_id,
            row.digest,
            row.stale,
            "public" if row.is_public else "private",
            board.ranked_by.key,
            ranked.rank_low,
            ranked.rank_high,
            *(getattr(row.cost, name) for name in COST_FIELDS),
            *(bound for key in bounded for bound in row.intervals.get(key, (None, None))),
        )


def to_markdown(board: Leaderboard) -> Iterator[str]:
    """Yield a table in percent with one decimal; the best of each column is bold."""
    head = ["Rank", "Method", "Settings", "Origin", *_number_heads(board)]
    yield _markdown_line(head)
    yield "|" + "|".join(["---:", "---", "---", "---", *["---:"] * (len(head) - 4)]) + "|\n"
    for ranked in board.listed():
        numbers = [
            f"**{text}**" if column.is_best(ranked.row) else text
            for column, text in _percents(ranked.row, board.columns)
        ] + _costs(ranked.row, board)
        texts = [
            _rank_text(ranked),
            ranked.row.method,
            ranked.row.distinction,
            ORIGINS[ranked.row.origin].lower() + _marks(ranked.row),
        ]
        yield _markdown_line([*(_markdown(text) for text in texts), *numbers])


def to_latex(board: Leaderboard) -> Iterator[str]:
    """Yield a booktabs table in percent with one decimal, the best of a column bold, the second underlined.

    Best and second are those of the table's own rows, as they are printed. Numbers from papers carry a
    dagger, outdated ones a double dagger and private rows an asterisk, which the last lines explain.
    """
    yield f"% {_latex(board.scope)}: needs \\usepackage{{booktabs}}\n"
    heads = _number_heads(board)
    yield f"\\begin{{tabular}}{{ll{'r' * len(heads)}}}\n"
    yield "\\toprule\n"
    yield _latex_line(["Method", "Settings", *map(_latex, heads)])
    yield "\\midrule\n"
    used: set[str] = set()
    podiums = {column.metric.key: _podium(board, column.metric) for column in board.columns}
    for ranked in board.listed():
        numbers = [
            _latex_number(text, podiums[column.metric.key], ranked.row)
            for column, text in _percents(ranked.row, board.columns)
        ] + [_latex(text) for text in _costs(ranked.row, board)]
        marks = [mark for mark, is_so, _ in LATEX_MARKS if is_so(ranked.row)]
        used.update(marks)
        name = _latex(ranked.row.method) + "".join(f"$^{mark}$" for mark in marks)
        yield _latex_line([name, _latex(ranked.row.distinction), *numbers])
    yield "\\bottomrule\n"
    width = len(heads) + 2
    for mark, _, text in LATEX_MARKS:
        if mark in used:
            yield f"\\multicolumn{{{width}}}{{l}}{{\\footnotesize $^{mark}$ {text}}} \\\\\n"
    yield "\\end{tabular}\n"


FORMATS: dict[str, tuple[str, str, Callable[[Leaderboard], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", "csv", to_csv),
    "latex": ("application/x-tex; charset=utf-8", "tex", to_latex),
    "markdown": ("text/markdown; charset=utf-8", "md", to_markdown),
}


def source_text(row: Row) -> str:
    """Say in a few words where a printed number stands; empty for numbers scored here."""
    source = row.source
    parts = [source.get("table"), source.get("repo") or source.get("paper_url"), source.get("path")]
    return ", ".join(str(part) for part in parts if part)


def _subset_dict(subset: VideoSubset) -> dict[str, Any]:
    return {"name": subset.name, "title": subset.title, "videos": subset.video_count}


def _row_dict(ranked: RankedRow, columns: tuple[Column, ...]) -> dict[str, Any]:
    row = ranked.row
    keys = [column.metric.key for column in columns]
    return {
        "rank": ranked.rank,
        "rank_interval": None if ranked.rank_low is None else [ranked.rank_low, ranked.rank_high],
        "tied": ranked.tied,
        "submission": row.submission_id,
        "method": row.method,
        "method_slug": row.method_slug,
        "variant": row.variant,
        "factors": row.factors,
        "origin": row.origin,
        "public": row.is_public,
        "venue": row.venue,
        "year": row.year,
        "source": row.source or None,
        "ran_here": asdict(row.ran) if row.ran else None,
        "cost": asdict(row.cost) if row.cost.kind else None,
        "evaluator": row.evaluator or None,
        "digest": row.digest or None,
        "stale": row.stale or None,
        "scored_at": row.finished_at.isoformat() if row.finished_at else None,
        "values": {key: row.values.get(key) for key in keys},
        "intervals": {key: list(row.intervals[key]) for key in keys if key in row.intervals},
    }


def _tie_groups(board: Leaderboard) -> list[list[str]]:
    groups: dict[int, list[RankedRow]] = {}
    for ranked in board.rows:
        if ranked.tie_group is not None:
            groups.setdefault(ranked.tie_group, []).append(ranked)
    by_rank = [sorted(groups[number], key=lambda one: one.rank or 0) for number in sorted(groups)]
    return [[ranked.row.submission_id for ranked in group] for group in by_rank]


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as comma-separated text, every cell in quotes."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([plain_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def _csv_line(*cells: object) -> str:
    return csv_text([cells])


def plain_cell(cell: object) -> object:
    """Return a cell in which a spreadsheet finds no formula, also one that splits at semicolons."""
    if isinstance(cell, str):
        cell = FORMULA_AFTER_SEMICOLON.sub(r"\1'", cell)
        return "'" + cell if cell.startswith(FORMULA_STARTS) else cell
    return "" if cell is None else cell


def _percents(row: Row, columns: tuple[Column, ...]) -> list[tuple[Column, str]]:
    return [(column, percent(row.values.get(column.metric.key))) for column in columns]


def _number_heads(board: Leaderboard) -> list[str]:
    costs = board.costs if board.shows_costs else ()
    return [*(column.metric.label for column in board.columns), *(COST_LABELS[key] for key in costs)]


def _costs(row: Row, board: Leaderboard) -> list[str]:
    """The costs that the board shows, a speed with its device."""
    texts = []
    for key in board.costs if board.shows_costs else ():
        value = getattr(row.cost, key)
        device = f" ({row.cost.device or 'device not named'})" if key == "fps" else ""
        texts.append(UNDEFINED if value is None else f"{value:.4g}{device}")
    return texts


def _podium(board: Leaderboard, metric: Metric) -> list[str]:
    """The best and the second number of a column of the table, as they are printed."""
    values: Iterable[float | None] = board.every.values(metric)
    if board.filters.rows:
        ticked = [one.row.values.get(metric.key) for one in board.chosen if not one.row.is_secondary]
        known = [value for value in ticked if value is not None]
        values = sorted(known, reverse=metric.higher_is_better)
    texts: list[str] = []
    for value in values:
        text = percent(value)
        if text not in texts:
            texts.append(text)
        if len(texts) == 2:
            break
    return texts


def _latex_number(text: str, podium: list[str], row: Row) -> str:
    if row.is_secondary or text not in podium:
        return text
    return f"\\textbf{{{text}}}" if text == podium[0] else f"\\underline{{{text}}}"


def _marks(row: Row) -> str:
    return (", outdated" if row.stale else "") + ("" if row.is_public else ", only you")


def _rank_text(ranked: RankedRow) -> str:
    return UNDEFINED if ranked.rank is None else str(ranked.rank)


def _markdown_line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _latex_line(cells: list[str]) -> str:
    return " & ".join(cells).replace(UNDEFINED, "--") + " \\\\\n"


def _markdown(text: str) -> str:
    """Escape what Markdown, or HTML within it, would take for markup."""
    for mark in "\\|*_`[]<>":
        text = text.replace(mark, "\\" + mark if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark])
    return text


def _latex(text: str) -> str:
    return " ".join(text.split()).translate(LATEX)
