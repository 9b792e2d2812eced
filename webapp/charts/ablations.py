"""Ablations as pictures: what components add, what settings change, what parts cost, quality against speed.

Whoever has the picture alone can read it: its notes say on which data, and where the numbers are printed.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from webapp.ablations.published import level_quantities
from webapp.ablations.studies import Kind, Quantity, Study, StudyRow
from webapp.charts.effects import EFFECT_PX, effects_chart
from webapp.charts.spec import LEGEND_ABOVE, SYMBOLS, Chart, axis_title, error_bars, layout, plain, spread
from webapp.charts.study_parts import LABELS, foot, span_text, step_text, study_chart
from webapp.numbers import percent, signed

# The scale of steps: the baseline is grey, the n-th component has the n-th colour, on every page.
BASELINE = "var(--muted)"
STEPS = ("var(--step-one)", "var(--step-two)", "var(--step-three)", "var(--step-four)")
LEVEL_NAMES = {
    "AP": "all objects",
    "AP_so": "slightly<br>occluded",
    "AP_mo": "moderately<br>occluded",
    "AP_ho": "heavily<br>occluded",
}
BAR_WIDTH = 0.84
# Names of dots stand above their line by this share of a row.
NAME_RISE = 0.34


def study_charts(study: Study, names: dict[str, str]) -> tuple[Chart, ...]:
    """Return the charts of a study, the first one with its question; none of statements alone.

    `names` are those of benchmarks by their slugs.
    """
    scope = " · ".join((*(names.get(slug, slug) for slug in study.benchmarks), *study.setup))
    charts: tuple[Chart, ...] = ()
    if study.kind == Kind.COST:
        charts = (_shares_chart(study, scope),)
    if study.kind == Kind.EFFECTS:
        charts = (effects_chart(study, scope),)
    if study.kind in (Kind.CHAIN, Kind.SETTINGS):
        levels = level_quantities(study)
        first = _levels_chart(study, levels, scope) if levels else _dots_chart(study, scope)
        charts = (first, _speed_chart(study, scope)) if _has_speed(study) else (first,)
    return tuple(replace(chart, height=_height(chart, study.kind)) for chart in charts)


def _levels_chart(study: Study, levels: Sequence[Quantity], scope: str) -> Chart:
    """Draw a group of bars per occlusion level: the baseline, and what each component adds to it."""
    count = len(study.rows)
    middle = [(count + 1) * n + (count - 1) / 2 for n in range(len(levels))]
    is_chain = study.kind == Kind.CHAIN
    first, other = ("baseline", "component") if is_chain else (study.compared_with, "other")
    notes = foot(study, scope, *(study.notes[1:] if study.source.url else study.notes))
    return study_chart(
        study,
        "",
        subtitle=f"AP (%) of the {first}, and the points that each {other} adds · {scope}",
        data=[
            *(_bars(study, levels, number) for number in range(count)),
            *(_bar_labels(study, levels, number) for number in range(count) if study.rows[number].intervals),
        ],
        notes=notes,
        layout=layout(
            xaxis={"range": [0, 100 * _top(study, levels) * 1.16], "title": axis_title("AP, %")},
            yaxis={
                "range": [(count + 1) * len(levels) - 1.4, -0.7],
                "tickvals": middle,
                "ticktext": [LEVEL_NAMES[one.key] for one in levels],
                "showgrid": False,
                "tickfont": {"color": "var(--ink)", "size": 12},
            },
            barmode="overlay",
            showlegend=True,
            legend=LEGEND_ABOVE,
            margin={"l": 92, "r": 24, "t": 40},
        ),
    )


def _bars(study: Study, levels: Sequence[Quantity], number: int) -> dict[str, Any]:
    """Return the bars of one row: of the baseline from zero, of a component from the row before."""
    row, count = study.rows[number], len(study.rows)
    before = _before(study, number).values if row.steps else dict.fromkeys(row.values, 0.0)
    lengths = [row.steps[one.key] if row.steps else row.values[one.key] for one in levels]
    texts = [
        step_text(row.values[one.key], length) if row.steps else percent(length)
        for one, length in zip(levels, lengths, strict=True)
    ]
    printed = [row.printed_steps.get(one.key) for one in levels]
    return {
        "type": "bar",
        "orientation": "h",
        "name": plain(row.name),
        "y": [(count + 1) * n + number for n in range(len(levels))],
        "x": [round(100 * length, 4) for length in lengths],
        "width": BAR_WIDTH,
        "base": [round(100 * before[one.key], 4) for one in levels],
        "marker": {"color": STEPS[(number - 1) % len(STEPS)] if row.steps else BASELINE},
        "text": [
            f"<b>{text}</b>{span_text(row, one)}"
            + (f" (printed {signed(other)})" if other is not None else "")
            for text, other, one in zip(texts, printed, levels, strict=True)
        ],
        # A whisker stands where the text would: then it has a trace of its own.
        "textposition": "none" if row.intervals else "outside",
        "textfont": {"color": "var(--ink)", "size": 12},
        "cliponaxis": False,
        **_whiskers(row, levels),
        "customdata": [percent(row.values[one.key]) for one in levels],
        "hovertemplate": "%{fullData.name}: %{text}<br>AP %{customdata}<extra></extra>",
    }


def _whiskers(row: StudyRow, shown: Sequence[Quantity]) -> dict[str, Any]:
    """Return the 95 % intervals of the steps of a row as error bars; nothing where none is known."""
    if not row.intervals:
        return {}
    spans = [row.intervals.get(one.key, (row.steps[one.key],) * 2) for one in shown]
    steps = [row.steps[one.key] for one in shown]
    return {"error_x": error_bars(steps, spans)}


def _bar_labels(study: Study, levels: Sequence[Quantity], number: int) -> dict[str, Any]:
    """Return the labels of bars with whiskers, behind the whiskers."""
    row, before = study.rows[number], _before(study, number).values
    ends = [before[one.key] + max(0.0, row.steps[one.key], *row.intervals.get(one.key, ())) for one in levels]
    return {
        **LABELS,
        "x": [round(100 * end, 4) for end in ends],
        "y": [(len(study.rows) + 1) * n + number for n in range(len(levels))],
        "text": [f" <b>{step_text(row.values[one.key], row.steps[one.key])}</b>" for one in levels],
        "textposition": "middle right",
    }


def _dots_chart(study: Study, scope: str) -> Chart:
    """Draw one dot per row, named above its line, with its difference to what it is compared with."""
    key = study.scores[0]
    values = [100 * row.values[key.key] for row in study.rows]
    spans = [(100 * low, 100 * high) for low, high in _spans(study, key)]
    low = min(value + span[0] for value, span in zip(values, spans, strict=True))
    high = max(value + span[1] for value, span in zip(values, spans, strict=True))
    pad = max(0.12 * (high - low), 0.5)
    compared = f" · in brackets: points against {study.compared_with}" if study.compared_with else ""
    notes = foot(study, scope, *study.notes)
    return study_chart(
        study,
        "",
        subtitle=f"{key.label} (%){compared} · {scope}",
        data=[
            {
                **LABELS,
                "x": [low - pad] * len(values),
                "y": [number - NAME_RISE for number in range(len(values))],
                "text": [plain(row.name) for row in study.rows],
                "textposition": "middle right",
            },
            _dots(study, key, values),
            *([_dot_labels(study, key, values)] if any(row.intervals for row in study.rows) else []),
        ],
        notes=notes,
        layout=layout(
            xaxis={"range": [low - pad, high + pad], "title": axis_title(f"{key.label}, %")},
            yaxis={
                "range": [len(values) - 0.6, -0.8],
                "tickvals": list(range(len(values))),
                "showticklabels": False,
            },
            margin={"l": 16, "t": 8},
        ),
    )


def _dots(study: Study, key: Quantity, values: Sequence[float]) -> dict[str, Any]:
    """Return the dots: the one that others are compared with is larger."""
    middle = (min(values) + max(values)) / 2
    steps = [row.steps.get(key.key) for row in study.rows]
    has_whiskers = any(row.intervals for row in study.rows)
    mode = "markers" if has_whiskers else "markers+text"
    is_reference = [
        number == (0 if study.kind == Kind.CHAIN else study.reference) for number in range(len(values))
    ]
    return {
        "type": "scatter",
        "mode": f"lines+{mode}" if study.kind == Kind.CHAIN else mode,
        "x": [round(value, 4) for value in values],
        "y": list(range(len(values))),
        "text": [
            f"<b>{value:.1f}</b>"
            + ("" if step is None else f" ({step_text(value / 100, step)}{span_text(row, key)})")
            for value, step, row in zip(values, steps, study.rows, strict=True)
        ],
        "textposition": ["middle left" if value > middle else "middle right" for value in values],
        "textfont": {"color": "var(--ink)", "size": 12},
        "cliponaxis": False,
        **({"error_x": error_bars([0.0] * len(values), _spans(study, key))} if has_whiskers else {}),
        "line": {"color": "var(--line-strong)", "width": 1.5},
        "marker": {
            "color": "var(--accent)",
            # Open, as everything printed elsewhere.
            "symbol": "circle-open" if study.source.url else "circle",
            "size": [13 if one else 10 for one in is_reference],
            "line": {"width": 2.5, "color": "var(--accent)"},
        },
        "customdata": [plain(row.name) for row in study.rows],
        "hovertemplate": "%{customdata}: %{text}<extra></extra>",
    }


def _spans(study: Study, key: Quantity) -> list[tuple[float, float]]:
    """Return the intervals of steps as distances from the dots."""
    spans = []
    for row in study.rows:
        step = row.steps.get(key.key, 0.0)
        low, high = row.intervals.get(key.key, (step, step))
        spans.append((low - step, high - step))
    return spans


def _dot_labels(study: Study, key: Quantity, values: Sequence[float]) -> dict[str, Any]:
    """Return the labels of dots with whiskers, beyond the whiskers' ends."""
    middle = (min(values) + max(values)) / 2
    steps = [row.steps.get(key.key) for row in study.rows]
    ends = [
        value + 100 * (low if value > middle else high)
        for value, (low, high) in zip(values, _spans(study, key), strict=True)
    ]
    return {
        **LABELS,
        "x": [round(end, 4) for end in ends],
        "y": list(range(len(values))),
        "text": [
            f"\N{NO-BREAK SPACE}<b>{value:.1f}</b>"
            + ("" if step is None else f" ({step_text(value / 100, step)})")
            + "\N{NO-BREAK SPACE}"
            for value, step in zip(values, steps, strict=True)
        ],
        "textposition": ["middle left" if value > middle else "middle right" for value in values],
    }


