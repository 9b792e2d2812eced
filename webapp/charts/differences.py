"""Two or more submissions apart: whiskers of differences, categories that make them, video against video."""

from collections.abc import Mapping, Sequence
from typing import Any

from evaluator.files.words import counted
from evaluator.statistics.comparison import Difference
from webapp.charts.spec import LEGEND_ABOVE, Chart, Style, axis_title, error_bars, layout, plain, styles
from webapp.compare.comparison import (
    Against,
    Compared,
    Comparison,
    MetricDifference,
    PartDifference,
    part_key,
)
from webapp.compare.words import interval_text
from webapp.leaderboards.metrics import metric
from webapp.numbers import change, percent

BARS = 24
ROW_GAP = 0.7


def looks(comparison: Comparison) -> dict[str, Style]:
    """Return the look of each submission: its method's hue, and a marker."""
    rows = [one.row for one in comparison.compared]
    return {row.submission_id: style for row, style in zip(rows, styles(rows), strict=True)}


def legend_height(pairs: int) -> int:
    """Pixels that the names above the whiskers take: a line each, where there are several."""
    return 20 * pairs if pairs > 1 else 0


def forest_chart(comparison: Comparison) -> Chart | None:
    """Draw the difference of every headline metric with its interval; None where none is known."""
    pairs = [against for against in comparison.against if _tested(comparison, against)]
    if not pairs:
        return None
    keys = [key for key in comparison.headline if any(key in _tested(comparison, one) for one in pairs)]
    first = comparison.names[comparison.compared[0].row.submission_id]
    look = looks(comparison)
    ends = [
        100 * end
        for one in pairs
        for _, tested in _tested(comparison, one).values()
        for end in (tested.low, tested.high)
    ]
    low, high = min(0.0, *ends), max(0.0, *ends)
    pad = 0.06 * (high - low) or 1.0
    return Chart(
        key="differences",
        title="How large is the difference, and is it significant?",
        subtitle=f"{first} minus {_others(comparison, pairs)}, in points with 95 % intervals; filled marks: "
        f"0 lies outside · {comparison.split}",
        figure={
            "data": [
                _whiskers(comparison, against, keys, n - (len(pairs) - 1) / 2, len(pairs), look)
                for n, against in enumerate(pairs)
            ],
            "layout": layout(
                xaxis={
                    "title": axis_title("points"),
                    "range": [low - pad, high + pad],
                    "zeroline": True,
                    "zerolinecolor": "var(--muted)",
                    "zerolinewidth": 1.5,
                },
                yaxis={
                    "tickvals": list(range(len(keys))),
                    "ticktext": [metric(key).label for key in keys],
                    "range": [len(keys) - 0.4, -0.6],
                    "showgrid": False,
                    "automargin": True,
                },
                showlegend=len(pairs) > 1,
                legend=LEGEND_ABOVE,
                margin={"t": 16 + legend_height(len(pairs))},
            ),
        },
        head=("Metric", "Against", "Difference", "95 %", "p"),
        rows=tuple(
            (
                one.metric.label,
                comparison.names[against.other.row.submission_id],
                change(one.first, one.other),
                interval_text(one),
                tested.p_text,
            )
            for against in pairs
            for one, tested in _tested(comparison, against).values()
        ),
    )


