"""The documentation of the metrics, as Markdown and for the terminal; the site draws its own pages."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table

from evaluator.catalog import MetricSpec, benchmarks_with
from evaluator.catalog.families import FAMILIES, command_for, metrics_of
from evaluator.catalog.formula import render_inline, to_text
from evaluator.catalog.spec import SCENES

_HEAD: Final = """\
# The metrics

Written by `python -m evaluator metrics --markdown`; the texts stand in `evaluator/catalog/`. Every metric
is a fraction between 0 and 1, shown in percent; higher is better, but for what errors cost. Where there is
nothing to measure it is undefined (null), not 0. The tests evaluate the examples.
"""


def to_markdown() -> str:
    """Return the page with all metrics."""
    parts = [_HEAD]
    for family, title in FAMILIES.items():
        parts.append(f"## {title}\n")
        parts.append("| metric | name | what it measures |\n| --- | --- | --- |")
        parts[-1] += "".join(
            f"\n| [{spec.label}](#{spec.key.lower()}) | {spec.title} | {spec.meaning} |"
            for spec in metrics_of(family)
        )
        parts += ["", *(_section(spec) for spec in metrics_of(family))]
    return "\n".join(parts)


def _section(spec: MetricSpec) -> str:
    benchmarks = ", ".join(f"`{one.key}`" for one in benchmarks_with(spec.key))
    lines = [f"### {spec.key}", "", f"**{spec.title}.** {spec.meaning} {spec.description}", ""]
    for formula in spec.formula:
        lines += ["```math", formula, "```", ""]
    lines += [spec.symbols, ""]
    if spec.quirks:
        lines += ["Official quirks, kept:", "", *(f"- {quirk}" for quirk in spec.quirks), ""]
    example = spec.example
    lines += [
        f"Example: {SCENES[example.scene]} {example.working} {spec.label} = {example.value:.4f}.",
        "",
        f"Reported for {benchmarks}: `{command_for(spec)}`",
        "",
        "Source: " + "; ".join(f"[{source.text}]({source.url})" for source in spec.sources) + ".",
        "",
    ]
    return "\n".join(lines)


def print_metrics(output: Console) -> None:
    """Print one line per metric."""
    for family, title in FAMILIES.items():
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
        table.add_column("metric", no_wrap=True)
        table.add_column("what it measures")
        for spec in metrics_of(family):
            table.add_row(spec.key, spec.meaning)
        output.print(table)
        output.print()


def print_metric(output: Console, spec: MetricSpec) -> None:
    """Print everything the catalog says of one metric."""
    direction = "higher" if spec.higher_is_better else "lower"
    output.print(f"{spec.key}: {spec.title}, 0 to 1, {direction} is better", markup=False)
    _print(output, spec.meaning)
    output.print()
    for formula in spec.formula:
        output.print(f"    {to_text(formula)}", markup=False, soft_wrap=True)
    output.print()
    _print(output, render_inline(spec.symbols, str, to_text))
    if spec.quirks:
        _print(output, "\nOfficial quirks, kept:")
        for quirk in spec.quirks:
            _print(output, f"- {render_inline(quirk, str, to_text)}")
    _print(output, f"\nExample: {SCENES[spec.example.scene]}")
    _print(output, f"{spec.example.working} {spec.label} = {spec.example.value:.4f}")
    names = ", ".join(one.key for one in benchmarks_with(spec.key))
    _print(output, f"\nReported for {names}:")
    output.print(f"    {command_for(spec)}", markup=False, soft_wrap=True)
    for source in spec.sources:
        output.print(f"{source.text}: {source.url}", markup=False, soft_wrap=True)


def _print(output: Console, text: str) -> None:
    output.print(text, markup=False)