def _has_speed(study: Study) -> bool:
    return all("fps" in row.values for row in study.rows)


def _speed_chart(study: Study, scope: str) -> Chart:
    """Draw quality against speed: up and to the right is better."""
    key = study.scores[0]
    points = [(row.values["fps"], 100 * row.values[key.key]) for row in study.rows]
    fastest, (low, high) = max(x for x, _ in points), (min(y for _, y in points), max(y for _, y in points))
    rise = max(high - low, 1.0)
    heights = _label_heights(points, 0.075 * rise)
    notes = foot(study, scope, "" if any("speed" in one for one in study.setup) else "device not printed")
    return study_chart(
        study,
        "speed",
        title=f"{study.title.removesuffix('?')}, and in which time?",
        subtitle=f"{key.label} (%) against frames per second, up and to the right is better · {scope}",
        data=[
            _point(row, x, y, number)
            for number, (row, (x, y)) in enumerate(zip(study.rows, points, strict=True))
        ],
        notes=notes,
        layout=layout(
            xaxis={"range": [0, 1.08 * fastest], "title": axis_title("frames per second")},
            yaxis={
                "range": [low - 0.2 * rise, high + 0.2 * rise],
                "title": axis_title(f"{key.label}, %"),
            },
            annotations=[
                _point_label(row.name, x, y, height, is_left=x > 0.5 * fastest)
                for row, (x, y), height in zip(study.rows, points, heights, strict=True)
            ],
        ),
    )


