"""What explains a score: the cost of each kind of error, and AP against the IoU that is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.charts.spec import LEGEND_ABOVE, Chart, Style, axis_title, layout, plain
from webapp.numbers import UNDEFINED, percent, signed

# Kinds of errors as axes name them, in the order of their definition.
KINDS = {
    "classification": "wrong category",
    "spatial": "inexact masks",
    "temporal": "wrong times",
    "switch": "switched identity",
    "fragment": "broken track",
    "duplicate": "duplicate",
    "both": "category and masks",
    "background": "no object there",
    "missed": "missed object",
}
LEVELS = {"light": "slight", "medium": "moderate", "heavy": "heavy"}
# Pixels: of one bar, of the gap to the next kind, and what axis and legend take.
BAR, GAP, FRAME = 15, 14, 96


@dataclass(frozen=True, slots=True)
class Explained:
    """A submission with its findings, as `evaluator.AnalysisPart.to_json` gives them."""

    name: str
    style: Style
    findings: Mapping[str, Any]


def errors_chart(rows: Sequence[Explained], *, scope: str) -> Chart | None:
    """Draw what each kind of error costs each submission, the dearest kind on top; None without any."""
    series = [
        _Bars(row.name, row.style.colour, _is_repeated(rows, n), row.findings["errors"]["kinds"])
        for n, row in enumerate(rows)
    ]
    return _bars(
        series,
        key="errors",
        title="What do errors cost?",
        subtitle=f"AP50 (points) that fixing one kind of error alone would bring · {scope} · scored here",
    )


def errors_by_occlusion_chart(row: Explained, *, scope: str) -> Chart | None:
    """Draw what each kind costs for objects of each level of occlusion; None where there are no levels."""
    levels = row.findings["errors"]["by"].get("occlusion")
    if not levels:
        return None
    series = [
        _Bars(f"{words} occlusion", f"var(--occlusion-{words})", False, levels[level]["kinds"])
        for level, words in LEVELS.items()
    ]
    return _bars(
        series,
        key="errors-occlusion",
        title="Which errors does occlusion cause?",
        subtitle="AP50 (points) that fixing one kind of error alone would bring, by occlusion of the object"
        f" · {scope} · scored here",
    )


def thresholds_chart(rows: Sequence[Explained], *, scope: str) -> Chart | None:
    """Draw AP at each of the ten thresholds; of one submission, also by occlusion. None without any."""
    lines = [_Line(row.name, row.style, row.findings["thresholds"]["AP"]) for row in rows]
    if len(rows) == 1:
        levels = rows[0].findings["thresholds"]["by"].get("occlusion", {})
        own = replace(rows[0].style, dash="dash")
        lines = [_Line("all objects", own, lines[0].values)] + [
            _Line(f"{words} occlusion", Style(f"var(--occlusion-{words})", symbol, "solid"), levels[level])
            for (level, words), symbol in zip(
                LEVELS.items(), ("square", "diamond", "triangle-up"), strict=True
            )
            if level in levels
        ]
    lines = [line for line in lines if any(value is not None for value in line.values)]
    if not lines:
        return None
    ious: list[float] = rows[0].findings["thresholds"]["iou"]
    return Chart(
        key="thresholds",
        title="How exact are the masks?",
        subtitle=f"AP (%) against the track IoU that a prediction must reach; AP is the mean · {scope} · "
        "scored here",
        figure={
            "data": [
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": plain(line.name),
                    "x": ious,
                    "y": [None if value is None else 100 * value for value in line.values],
                    "line": {"color": line.style.colour, "width": 2.5, "dash": line.style.dash},
                    "marker": {"color": line.style.colour, "size": 7, "symbol": line.style.symbol},
                    "hovertemplate": "%{fullData.name}<br>IoU %{x:.2f}: %{y:.1f}<extra></extra>",
                }
                for line in lines
            ],
            "layout": layout(
                xaxis={
                    "tickvals": ious,
                    "ticktext": [f"{iou:.2f}" for iou in ious],
                    "range": [ious[0] - 0.02, ious[-1] + 0.02],
                    "showgrid": False,
                    "title": axis_title("track IoU"),
                },
                yaxis={
                    "range": [0, 1.08 * max(100 * (v or 0) for line in lines for v in line.values) or 1.0],
                    "title": axis_title("AP, %"),
                },
                **_legend(len(lines)),
            ),
        },
        head=("IoU", *(line.name for line in lines)),
        rows=tuple(
            (f"{iou:.2f}", *(percent(line.values[index]) for line in lines)) for index, iou in enumerate(ious)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    style: Style
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class _Bars:
    name: str
    colour: str
    is_hollow: bool
    kinds: Mapping[str, Mapping[str, Any]]

    def cost(self, kind: str) -> float | None:
        found = self.kinds[kind]["dAP50"]
        return None if found is None else float(found)


def _is_repeated(rows: Sequence[Explained], index: int) -> bool:
    """Return whether a row before has the same hue: its bars are filled, these are hollow."""
    return rows[index].style.colour in {row.style.colour for row in rows[:index]}


def _bars(series: Sequence[_Bars], *, key: str, title: str, subtitle: str) -> Chart | None:
    if not any(one.cost(kind) is not None for one in series for kind in KINDS):
        return None
    kinds = sorted(KINDS, key=lambda kind: -max(one.cost(kind) or 0.0 for one in series))
    top = max(100 * (one.cost(kind) or 0.0) for one in series for kind in kinds)
    low = min(0.0, min(100 * (one.cost(kind) or 0.0) for one in series for kind in kinds))
    return Chart(
        key=key,
        title=title,
        subtitle=subtitle,
        figure={
            "data": [
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": plain(one.name),
                    "x": [100 * (one.cost(kind) or 0.0) for kind in kinds],
                    "y": [KINDS[kind] for kind in kinds],
                    "text": [_points(one.cost(kind)) for kind in kinds],
                    "textposition": "outside",
                    "textfont": {"color": "var(--ink)", "size": 12},
                    "cliponaxis": False,
                    "marker": {
                        "color": "var(--card)" if one.is_hollow else one.colour,
                        "line": {"color": one.colour, "width": 1.5},
                    },
                    "hovertemplate": "%{fullData.name}<br>%{y}: %{x:.1f}<extra></extra>",
                }
                for one in series
            ],
            "layout": layout(
                xaxis={
                    "title": axis_title("points of AP50"),
                    "range": [1.15 * low, 1.15 * top or 1.0],
                    "zeroline": True,
                    "zerolinecolor": "var(--muted)",
                },
                yaxis={"autorange": "reversed", "automargin": True, "showgrid": False, "dtick": 1},
                bargap=0.3,
                **_legend(len(series)),
            ),
        },
        head=("Kind of error", *(one.name for one in series), *_count_heads(series)),
        rows=tuple(
            (
                KINDS[kind],
                *(_points(one.cost(kind)) for one in series),
                *(f"{one.kinds[kind]['count']:,}" for one in series),
            )
            for kind in kinds
        ),
        height=FRAME + len(kinds) * (GAP + BAR * len(series)),
    )


def _count_heads(series: Sequence[_Bars]) -> tuple[str, ...]:
    if len(series) == 1:
        return ("Count",)
    return tuple(f"Count, {one.name}" for one in series)


def _points(cost: float | None) -> str:
    return UNDEFINED if cost is None else signed(cost).removeprefix("+")


def _legend(series: int) -> dict[str, Any]:
    """Return the parts of a layout that name several series, above the drawing."""
    if series == 1:
        return {}
    return {"showlegend": True, "legend": LEGEND_ABOVE, "margin": {"t": 36}}
