"""Prints a comparison of two submissions as tables and sentences, in percent."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluator.catalog import BENCHMARKS
from evaluator.files.words import counted
from evaluator.statistics.report_comparison import Comparison, VideoDifferences


def print_comparison(output: Console, comparison: Comparison) -> None:
    """Print the headline metrics of both, what their differences amount to, and where they lie."""
    output.print(_metrics_table(comparison))
    for key in comparison.differences:
        output.print(comparison.sentence(key), markup=False)
    videos = comparison.videos
    output.print(
        f"{videos.metric} of single videos: A is better on {videos.a_better}, B on {videos.b_better}, "
        f"equal on {videos.equal}.",
        soft_wrap=True,
    )
    if videos.largest:
        output.print(_videos_table(videos))


def _metrics_table(comparison: Comparison) -> Table:
    spec = BENCHMARKS[comparison.a.benchmark]
    videos = counted(comparison.a.videos, "video")
    draws = f"{comparison.a.resamples:,} draws of {videos}, seed {comparison.a.seed}"
    table = _table(f"{spec.name}, in percent ({draws})", "metric", "A", "B", "A - B", "95 % interval", "p")
    for key, found in comparison.differences.items():
        values = [comparison.a.metrics[key], comparison.b.metrics[key]]
        cells = ["undefined" if value is None else f"{100 * value:.2f}" for value in values]
        if found is None:
            table.add_row(key, *cells, "-", "-", "-")
            continue
        bounds = f"{100 * found.low:+.2f} to {100 * found.high:+.2f}"
        table.add_row(key, *cells, _apart(*values), bounds, found.p_text)
    return table


def _videos_table(videos: VideoDifferences) -> Table:
    table = _table(f"Largest differences, {videos.metric} in percent", "video", "A", "B", "A - B")
    for item in videos.largest:
        numbers = (f"{100 * item.a:.2f}", f"{100 * item.b:.2f}", _apart(item.a, item.b))
        table.add_row(escape(item.name), *numbers)
    return table


def _apart(a: float | None, b: float | None) -> str:
    """Return the difference of two numbers as they are shown beside it."""
    if a is None or b is None:
        return "-"
    return f"{Decimal(f'{100 * a:.2f}') - Decimal(f'{100 * b:.2f}'):+.2f}"


def _table(title: str, name: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(name)
    for column in columns:
        table.add_column(column, justify="right")
    return table