def _point(row: StudyRow, x: float, y: float, number: int) -> dict[str, Any]:
    turn, index = divmod(number, len(SYMBOLS))
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(row.name),
        "x": [x],
        "y": [round(y, 4)],
        "marker": {
            "color": "var(--accent)",
            "symbol": SYMBOLS[index] + ("" if turn else "-open"),
            "size": 10,
            "line": {"width": 2, "color": "var(--accent)"},
        },
        "hovertemplate": "%{fullData.name}: %{y:.1f} at %{x} frames/s<extra></extra>",
    }


def _label_heights(points: Sequence[tuple[float, float]], gap: float) -> list[float]:
    """Move the labels of points at one side apart."""
    fastest = max(x for x, _ in points)
    heights = [y for _, y in points]
    for side in (False, True):
        group = [n for n, (x, _) in enumerate(points) if (x > 0.5 * fastest) is side]
        for n, height in zip(group, spread([heights[n] for n in group], gap), strict=True):
            heights[n] = height
    return heights


def _point_label(name: str, x: float, y: float, height: float, *, is_left: bool) -> dict[str, Any]:
    moved = abs(height - y) > 1e-9
    return {
        "x": x,
        "y": y,
        "xanchor": "right" if is_left else "left",
        "yanchor": "middle",
        "ax": -14 if is_left else 14,
        "ay": height,
        "ayref": "y",
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1 if moved else 0.1,
        "arrowcolor": "var(--line-strong)",
        "standoff": 6,
        "text": f"{plain(name)} <b>{y:.1f}</b>",
        "font": {"color": "var(--ink)", "size": 12},
    }


