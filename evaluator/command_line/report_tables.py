"""Prints a report as tables, in percent."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from evaluator.catalog import BENCHMARKS, METRICS
from evaluator.files.words import counted
from evaluator.types import Report

Intervals = Mapping[str, tuple[float, float]]


def print_report(output: Console, report: Report) -> None:
    """Print the metrics of all videos, those of every subset, and the digest."""
    output.print(_metrics_table(report))
    if report.subsets:
        output.print(_subsets_table(report))
    # On one line however narrow the terminal is, to be copied and compared.
    output.print(report.digest, highlight=False, soft_wrap=True)


def _metrics_table(report: Report) -> Table:
    spec = BENCHMARKS[report.benchmark]
    counts = f"{counted(report.videos, 'video')}, {counted(report.predictions, 'prediction')}"
    title = f"{spec.name}: {counts}, {report.seconds['total']:.2f} s"
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    table.add_column("percent", justify="right")
    table.add_column("meaning")
    if report.intervals:
        table.add_column("95 % interval", justify="right")
    for key in spec.metrics:
        row = [key, _percent(report.metrics[key], "undefined"), METRICS[key].title]
        table.add_row(*row, *([_bounds(report.intervals[key])] if key in report.intervals else []))
    return table


def _subsets_table(report: Report) -> Table:
    table = Table(title="Subsets of the videos, in percent", title_justify="left")
    table.add_column("metric")
    columns = {f"all ({report.videos})": (report.metrics, report.intervals)}
    for name, part in report.subsets.items():
        columns[f"{name} ({part.videos})"] = (part.metrics, part.intervals)
    for title in columns:
        table.add_column(title, justify="right")
    for key in BENCHMARKS[report.benchmark].metrics:
        table.add_row(key, *(_cell(key, metrics, bounds) for metrics, bounds in columns.values()))
    return table


def _cell(key: str, metrics: Mapping[str, float | None], intervals: Intervals) -> str:
    text = _percent(metrics[key], "-")
    return f"{text} ({_bounds(intervals[key])})" if key in intervals else text


def _percent(value: float | None, undefined: str) -> str:
    return undefined if value is None else f"{100 * value:.2f}"


def _bounds(bounds: tuple[float, float]) -> str:
    low, high = bounds
    return f"{100 * low:.2f} to {100 * high:.2f}"
