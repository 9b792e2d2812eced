"""Quality against speed on one device, with the rows that no other beats in both."""

from collections.abc import Sequence
from typing import Any

from evaluator.files.words import counted
from webapp.charts.spec import Chart, axis_title, error_bars, layout, marker, plain, sources, styles
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import Metric
from webapp.numbers import percent

LABELS = 6
# Right of this share of the axis a label stands at the left of its mark.
LABEL_TURNS = 0.72


def pareto_front(points: Sequence[tuple[float, float]], *, higher_is_better: bool = True) -> list[int]:
    """Return the indices of (speed, quality) that no other point beats: the slowest first.

    A point is beaten by one that is as good in both and better in one; equal points stay together.

    >>> pareto_front([(10, 0.5), (20, 0.4), (15, 0.3), (20, 0.4)])
    [0, 1, 3]
    """
    sign = 1 if higher_is_better else -1
    best = float("-inf")
    last: tuple[float, float] | None = None
    front = []
    for index in sorted(range(len(points)), key=lambda n: (-points[n][0], -sign * points[n][1], -n)):
        quality = sign * points[index][1]
        if quality > best or points[index] == last:
            front.append(index)
            best, last = quality, points[index]
    return front[::-1]


def speed_chart(
    rows: Sequence[Row],
    metric: Metric,
    *,
    device: str,
    scope: str,
    chosen: Sequence[Row] = (),
    elsewhere: int = 0,
) -> Chart | None:
    """Draw rows with a speed on `device` and the metric; label the chosen ones, else those on the front.

    None where fewer than two have both: one mark shows no choice.

    Args:
        device: empty where nobody named it.
        elsewhere: rows that are left out, as their speed is that of another device.
    """
    drawn = [row for row in rows if row.cost.fps is not None and row.values.get(metric.key) is not None]
    if len(drawn) < 2:
        return None
    points = [(row.cost.fps or 0.0, row.values[metric.key] or 0.0) for row in drawn]
    front = [drawn[n] for n in pareto_front(points, higher_is_better=metric.higher_is_better)]
    ids = {row.submission_id for row in chosen}
    marked = [row for row in drawn if row.submission_id in ids] or front[-LABELS:]
    place = device or "a device that is not named"
    top = max(fps for fps, _ in points) * 1.08
    bounds = [bound for row in marked for bound in row.intervals.get(metric.key, ())]
    values = [100 * value for value in (*(value for _, value in points), *bounds)]
    room = max(max(values) - min(values), 2.0)
    return Chart(
        key="speed",
        title="How good is it, at what speed?",
        subtitle=" · ".join(
            filter(
                None,
                (
                    f"{metric.label} (%) against frames per second on {place}",
                    scope,
                    f"{counted(len(drawn), 'row')}, {sources(drawn)}",
                    "line: no other row is faster and better",
                    f"{counted(elsewhere, 'row')} on other devices left out" if elsewhere else "",
                ),
            )
        ),
        figure={
            "data": [
                _front_line(front, metric),
                *_crowd([row for row in drawn if row not in marked], metric),
                *_marked(marked, metric),
            ],
            "layout": layout(
                xaxis={
                    "title": axis_title(f"frames per second on {place}"),
                    "range": [0, top],
                },
                yaxis={
                    "title": axis_title(f"{metric.label}, %"),
                    "range": [min(values) - 0.12 * room, max(values) + 0.15 * room],
                },
                annotations=[_label(row, marked, metric, top) for row in marked],
            ),
        },
        head=("Method", "Frames/s", "Device", metric.label, "Faster and better", "Speed"),
        rows=tuple(
            (
                row.full_name,
                f"{row.cost.fps:g}",
                device or "not named",
                percent(row.values[metric.key]),
                "none" if row in front else "other rows",
                row.cost.kind,
            )
            for row in sorted(drawn, key=lambda row: (-(row.cost.fps or 0.0), row.full_name))
        ),
    )


def _points(rows: Sequence[Row], metric: Metric) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [row.cost.fps for row in rows],
        "y": [100 * (row.values[metric.key] or 0.0) for row in rows],
        "text": [plain(row.full_name) for row in rows],
        "hovertemplate": "%{text}<br>%{x:.1f} frames/s: %{y:.1f}<extra></extra>",
        "showlegend": False,
    }


def _front_line(front: Sequence[Row], metric: Metric) -> dict[str, Any]:
    """The best that each speed allows: it falls where a row is the fastest of its quality."""
    xs: list[float] = []
    ys: list[float] = []
    for before, row in zip([None, *front], front, strict=False):
        value = 100 * (row.values[metric.key] or 0.0)
        xs += [0.0 if before is None else before.cost.fps or 0.0, row.cost.fps or 0.0]
        ys += [value, value]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "no other row is faster and better",
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "showlegend": False,
        "line": {"color": "var(--line-strong)", "width": 2},
    }


def _crowd(rows: Sequence[Row], metric: Metric) -> list[dict[str, Any]]:
    printed = [row for row in rows if row.origin == "reported"]
    here = [row for row in rows if row.origin != "reported"]
    line = {"width": 1.5, "color": "var(--muted)"}
    return [
        _points(some, metric)
        | {"name": name, "marker": {"color": "var(--muted)", "size": 8, "symbol": symbol, "line": line}}
        for some, name, symbol in (
            (printed, "others as published", "circle-open"),
            (here, "others scored here", "circle"),
        )
        if some
    ]


def _marked(rows: Sequence[Row], metric: Metric) -> list[dict[str, Any]]:
    traces = []
    for row, style in zip(rows, styles(rows), strict=True):
        trace = _points([row], metric) | {"name": plain(row.full_name), "marker": marker(style, row, 11)}
        if span := row.intervals.get(metric.key):
            trace["error_y"] = error_bars([row.values[metric.key] or 0.0], [span], style.colour, width=0)
        traces.append(trace)
    return traces


def _label(row: Row, among: Sequence[Row], metric: Metric, top: float) -> dict[str, Any]:
    """Name a mark; the settings go with it where the method has several."""
    siblings = sum(one.method_id == row.method_id for one in among)
    more = plain(row.distinction) if siblings > 1 else ""
    is_right = (row.cost.fps or 0.0) > LABEL_TURNS * top
    return {
        "x": row.cost.fps,
        "y": 100 * (row.values[metric.key] or 0.0),
        "xanchor": "right" if is_right else "left",
        "yanchor": "bottom",
        "xshift": -8 if is_right else 8,
        "yshift": 2,
        "showarrow": False,
        "align": "left",
        "text": f"<b>{plain(row.method)}</b>{' ' + more if more else ''} {percent(row.values[metric.key])}",
        "font": {"color": "var(--ink)", "size": 12},
    }
