"""A metric at levels of difficulty, one line per row: the cost of occlusion, longer windows or change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.charts.drawing.texts import block_width, lines_of
from webapp.charts.spec import (
    Chart,
    Style,
    axis_title,
    error_bars,
    layout,
    marker,
    plain,
    sources,
    spread,
    styles,
)
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import OCCLUSION
from webapp.leaderboards.names import names_apart
from webapp.numbers import change, percent


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
# Pixels from the end of a line to its label.
LABEL_PX = 26
# How far lines with intervals stand apart, in steps of the levels.
ASIDE = 0.02


def levels_chart(rows: Sequence[Row], levels: Levels, *, scope: str) -> Chart | None:
    """Draw the rows that have all the numbers; None where no row has. `scope` names benchmark and split."""
    drawn = [row for row in rows if levels.known(row)]
    if not drawn:
        return None
    series = [[100 * (row.values[key] or 0.0) for key in levels.metrics] for row in drawn]
    changes = [_change(row, levels) for row in drawn]
    asides = [_aside(n, drawn) for n in range(len(drawn))]
    last = len(levels.metrics) - 1
    line_styles = styles(drawn)
    top = max([*(max(values) for values in series), *_upper_ends(drawn, levels)]) * 1.08 or 1.0
    direct = len(drawn) <= DIRECT_LABELS
    names, shared = names_apart(drawn)
    return Chart(
        key=levels.key,
        title=levels.title,
        subtitle=" · ".join(filter(None, (levels.caption, scope, shared, sources(drawn)))),
        figure={
            "data": [
                _line(*line, levels) for line in zip(drawn, names, series, line_styles, asides, strict=True)
            ],
            "layout": layout(
                xaxis={
                    "tickvals": list(range(len(levels.metrics))),
                    "ticktext": list(levels.ticks),
                    "range": [-0.06 * last, 1.05 * last],
                    "showgrid": False,
                },
                yaxis={
                    "range": [0, top],
                    "title": axis_title(levels.axis),
                },
                margin={"r": _label_room(names, changes) if direct else 24},
                annotations=_labels(names, series, changes, asides, top) if direct else [],
                showlegend=not direct,
                legend={"orientation": "h", "y": -0.18},
            ),
        },
        head=("Method", *levels.head),
        rows=tuple(
            (row.full_name, *(_cell(row, key) for key in levels.metrics), change)
            for row, change in zip(drawn, changes, strict=True)
        ),
    )


def _upper_ends(rows: Sequence[Row], levels: Levels) -> list[float]:
    return [100 * row.intervals[key][1] for row in rows for key in levels.metrics if key in row.intervals]


def _aside(n: int, rows: Sequence[Row]) -> float:
    """Return how far the n-th line stands beside the ticks: intervals of rows must not lie on each other."""
    has_intervals = sum(bool(row.intervals) for row in rows) > 1
    return ASIDE * (n - (len(rows) - 1) / 2) if has_intervals else 0.0


def _cell(row: Row, key: str) -> str:
    """Return a number with its interval, where it has one."""
    bounds = row.intervals.get(key)
    span = f" [{percent(bounds[0])} to {percent(bounds[1])}]" if bounds else ""
    return percent(row.values[key]) + span


def _whiskers(row: Row, levels: Levels, style: Style) -> dict[str, Any]:
    """Return the 95 % intervals of a line as error bars; nothing where none is known."""
    if not any(key in row.intervals for key in levels.metrics):
        return {}
    values = [row.values[key] or 0.0 for key in levels.metrics]
    spans = [
        row.intervals.get(key, (value, value)) for key, value in zip(levels.metrics, values, strict=True)
    ]
    return {"error_y": error_bars(values, spans, style.colour)}


def _line(
    row: Row, name: tuple[str, str], values: list[float], style: Style, aside: float, levels: Levels
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plain(" · ".join(filter(None, name))),
        "x": [n + aside for n in range(len(values))],
        "y": values,
        **_whiskers(row, levels, style),
        "line": {"color": style.colour, "width": 2.5, "dash": style.dash},
        "marker": marker(style, row, 9),
        "hovertemplate": "%{fullData.name}<br>%{y:.1f}<extra></extra>",
    }


def _labels(
    names: Sequence[tuple[str, str]],
    series: Sequence[list[float]],
    changes: Sequence[str],
    asides: Sequence[float],
    top: float,
) -> list[dict[str, Any]]:
    half = top * LABEL_HEIGHT / 2
    heights = spread([values[-1] for values in series], top * LABEL_HEIGHT, bounds=(half, top - half))
    return [
        {
            "x": len(values) - 1 + aside,
            "y": values[-1],
            "xanchor": "left",
            "align": "left",
            # A line leads to the label where it had to move.
            "showarrow": True,
            "arrowhead": 0,
            "arrowwidth": 1 if abs(height - values[-1]) > half / 2 else 0.1,
            "arrowcolor": "var(--line-strong)",
            "ax": LABEL_PX,
            "ay": height,
            "ayref": "y",
            "standoff": 8,
            "text": _label(name, change),
            "font": {"color": "var(--ink)", "size": 12},
        }
        for name, values, change, aside, height in zip(names, series, changes, asides, heights, strict=True)
    ]


def _label_room(names: Sequence[tuple[str, str]], changes: Sequence[str]) -> int:
    """Return the pixels that labels take at the right of the plot."""
    texts = [lines_of(_label(name, change)) for name, change in zip(names, changes, strict=True)]
    return round(LABEL_PX + max(block_width(lines, 12) for lines in texts)) + 6


def _change(row: Row, levels: Levels) -> str:
    """Return the change from an easy level to a hard one, in points, with its sign."""
    easy, hard = (row.values[levels.metrics[index]] for index in levels.change)
    return change(hard, easy)


def _label(name: tuple[str, str], change: str) -> str:
    method, settings = (_short(text) for text in name)
    return f"<b>{method}</b>{'<br>' + settings if settings else ''}  {change}"


def _short(text: str) -> str:
    return plain(text if len(text) <= 32 else text[:31] + "…")
