"""The metric over the years: every row with a year, and the best so far."""

from collections.abc import Sequence
from typing import Any

from evaluator.files.words import counted
from webapp.charts.spec import (
    SYMBOLS,
    Chart,
    Style,
    axis_title,
    layout,
    marker,
    plain,
    sources,
    spread,
    styles,
)
from webapp.leaderboards.board import Row
from webapp.leaderboards.doubts import doubts
from webapp.leaderboards.metrics import Metric
from webapp.leaderboards.names import names_apart
from webapp.numbers import percent

LABELS = 5
# A label's line as a share of the height of the plot, a letter of it as a share of a desktop's width.
LABEL_HEIGHT = 0.07
LETTER_WIDTH = 0.009
MARK_GAP_PX = 8


def timeline_chart(
    rows: Sequence[Row], metric: Metric, *, scope: str, chosen: Sequence[Row] = ()
) -> Chart | None:
    """Draw every row with a year and a value; label the chosen ones, else those that set a record.

    None where fewer than two years are known: one point shows no progress.
    """
    dated = sorted(
        (row for row in rows if row.year is not None and row.values.get(metric.key) is not None),
        key=lambda row: (row.year or 0, row.values[metric.key] or 0.0),
    )
    if len({row.year for row in dated}) < 2:
        return None
    doubtful = [row for row in dated if is_doubtful(row)]
    sound = [row for row in dated if not is_doubtful(row)]
    records = _records(sound, metric)
    labelled = [row for row in chosen if row in dated] or records[-LABELS:]
    years = _years(dated, labelled, metric)
    return Chart(
        key="timeline",
        title=f"How far has {metric.label} come?",
        subtitle=f"{metric.label} (%) by year of publication · {scope} · "
        f"{counted(len(dated), 'row')}, {sources(dated)}",
        figure={
            "data": [
                *_crowd(sound, metric, labelled),
                *_apart(doubtful, metric, labelled),
                _best_line(records, metric),
                *_marked(labelled, metric),
            ],
            "layout": layout(
                xaxis={
                    "dtick": 1,
                    "tickformat": "d",
                    "range": list(years),
                    "showgrid": False,
                },
                yaxis={
                    "title": axis_title(f"{metric.label}, %"),
                    "range": list(_range(dated, metric)),
                },
                annotations=_labels(labelled, metric, years[1] - years[0], _range(dated, metric)),
                legend={"orientation": "h", "y": -0.14, "x": 0},
                showlegend=True,
            ),
        },
        head=("Method", "Year", metric.label),
        rows=tuple(
            (row.full_name, str(row.year), percent(row.values[metric.key])) for row in reversed(dated)
        ),
    )


def is_doubtful(row: Row) -> bool:
    """Return whether the source of a printed number is in doubt, or defines the metric otherwise."""
    return bool(doubts(row.source))


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
        _crowd_of(
            [row for row in dated if row.factors.get("mode", "") == mode and row not in labelled],
            metric,
            mode or "mode not printed",
            SYMBOLS[n % len(SYMBOLS)],
        )
        for n, mode in enumerate(modes)
    ]


def _crowd_of(rows: Sequence[Row], metric: Metric, name: str, symbol: str) -> dict[str, Any]:
    marks = [marker(Style("var(--muted)", symbol, ""), row, 7)["symbol"] for row in rows]
    look = {"color": "var(--muted)", "size": 7, "opacity": 0.45, "symbol": marks}
    return {**_points(rows, metric), "mode": "markers", "name": name, "marker": look}


def _apart(doubtful: Sequence[Row], metric: Metric, labelled: Sequence[Row]) -> list[dict[str, Any]]:
    rows = [row for row in doubtful if row not in labelled]
    if not rows:
        return []
    return [
        {
            **_points(rows, metric),
            "mode": "markers",
            "name": "source in doubt",
            "marker": {"color": "var(--reported-ink)", "size": 8, "symbol": "x", "opacity": 0.6},
        }
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
            "name": " ".join(
                filter(
                    None, (plain(row.method), plain(_apart_by(row, rows)), percent(row.values[metric.key]))
                )
            ),
            "showlegend": False,
            "marker": marker(style, row, 11),
        }
        for row, style in zip(rows, styles(rows), strict=True)
    ]


