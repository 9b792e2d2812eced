"""How much does occlusion cost? AP of the slightly, moderately and heavily occluded objects, a line a row."""

from collections.abc import Sequence
from typing import Any

from webapp.charts.spec import Chart, Style, layout, names_apart, percent, plain, spread, styles
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import OCCLUSION

LEVELS = ("slightly<br>occluded", "moderately<br>occluded", "heavily<br>occluded")
DIRECT_LABELS = 5
# A label's two lines, as a share of the height of the plot.
LABEL_HEIGHT = 0.11


def has_levels(row: Row) -> bool:
    return all(row.values.get(key) is not None for key in OCCLUSION)


def occlusion_chart(rows: Sequence[Row], *, place: str) -> Chart | None:
    """Draw the rows that have all three numbers; None where no row has. `place` names benchmark and split."""
    drawn = [row for row in rows if has_levels(row)]
    if not drawn:
        return None
    series = [[100 * (row.values[key] or 0.0) for key in OCCLUSION] for row in drawn]
    line_styles = styles([row.method_id for row in drawn])
    top = max(max(values) for values in series) * 1.08 or 1.0
    direct = len(drawn) <= DIRECT_LABELS
    names, shared = names_apart(drawn)
    return Chart(
        key="occlusion",
        title="How much does occlusion cost?",
        subtitle=" · ".join(
            filter(None, ("AP (%) by occlusion of the object", place, shared, _sources(drawn)))
        ),
        figure={
            "data": [_line(*line) for line in zip(drawn, names, series, line_styles, strict=True)],
            "layout": layout(
                xaxis={
                    "tickvals": [0, 1, 2],
                    "ticktext": list(LEVELS),
                    "range": [-0.12, 2.06],
                    "showgrid": False,
                },
                yaxis={"range": [0, top], "title": {"text": "AP, %", "standoff": 8, "font": {"size": 12}}},
                margin={"r": 260 if direct else 24},
                annotations=_labels(names, series, top) if direct else [],
                showlegend=not direct,
                legend={"orientation": "h", "y": -0.18},
            ),
        },
        head=("Method", "slight", "moderate", "heavy", "slight → heavy"),
        rows=tuple(
            (
                row.full_name,
                *(percent(row.values[key]) for key in OCCLUSION),
                _change(values),
            )
            for row, values in zip(drawn, series, strict=True)
        ),
    )


def _line(row: Row, name: tuple[str, str], values: list[float], style: Style) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plain(" · ".join(filter(None, name))),
        "x": [0, 1, 2],
        "y": values,
        "line": {"color": style.colour, "width": 2.5, "dash": style.dash},
        "marker": {
            "color": style.colour,
            "size": 9,
            "symbol": style.symbol + ("-open" if row.origin == "reported" else ""),
            "line": {"width": 2, "color": style.colour},
        },
        "hovertemplate": "%{fullData.name}<br>%{y:.1f}<extra></extra>",
    }


def _labels(
    names: Sequence[tuple[str, str]], series: Sequence[list[float]], top: float
) -> list[dict[str, Any]]:
    heights = spread([values[2] for values in series], top * LABEL_HEIGHT)
    return [
        {
            "x": 2,
            "y": height,
            "xanchor": "left",
            "xshift": 12,
            "align": "left",
            "showarrow": False,
            "text": _label(name, values),
            "font": {"color": "var(--ink)", "size": 12},
        }
        for name, values, height in zip(names, series, heights, strict=True)
    ]


def _change(values: list[float]) -> str:
    """From the slightly to the heavily occluded, in points, with its sign."""
    return f"{values[2] - values[0]:+.1f}".replace("-", "\N{MINUS SIGN}")


def _label(name: tuple[str, str], values: list[float]) -> str:
    method, settings = (_short(text) for text in name)
    return f"<b>{method}</b>{'<br>' + settings if settings else ''}  {_change(values)}"


def _short(text: str) -> str:
    return plain(text if len(text) <= 32 else text[:31] + "…")


def _sources(rows: Sequence[Row]) -> str:
    reported = sum(row.origin == "reported" for row in rows)
    if not reported:
        return "scored here"
    if reported == len(rows):
        return "as published (open marks)"
    return "scored here (filled) and as published (open)"
