"""What the charts of studies share: their table, and their notes on data and source."""

from typing import Any

from webapp.ablations.studies import Cell, Kind, Quantity, Study, StudyRow
from webapp.charts.spec import Chart
from webapp.numbers import UNDEFINED, bounds, change, percent, signed

# A trace of texts alone.
LABELS: dict[str, Any] = {
    "type": "scatter",
    "mode": "text",
    "textfont": {"color": "var(--ink)", "size": 12},
    "cliponaxis": False,
    "showlegend": False,
    "hoverinfo": "skip",
}


def step_text(value: float, step: float) -> str:
    """Return how far `value` is from `value - step`, as the two are shown beside it."""
    return change(round(value, 9), round(value - step, 9))


def study_table(study: Study) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return head and rows of the table of a study: every number of it, with the steps in brackets."""
    if study.kind == Kind.EFFECTS:
        return _effects_table(study)
    if study.kind == Kind.GRID:
        return ("", *study.columns), tuple(
            (row.name, *(_grid_cell(cell, study.scores[0]) for cell in row.cells)) for row in study.rows
        )
    has_groups = any(row.group for row in study.rows)
    head = ("Setting", *(("Input",) if has_groups else ()), *map(_column, study.quantities))
    rows = tuple(
        (row.name, *((row.group,) if has_groups else ()), *(_cell(row, one) for one in study.quantities))
        for row in study.rows
    )
    return head, rows


def _effects_table(study: Study) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    head = ("Change", "Pairs", *map(_column, study.quantities))
    return head, tuple(
        (
            row.name,
            str(len(row.pairs)),
            *(signed(row.steps[one.key]) + span_text(row, one) for one in study.quantities),
        )
        for row in study.rows
    )


def _grid_cell(cell: Cell, key: Quantity) -> str:
    """Return a combination's number, and how far the two changes together differ from their sum."""
    if not cell.submission or key.key not in cell.values:
        return UNDEFINED
    return percent(cell.values[key.key]) + (f" ({beyond_text(cell)})" if cell.beyond is not None else "")


def beyond_text(cell: Cell) -> str:
    """Return what two changes bring beyond their sum, such as "+1.2 [-0.3 to +2.7]"."""
    assert cell.beyond is not None
    span = "" if cell.interval is None else f" [{bounds(*cell.interval)}]"
    return signed(cell.beyond) + span


def _column(one: Quantity) -> str:
    return one.label if one.is_score or one.unit == one.label else f"{one.label} ({one.unit})"


def _cell(row: StudyRow, one: Quantity) -> str:
    value = row.values.get(one.key)
    if value is None:
        return UNDEFINED
    if not one.is_score:
        return f"{value:g}"
    step = row.steps.get(one.key)
    return percent(value) + ("" if step is None else f" ({step_text(value, step)}{span_text(row, one)})")


def span_text(row: StudyRow, one: Quantity) -> str:
    """Return the 95 % interval of a step; empty where none is known, as for all that is printed."""
    return f" [{bounds(*row.intervals[one.key])}]" if one.key in row.intervals else ""


def study_chart(
    study: Study,
    part: str,
    *,
    subtitle: str,
    data: list[dict[str, Any]],
    notes: tuple[str, ...],
    layout: dict[str, Any],
    title: str = "",
) -> Chart:
    head, rows = study_table(study)
    return Chart(
        key="-".join(filter(None, (study.anchor, part))),
        title=title or study.title,
        subtitle=subtitle.removesuffix(" · "),
        figure={"data": data, "layout": layout},
        head=head,
        rows=rows,
        notes=notes,
    )


def foot(study: Study, scope: str, *more: str) -> tuple[str, ...]:
    """Return what stands below the picture alone: the data, the source, and what a reader must know."""
    source = f"Printed in {study.source.short}" if study.source.short else ""
    return (" · ".join(filter(None, (scope, source))), *filter(None, more))