def _years(dated: Sequence[Row], labelled: Sequence[Row], metric: Metric) -> tuple[float, float]:
    """Return the ends of the horizontal axis, with room for the names at the left of their marks."""
    first, last = (dated[0].year or 0) - 0.9, (dated[-1].year or 0) + 0.4
    for row, text in zip(labelled, _texts(labelled, metric), strict=True):
        share = min(LETTER_WIDTH * len(text), 0.5)  # of the axis
        first = min(first, ((row.year or 0) - share * last) / (1 - share))
    return first, last


def _range(dated: Sequence[Row], metric: Metric) -> tuple[float, float]:
    """Return the ends of the vertical axis, with room for the name above the highest mark."""
    values = [100 * (row.values[metric.key] or 0.0) for row in dated]
    rise = max(max(values) - min(values), 1.0)
    return min(values) - 0.06 * rise, max(values) + 0.1 * rise


def _labels(
    rows: Sequence[Row], metric: Metric, span: float, ends: tuple[float, float]
) -> list[dict[str, Any]]:
    """Name the marks at their left. Where names would touch they move apart, and a line leads to the mark."""
    apart_by = [_apart_by(row, rows) for row in rows]
    texts = _texts(rows, metric)
    values = [100 * (row.values[metric.key] or 0.0) for row in rows]
    heights = list(values)
    gap = LABEL_HEIGHT * (ends[1] - ends[0])
    bounds = (ends[0] + gap / 2, ends[1] - gap / 2)
    for group in _side_by_side([row.year or 0 for row in rows], texts, span):
        moved = spread([values[n] for n in group], gap, bounds) if len(group) > 1 else [values[group[0]]]
        for n, height in zip(group, moved, strict=True):
            heights[n] = height
    return [
        _label(row, more, metric, value, height)
        for row, more, value, height in zip(rows, apart_by, values, heights, strict=True)
    ]


def _texts(rows: Sequence[Row], metric: Metric) -> list[str]:
    return [f"{row.method} {_apart_by(row, rows)} {percent(row.values[metric.key])}" for row in rows]


def _apart_by(row: Row, rows: Sequence[Row]) -> str:
    """The settings that tell `row` from the others of its method among `rows`; empty where it is alone."""
    siblings = [one for one in rows if one.method_id == row.method_id]
    return names_apart(siblings)[0][siblings.index(row)][1] if len(siblings) > 1 else ""


def _side_by_side(years: Sequence[int], texts: Sequence[str], span: float) -> list[list[int]]:
    """Group the labels, by their indices in `texts`, that share columns of the plot, from left to right."""
    groups: list[list[int]] = []
    end = float("-inf")
    for n in sorted(range(len(texts)), key=lambda n: years[n] - LETTER_WIDTH * len(texts[n]) * span):
        if groups and years[n] - LETTER_WIDTH * len(texts[n]) * span < end:
            groups[-1].append(n)
        else:
            groups.append([n])
        end = max(end, years[n])
    return groups


def _label(row: Row, more: str, metric: Metric, value: float, height: float) -> dict[str, Any]:
    label = {
        "x": row.year,
        "y": value,
        "xanchor": "right",
        "yanchor": "bottom",
        "xshift": -MARK_GAP_PX,
        "showarrow": False,
        "text": " ".join(filter(None, (f"<b>{plain(row.method)}</b>", plain(more), percent(value / 100)))),
        # Points and lines behind a name must not cross it.
        "bgcolor": "var(--card)",
        "font": {"color": "var(--ink)", "size": 12},
    }
    if abs(height - value) < 1e-9:
        return label
    moved = {"showarrow": True, "ax": -2 * MARK_GAP_PX, "ay": height, "ayref": "y", "yanchor": "middle"}
    return label | moved | {"arrowhead": 0, "arrowwidth": 1, "arrowcolor": "var(--line-strong)"}