def _shares_chart(study: Study, scope: str) -> Chart:
    """Draw what parts cost in percent of the first part of their group, one bar per kind of cost."""
    groups = [list(rows) for _, rows in groupby(study.rows, key=lambda row: row.group)]
    parts = [row.name for row in groups[0][1:]]
    ticks = [
        f"{one.label}<br>{rows[0].group.partition(',')[0]}" for rows in groups for one in study.quantities
    ]
    totals = [
        sum(row.values[one.key] for row in rows[1:]) / rows[0].values[one.key]
        for rows in groups
        for one in study.quantities
    ]
    notes = foot(
        study,
        scope,
        *(f"{rows[0].group.partition(',')[0]}: {rows[0].name}" for rows in groups),
        *study.notes[:1],
    )
    places = [n + (n // len(study.quantities)) * 0.5 for n in range(len(ticks))]
    return study_chart(
        study,
        "",
        subtitle="Multiply-adds, parameters and time per frame, in percent of the segmenter's",
        data=[
            *(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": plain(name),
                    "x": [
                        round(100 * rows[1 + number].values[one.key] / rows[0].values[one.key], 4)
                        for rows in groups
                        for one in study.quantities
                    ],
                    "y": places,
                    "marker": {"color": STEPS[number % len(STEPS)]},
                    "hovertemplate": "%{fullData.name}: %{x:.2f} %<extra></extra>",
                }
                for number, name in enumerate(parts)
            ),
            {
                **LABELS,
                "x": [round(100 * total, 4) for total in totals],
                "y": places,
                "text": [f" <b>{100 * total:.1f} %</b>" for total in totals],
                "textposition": "middle right",
            },
        ],
        notes=notes,
        layout=layout(
            barmode="stack",
            bargap=0.3,
            xaxis={"range": [0, 115 * max(totals)], "title": axis_title("% of the segmenter")},
            yaxis={
                "range": [places[-1] + 0.7, -0.7],
                "tickvals": places,
                "ticktext": ticks,
                "showgrid": False,
                "tickfont": {"color": "var(--ink)", "size": 12},
            },
            showlegend=True,
            legend=LEGEND_ABOVE,
            margin={"l": 116, "r": 24, "t": 40},
        ),
    )


def _height(chart: Chart, kind: Kind) -> int:
    """Return the pixels that a chart of an ablation needs."""
    figure = chart.figure
    margin = figure["layout"]["margin"]
    axis = figure["layout"]["yaxis"]
    if "tickvals" not in axis:
        return chart.height
    top, bottom = axis["range"][1], axis["range"][0]
    bars = any(trace["type"] == "bar" for trace in figure["data"])
    if kind == Kind.EFFECTS:
        return int(margin["t"] + margin["b"] + EFFECT_PX * (bottom - top))
    per_row = 46 if not bars else 24 if len(axis["tickvals"]) == len(LEVEL_NAMES) else 38
    return int(margin["t"] + margin["b"] + per_row * (bottom - top))


def _before(study: Study, number: int) -> StudyRow:
    """Return the row that a row's steps are differences to."""
    return study.rows[number - 1 if study.kind == Kind.CHAIN else study.reference or 0]


def _top(study: Study, levels: Sequence[Quantity]) -> float:
    """Return the end of the axis: of the longest bar and the furthest whisker, one percent at least."""
    ends = [row.values[one.key] for row in study.rows for one in levels]
    for number, row in enumerate(study.rows):
        highest = {key: high for key, (_, high) in row.intervals.items()}
        base = _before(study, number).values
        ends += [base[one.key] + highest[one.key] for one in levels if one.key in highest]
    return max(0.01, *ends)