def category_chart(comparison: Comparison, against: Against) -> Chart | None:
    """Draw the categories in which the two differ most, the first's gains on top; None without any."""
    key = part_key(comparison, against.categories)
    parts = [part for part in against.categories if part.delta(key)]
    if not parts:
        return None
    parts.sort(key=lambda part: part.delta(key) or 0.0, reverse=True)
    drawn = parts if len(parts) <= BARS else parts[: BARS // 2] + parts[-BARS // 2 :]
    look = looks(comparison)
    values = [100 * (part.delta(key) or 0.0) for part in drawn]
    sides = [against.first if value > 0 else against.other for value in values]
    which = "" if len(drawn) == len(parts) else f" · the {len(drawn)} largest of {len(parts)}"
    hollow = f" · hollow: {_name(comparison, against.other)} is better" if _one_hue(look, against) else ""
    return Chart(
        key="categories",
        title="Which categories make the difference?",
        subtitle=f"{_subtitle(comparison, against, key)}{which}{hollow}",
        figure={
            "data": [
                {
                    "type": "bar",
                    "orientation": "h",
                    "x": values,
                    "y": [plain(part.name) for part in drawn],
                    "marker": {
                        "color": [_fill(look, side, against) for side in sides],
                        "line": {
                            "color": [look[side.row.submission_id].colour for side in sides],
                            "width": 2,
                        },
                    },
                    "hovertemplate": "%{y}: %{x:+.1f}<extra></extra>",
                }
            ],
            "layout": layout(
                xaxis={
                    "title": axis_title("points"),
                    "zeroline": True,
                    "zerolinecolor": "var(--muted)",
                },
                yaxis={"autorange": "reversed", "automargin": True, "showgrid": False, "dtick": 1},
                bargap=0.25,
            ),
        },
        head=("Category", *(_name(comparison, one) for one in (against.first, against.other)), "Difference"),
        rows=tuple(_part_row(part, key) for part in parts),
    )


def video_chart(comparison: Comparison, against: Against, links: Mapping[str, str]) -> Chart | None:
    """Draw every video, the first submission upwards and the other one to the right; None without any.

    `links` are addresses of the videos, by their keys, as far as they have any.
    """
    key = part_key(comparison, against.videos)
    parts = [part for part in against.videos if part.delta(key) is not None]
    if not parts:
        return None
    parts.sort(key=lambda part: -(part.delta(key) or 0.0))
    found = tuple(links.get(part.key, "") for part in parts)
    plays = "<br>click to see the masks" if any(found) else ""
    look = looks(comparison)
    sides = [_side(against, part.delta(key) or 0.0) for part in parts]
    first, other = (_name(comparison, one) for one in (against.first, against.other))
    axis = {"range": [-2, 102], "zeroline": False}
    return Chart(
        key="videos",
        title="Video by video: where is each of them better?",
        subtitle=f"{key} (%) of {counted(len(parts), 'video')}, each alone; above the line {first} is better",
        figure={
            "data": [
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [100 * (part.other[key] or 0.0) for part in parts],
                    "y": [100 * (part.first[key] or 0.0) for part in parts],
                    "text": [plain(part.name) for part in parts],
                    "marker": {
                        "color": [look[side].colour if side else "var(--muted)" for side in sides],
                        "symbol": [look[side].symbol if side else "circle" for side in sides],
                        "size": 9,
                        "opacity": 0.8,
                    },
                    "hovertemplate": f"%{{text}}<br>%{{y:.1f}} against %{{x:.1f}}{plays}<extra></extra>",
                }
            ],
            "layout": layout(
                xaxis={**axis, "title": axis_title(plain(other))},
                yaxis={**axis, "title": axis_title(plain(first))},
                shapes=[
                    {
                        **{"type": "line", "x0": 0, "y0": 0, "x1": 100, "y1": 100, "layer": "below"},
                        "line": {"color": "var(--line-strong)", "width": 1, "dash": "dash"},
                    }
                ],
            ),
        },
        head=("Video", first, other, "Difference"),
        rows=tuple(_part_row(part, key) for part in parts),
        links=found if plays else (),
    )


def _whiskers(
    comparison: Comparison,
    against: Against,
    keys: Sequence[str],
    offset: float,
    pairs: int,
    look: dict[str, Style],
) -> dict[str, Any]:
    found = _tested(comparison, against)
    drawn = [(index, *found[key]) for index, key in enumerate(keys) if key in found]
    other = look[against.other.row.submission_id]
    ink, symbol = (other.colour, other.symbol) if pairs > 1 else ("var(--accent)", "circle")
    return {
        "type": "scatter",
        "mode": "markers+text" if pairs == 1 else "markers",
        "name": f"against {plain(comparison.names[against.other.row.submission_id])}",
        "x": [100 * tested.delta for _, _, tested in drawn],
        "y": [index + offset * ROW_GAP / pairs for index, _, _ in drawn],
        "text": [change(one.first, one.other) for _, one, _ in drawn],
        "textposition": "top center",
        "textfont": {"color": "var(--ink)", "size": 12},
        "cliponaxis": False,
        "error_x": error_bars(
            [tested.delta for _, _, tested in drawn],
            [(tested.low, tested.high) for _, _, tested in drawn],
            ink,
            thickness=2,
        ),
        "marker": {
            "color": ink,
            "size": 10,
            "symbol": [symbol if tested.significant else f"{symbol}-open" for _, _, tested in drawn],
            "line": {"width": 2, "color": ink},
        },
        "customdata": [f"{interval_text(one)}, {tested.p_phrase}" for _, one, tested in drawn],
        "hovertemplate": "%{text} (%{customdata})<extra></extra>",
    }


def _one_hue(look: dict[str, Style], against: Against) -> bool:
    first, other = (look[one.row.submission_id].colour for one in (against.first, against.other))
    return first == other


def _fill(look: dict[str, Style], side: Compared, against: Against) -> str:
    """Return a bar's colour inside its line: of two submissions of one hue, the other's bars are hollow."""
    is_hollow = side is against.other and _one_hue(look, against)
    return "var(--card)" if is_hollow else look[side.row.submission_id].colour


def _tested(comparison: Comparison, against: Against) -> dict[str, tuple[MetricDifference, Difference]]:
    """The headline metrics of which it is known how sure the difference is, in their order."""
    found = {one.metric.key: (one, one.tested) for one in against.metrics if one.tested is not None}
    return {key: found[key] for key in comparison.headline if key in found}


def _others(comparison: Comparison, pairs: Sequence[Against]) -> str:
    return _name(comparison, pairs[0].other) if len(pairs) == 1 else f"{len(pairs)} others"


def _name(comparison: Comparison, one: Compared) -> str:
    return comparison.names[one.row.submission_id]


def _subtitle(comparison: Comparison, against: Against, key: str) -> str:
    names = " minus ".join(_name(comparison, one) for one in (against.first, against.other))
    return f"{key} in points, {names} · {comparison.split}"


def _side(against: Against, delta: float) -> str:
    if delta == 0:
        return ""
    return (against.first if delta > 0 else against.other).row.submission_id


def _part_row(part: PartDifference, key: str) -> tuple[str, ...]:
    first, other = part.first.get(key), part.other.get(key)
    return part.name, percent(first), percent(other), change(first, other)
