"""Prints an analysis as tables, in percent."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from evaluator.catalog import BENCHMARKS
from evaluator.files.words import counted
from evaluator.types import Analysis, AnalysisPart

_MEANINGS: Final = {
    "classification": "found, under another category",
    "spatial": "the masks are too inexact",
    "temporal": "begins, ends or pauses at the wrong time",
    "switch": "goes over to another object",
    "fragment": "one piece of a track in several pieces",
    "duplicate": "the object is found already",
    "both": "another category and too little overlap",
    "background": "about no object",
    "missed": "no prediction is about the object",
}
_SHORT: Final = {
    "classification": "class",
    "temporal": "time",
    "spatial": "space",
    "switch": "swap",
    "fragment": "frag",
    "duplicate": "dupl",
    "background": "bg",
    "missed": "miss",
}
_AVERAGES: Final = {
    "det_averaged": "all masks",
    "class_averaged": "categories",
    "present_class_averaged": "present categories",
}


def print_analysis(output: Console, analysis: Analysis) -> None:
    """Print the tables of all videos, then those of every subset."""
    name = BENCHMARKS[analysis.benchmark].name
    _print_part(output, name, analysis.benchmark, analysis.whole)
    for subset, part in analysis.subsets.items():
        output.print()
        _print_part(output, f"{name}, subset {subset}", analysis.benchmark, part)


def _print_part(output: Console, title: str, benchmark: str, part: AnalysisPart) -> None:
    counts = f"{counted(part.videos, 'video')}, {counted(part.predictions, 'prediction')}"
    output.print(f"{title}: {counts}", markup=False)
    for table in (
        _metrics_table(benchmark, part),
        _tracking_table(part),
        _errors_table(part),
        _slices_table(part),
    ):
        output.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def _metrics_table(benchmark: str, part: AnalysisPart) -> Table:
    keys = BENCHMARKS[benchmark].headline
    table = _table("Official metrics", *keys)
    table.columns[0].justify = "right"
    table.add_row(*(_percent(part.metrics[key]) for key in keys))
    return table


def _tracking_table(part: AnalysisPart) -> Table:
    table = _table("Tracking (TrackEval), averaged over", "", *_AVERAGES.values())
    for key in part.tracking["det_averaged"]:
        table.add_row(key, *(_percent(part.tracking[average][key]) for average in _AVERAGES))
    if part.tracking["empty_masks"]:
        table.caption = (
            f"{part.tracking['empty_masks']} predicted masks have no pixel; write null in their place: "
            "here they count as wrong detections."
        )
        table.caption_justify = "left"
    return table


def _errors_table(part: AnalysisPart) -> Table:
    ap50 = _percent(part.errors["AP50"])
    table = _table(f"Errors: AP50 is {ap50}, and fixing one kind would add", "kind", "AP50", "errors")
    table.add_column("meaning")
    for kind, found in part.errors["kinds"].items():
        table.add_row(kind, _percent(found["dAP50"]), str(found["count"]), _MEANINGS[kind])
    return table


def _slices_table(part: AnalysisPart) -> Table:
    kinds = list(part.errors["kinds"])
    short = [_SHORT.get(kind, kind) for kind in kinds]
    table = _table("AP50 that fixing would add, by objects and videos", "", "AP50", *short)
    table.columns[0].no_wrap = True
    for group, members in part.errors["by"].items():
        for name, found in members.items():
            if found["AP50"] is not None:  # otherwise there are no such objects
                gains = [found["kinds"][kind]["dAP50"] for kind in kinds]
                table.add_row(f"{name} {group}", *(f"{100 * value:.1f}" for value in (found["AP50"], *gains)))
    return table
