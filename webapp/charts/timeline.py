"""How far has it come? The metric over the years, where there are no numbers by occlusion."""

from collections.abc import Sequence
from typing import Any

from webapp.charts.spec import SYMBOLS, Chart, layout, percent, plain, styles
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import Metric

LABELS = 5


def timeline_chart(
    rows: Sequence[Row], metric: Metric, *, place: str, chosen: Sequence[Row] = ()
) -> Chart | None:
    """Draw every row with a year and a value; label the chosen ones, else those that set a record.

    None where fewer than two years are known: one point tells no story.
    """
    dated = sorted(
        (row for row in rows if row.year is not None and row.values.get(metric.key) is not None),
        key=lambda row: (row.year or 0, row.values[metric.key] or 0.0),
    )
    if len({row.year for row in dated}) < 2:
        return None
    records = _records(dated, metric)
    labelled = [row for row in chosen if row in dated] or records[-LABELS:]
    return Chart(
        key="timeline",
        title=f"How far has {metric.label} come?",
        subtitle=f"{metric.label} (%) by year of publication · {place} · {len(dated)} rows",
        figure={
            "data": [
                *_crowd(dated, metric, labelled),
                _best_line(records, metric),
                *_marked(labelled, metric),
            ],
            "layout": layout(
                xaxis={
                    "dtick": 1,
                    "tickformat": "d",
                    "range": [(dated[0].year or 0) - 0.9, (dated[-1].year or 0) + 0.4],
                    "showgrid": False,
                },
                yaxis={"title": {"text": f"{metric.label}, %", "standoff": 8, "font": {"size": 12}}},
                annotations=_labels(labelled, metric),
                legend={"orientation": "h", "y": -0.14, "x": 0},
                showlegend=True,
            ),
        },
        head=("Method", "Year", metric.label),
        rows=tuple(
            (row.full_name, str(row.year), percent(row.values[metric.key])) for row in reversed(dated)
        ),
    )


def _records(dated: Sequence[Row], metric: Metric) -> list[Row]:
    """Return the best row of each year that beats all years before."""
    best: dict[int, Row] = {}
    for row in dated:
        best[row.year or 0] = row  # sorted by value within a year: the last one is its best
    records: list[Row] = []
    for year in sorted(best):
        if not records or (best[year].values[metric.key] or 0) > (records[-1].values[metric.key] or 0):
            records.append(best[year])
    return records


def _points(rows: Sequence[Row], metric: Metric) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [row.year for row in rows],
        "y": [100 * (row.values[metric.key] or 0.0) for row in rows],
        "text": [plain(row.full_name) for row in rows],
        "hovertemplate": "%{text}<br>%{x}: %{y:.1f}<extra></extra>",
    }


def _crowd(dated: Sequence[Row], metric: Metric, labelled: Sequence[Row]) -> list[dict[str, Any]]:
    modes = sorted({row.factors.get("mode", "") for row in dated}, key=lambda mode: (not mode, mode))
    return [
        {
            **_points([r for r in dated if r.factors.get("mode", "") == mode and r not in labelled], metric),
            "mode": "markers",
            "name": mode or "mode not printed",
            "marker": {
                "color": "var(--muted)",
                "size": 7,
                "opacity": 0.45,
                "symbol": SYMBOLS[n % len(SYMBOLS)],
            },
        }
        for n, mode in enumerate(modes)
    ]


def _best_line(records: Sequence[Row], metric: Metric) -> dict[str, Any]:
    return {
        **_points(records, metric),
        "mode": "lines",
        "name": "best so far",
        "hoverinfo": "skip",
        "hovertemplate": None,
        "line": {"color": "var(--line-strong)", "width": 2, "shape": "hv"},
    }


def _marked(rows: Sequence[Row], metric: Metric) -> list[dict[str, Any]]:
    return [
        {
            **_points([row], metric),
            "mode": "markers",
            "showlegend": False,
            "marker": {"color": style.colour, "size": 11, "line": {"width": 1.5, "color": "var(--card)"}},
        }
        for row, style in zip(rows, styles([row.method_id for row in rows]), strict=True)
    ]


def _labels(rows: Sequence[Row], metric: Metric) -> list[dict[str, Any]]:
    return [
        {
            "x": row.year,
            "y": 100 * (row.values[metric.key] or 0.0),
            "xanchor": "right",
            "yanchor": "bottom",
            "xshift": -8,
            "yshift": 0,
            "showarrow": False,
            "text": f"<b>{plain(row.method)}</b> {percent(row.values[metric.key])}",
            "font": {"color": "var(--ink)", "size": 12},
        }
        for row in rows
    ]
