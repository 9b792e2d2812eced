"""A metric at levels of difficulty, one line per row: the cost of occlusion, longer windows or change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.charts.spec import Chart, Style, layout, plain, spread, styles
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import OCCLUSION
from webapp.leaderboards.names import names_apart
from webapp.numbers import percent


@dataclass(frozen=True, slots=True)
class Levels:
    """Metrics that a chart compares, from left to right under `ticks`, named in a table by `head`.

    Of `change`, two indices in `metrics`, the difference is written beside each line.
    """

    key: str
    title: str
    caption: str
    axis: str
    metrics: tuple[str, ...]
    ticks: tuple[str, ...]
    head: tuple[str, ...]
    change: tuple[int, int]

    def known(self, row: Row) -> bool:
        """Return whether a row has all of the numbers."""
        return all(row.values.get(key) is not None for key in self.metrics)


BY_OCCLUSION = Levels(
    key="occlusion",
    title="How much does occlusion cost?",
    caption="AP (%) by occlusion of the object",
    axis="AP, %",
    metrics=OCCLUSION,
    ticks=("slightly<br>occluded", "moderately<br>occluded", "heavily<br>occluded"),
    head=("slight", "moderate", "heavy", "slight → heavy"),
    change=(0, 2),
)
BY_WINDOW = Levels(
    key="windows",
    title="What do longer windows cost?",
    caption="VPQ (%) by the frames over which a segment must keep its identity",
    axis="VPQ, %",
    metrics=("VPQ1", "VPQ2", "VPQ4", "VPQ6", "VPQ8"),
    ticks=("1 frame", "2", "4", "6", "8 frames"),
    head=("1", "2", "4", "6", "8", "1 → 8"),
    change=(0, 4),
)
BY_STEADINESS = Levels(
    key="consistency",
    title="Is it accurate, and consistent over time?",
    caption="mIoU, and consistency (%) over 8 and 16 frames",
    axis="%",
    metrics=("mIoU", "VC8", "VC16"),
    ticks=("mIoU", "VC8", "VC16"),
    head=("mIoU", "VC8", "VC16", "VC8 → VC16"),
    change=(1, 2),
)
DIRECT_LABELS = 5
# A label's two lines, as a share of the height of the plot.
LABEL_HEIGHT = 0.11


def levels_chart(rows: Sequence[Row], levels: Levels, *, scope: str) -> Chart | None:
    """Draw the rows that have all the numbers; None where no row has. `scope` names benchmark and split."""
    drawn = [row for row in rows if levels.known(row)]
    if not drawn:
        return None
    series = [[100 * (row.values[key] or 0.0) for key in levels.metrics] for row in drawn]
    changes = [_change(values, levels) for values in series]
    last = len(levels.metrics) - 1
    line_styles = styles(drawn)
    top = max(max(values) for values in series) * 1.08 or 1.0
    direct = len(drawn) <= DIRECT_LABELS
    names, shared = names_apart(drawn)
    return Chart(
        key=levels.key,
        title=levels.title,
        subtitle=" · ".join(filter(None, (levels.caption, scope, shared, _sources(drawn)))),
        figure={
            "data": [_line(*line) for line in zip(drawn, names, series, line_styles, strict=True)],
            "layout": layout(
                xaxis={
                    "tickvals": list(range(len(levels.metrics))),
                    "ticktext": list(levels.ticks),
                    "range": [-0.06 * last, 1.03 * last],
                    "showgrid": False,
                },
                yaxis={
                    "range": [0, top],
                    "title": {"text": levels.axis, "standoff": 8, "font": {"size": 12}},
                },
                margin={"r": 260 if direct else 24},
                annotations=_labels(names, series, changes, top) if direct else [],
                showlegend=not direct,
                legend={"orientation": "h", "y": -0.18},
            ),
        },
        head=("Method", *levels.head),
        rows=tuple(
            (row.full_name, *(percent(row.values[key]) for key in levels.metrics), change)
            for row, change in zip(drawn, changes, strict=True)
        ),
    )


def _line(row: Row, name: tuple[str, str], values: list[float], style: Style) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plain(" · ".join(filter(None, name))),
        "x": list(range(len(values))),
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
    names: Sequence[tuple[str, str]], series: Sequence[list[float]], changes: Sequence[str], top: float
) -> list[dict[str, Any]]:
    heights = spread([values[-1] for values in series], top * LABEL_HEIGHT)
    return [
        {
            "x": len(values) - 1,
            "y": height,
            "xanchor": "left",
            "xshift": 12,
            "align": "left",
            "showarrow": False,
            "text": _label(name, change),
            "font": {"color": "var(--ink)", "size": 12},
        }
        for name, values, change, height in zip(names, series, changes, heights, strict=True)
    ]


def _change(values: list[float], levels: Levels) -> str:
    """Return the change from an easy level to a hard one, in points, with its sign."""
    easy, hard = levels.change
    return f"{round(values[hard], 1) - round(values[easy], 1):+.1f}".replace("-", "\N{MINUS SIGN}")


def _label(name: tuple[str, str], change: str) -> str:
    method, settings = (_short(text) for text in name)
    return f"<b>{method}</b>{'<br>' + settings if settings else ''}  {change}"


def _short(text: str) -> str:
    return plain(text if len(text) <= 32 else text[:31] + "…")


def _sources(rows: Sequence[Row]) -> str:
    reported = sum(row.origin == "reported" for row in rows)
    if not reported:
        return "scored here"
    if reported == len(rows):
        return "as published (open marks)"
    return "scored here (filled) and as published (open)"
