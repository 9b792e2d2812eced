"""Maps of numbers as coloured cells."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

from webapp.charts.drawing.axes import Axis
from webapp.charts.drawing.elements import Frame, draw_rect, short
from webapp.charts.drawing.labels import Label, draw_label
from webapp.charts.drawing.marks import share_of
from webapp.charts.drawing.texts import lines_of


def cells_of(trace: dict[str, Any], letter: str) -> int:
    return len(trace["z"]) if letter == "y" else max((len(row) for row in trace["z"]), default=0)


def draw_heatmap(plot: ET.Element, frame: Frame, trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> None:
    rows = trace["z"]
    known = [value for row in rows for value in row if value is not None]
    low = trace.get("zmin", min(known, default=0.0))
    high = trace.get("zmax", max(known, default=1.0))
    scale = trace["colorscale"]
    xs = trace.get("x") or [str(n) for n in range(cells_of(trace, "x"))]
    ys = trace.get("y") or [str(n) for n in range(len(rows))]
    gap = trace.get("xgap", 0)
    for j, row in enumerate(rows):
        up = yaxis.number(ys[j])
        sides = sorted(1 - share_of(yaxis, (up or 0.0) + turn) for turn in (-0.5, 0.5))
        for i, value in enumerate(row):
            across = xaxis.number(xs[i])
            if value is None or across is None or up is None:
                continue
            ends = sorted(share_of(xaxis, across + turn) for turn in (-0.5, 0.5))
            share = min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))
            look = {"fill": _between(scale, share)}
            if gap:
                look |= {"stroke": "var(--card)", "stroke-width": short(gap)}
            draw_rect(plot, frame, (ends[0], sides[0]), (ends[1] - ends[0], sides[1] - sides[0]), look)
            texts = trace.get("text")
            if texts and texts[j][i]:
                colour = "var(--card)" if share > 0.6 else "var(--ink)"
                middle = ((ends[0] + ends[1]) / 2, (sides[0] + sides[1]) / 2)
                draw_label(
                    plot,
                    frame,
                    Label(*middle, lines_of(texts[j][i]), anchor="middle", size=11, colour=colour),
                )


def _between(scale: Sequence[tuple[float, str]], share: float) -> str:
    """Return a colour of a scale of colours."""
    for (begin, first), (end, second) in pairwise(scale):
        if share <= end:
            part = round(100 * (share - begin) / ((end - begin) or 1.0))
            return (
                first
                if part <= 0
                else second
                if part >= 100
                else f"color-mix(in srgb, {second} {part}%, {first})"
            )
    return scale[-1][1]


def mixed(first: str, second: str, percent: int) -> str:
    """Return the colour that has so many percent of the second one."""
    channels = zip(*(bytes.fromhex(colour[1:]) for colour in (first, second)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * percent / 100):02x}" for a, b in channels)
