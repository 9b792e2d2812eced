"""The mean effect of each change, as dots with their 95 % intervals around zero."""

from textwrap import wrap
from typing import Any

from evaluator.files.words import counted
from webapp.ablations.published import level_quantities
from webapp.ablations.studies import Quantity, Study, StudyRow
from webapp.charts.spec import LEGEND_ABOVE, Chart, axis_title, error_bars, layout, plain
from webapp.charts.study_parts import foot, study_chart
from webapp.numbers import bounds, signed

# Occlusion keeps its colours on every page; all objects together are the site's accent.
COLOURS = {
    "AP": "var(--accent)",
    "AP_so": "var(--occlusion-slight)",
    "AP_mo": "var(--occlusion-moderate)",
    "AP_ho": "var(--occlusion-heavy)",
}
SYMBOLS = {"AP_so": "square", "AP_mo": "diamond", "AP_ho": "triangle-up"}
# The share of a change's room that its dots take.
ROOM = 0.62
NAME_WIDTH = 26
NAME_PX = 186
EFFECT_PX = 84


def effects_chart(study: Study, scope: str) -> Chart:
    """Draw a line of dots per change, one per level of occlusion where these are known of all."""
    shown = level_quantities(study) or study.scores[:1]
    ends = [
        100 * end
        for row in study.rows
        for one in shown
        for end in (row.steps[one.key], *row.intervals.get(one.key, ()))
    ]
    low, high = min(0.0, *ends), max(0.0, *ends)
    pad = max(0.16 * (high - low), 0.5)
    notes = foot(study, scope, *study.notes)
    unit = "AP" if len(shown) > 1 else shown[0].label
    return study_chart(
        study,
        "",
        subtitle=f"Points of {unit} that a change brings: the mean over its pairs of variants · {scope}",
        data=[_dots(study, one, number, len(shown)) for number, one in enumerate(shown)],
        notes=notes,
        layout=layout(
            xaxis={
                "range": [low - pad, high + pad],
                "title": axis_title(f"points of {unit}"),
                "zeroline": True,
                "zerolinecolor": "var(--line-strong)",
                "zerolinewidth": 2,
            },
            yaxis={
                "range": [len(study.rows) - 0.4, -0.6],
                "tickvals": list(range(len(study.rows))),
                "ticktext": [_name(row) for row in study.rows],
                "showgrid": False,
                "tickfont": {"color": "var(--ink)", "size": 12},
            },
            showlegend=len(shown) > 1,
            legend=LEGEND_ABOVE,
            margin={"l": NAME_PX, "r": 24, "t": 40 if len(shown) > 1 else 12},
        ),
    )


def _name(row: StudyRow) -> str:
    return "<br>".join((*wrap(plain(row.name), NAME_WIDTH), counted(len(row.pairs), "pair")))


def _dots(study: Study, one: Quantity, number: int, count: int) -> dict[str, Any]:
    steps = [row.steps[one.key] for row in study.rows]
    offset = ROOM * ((number + 0.5) / count - 0.5)
    spans = [row.intervals.get(one.key, (row.steps[one.key],) * 2) for row in study.rows]
    colour = COLOURS.get(one.key, "var(--accent)")
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(one.label) if one.key != "AP" else "AP, all objects",
        "x": [round(100 * step, 4) for step in steps],
        "y": [round(place + offset, 4) for place in range(len(steps))],
        "error_x": error_bars(steps, spans),
        "marker": {
            "color": colour,
            "symbol": SYMBOLS.get(one.key, "circle"),
            "size": 10,
            "line": {"width": 1, "color": "var(--ink)"},
        },
        "text": [f"{signed(step)} [{bounds(*span)}]" for step, span in zip(steps, spans, strict=True)],
        "hovertemplate": "%{fullData.name}: %{text}<extra></extra>",
    }
