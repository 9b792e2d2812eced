"""The marks of a figure: bars, points, lines and their intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

from webapp.charts.drawing.axes import Axis
from webapp.charts.drawing.elements import (
    Frame,
    at,
    draw_line,
    draw_path,
    draw_rect,
    item,
    short,
    stroke_of,
)

# Outlines of markers in a box from -1 to 1; a circle is none of them.
OUTLINES = {
    "square": "M-.9-.9H.9V.9H-.9Z",
    "diamond": "M0-1.25L1.25 0L0 1.25L-1.25 0Z",
    "triangle-up": "M0-1.15L1.1.85H-1.1Z",
    "triangle-down": "M0 1.15L1.1-.85H-1.1Z",
    "cross": "M-.35-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z",
    "x": "M0-.5L.5-1L1-.5L.5 0L1 .5L.5 1L0 .5L-.5 1L-1 .5L-.5 0L-1-.5L-.5-1Z",
    "star": "M0-1.3L.31-.42L1.24-.4L.5.16L.76 1.05L0 .52L-.76 1.05L-.5.16L-1.24-.4L-.31-.42Z",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `place` and `width` on one axis, `begin` to `end` on the other. One that `is_across` lies."""

    place: float
    width: float
    begin: float
    end: float
    whisker: tuple[float, ...]
    is_across: bool
    trace: dict[str, Any]
    number: int


def bars_of(data: Sequence[dict[str, Any]], layout: dict[str, Any]) -> list[Bar]:
    traces = [trace for trace in data if trace["type"] == "bar"]
    mode, gap = layout.get("barmode", "group"), layout.get("bargap", 0.2)
    names: dict[Any, float] = {}
    for trace in traces:
        for value in trace["y" if trace.get("orientation") == "h" else "x"]:
            names.setdefault(value, float(len(names)) if isinstance(value, str) else float(value))
    places = sorted(set(names.values()))
    step = min((b - a for a, b in pairwise(places)), default=1.0)
    heaps: dict[tuple[float, bool], float] = {}
    bars = []
    for index, trace in enumerate(traces):
        is_across = trace.get("orientation") == "h"
        slots = len(traces) if mode == "group" else 1
        for n, (where, length) in enumerate(
            zip(*(trace[key] for key in ("yx" if is_across else "xy")), strict=True)
        ):
            if length is None:
                continue
            place, width = names[where], item(trace.get("width"), n, step * (1 - gap) / slots)
            if mode == "group" and trace.get("width") is None:
                place += (index - (slots - 1) / 2) * width
            begin = float(item(trace.get("base"), n, 0.0))
            if mode in ("stack", "relative"):
                begin = heaps.get((place, length < 0), 0.0)
                heaps[place, length < 0] = begin + length
            end = begin + length
            spans = spans_of(trace.get("error_x" if is_across else "error_y"), n)
            whisker = (end - spans[0], end + spans[1]) if spans else ()
            bars.append(Bar(place, width, begin, end, whisker, is_across, trace, n))
    return bars


def draw_bars(plot: ET.Element, frame: Frame, bars: Sequence[Bar], xaxis: Axis, yaxis: Axis) -> None:
    for bar in bars:
        along, across = (xaxis, yaxis) if bar.is_across else (yaxis, xaxis)
        ends = sorted(share_of(along, value) for value in (bar.begin, bar.end))
        sides = sorted(share_of(across, bar.place + turn * bar.width / 2) for turn in (-1, 1))
        marker = bar.trace.get("marker", {})
        look = {"fill": str(item(marker.get("color"), bar.number, "var(--accent)"))}
        line = marker.get("line", {})
        if line.get("width"):
            look |= {
                "stroke": item(line.get("color"), bar.number, "none"),
                "stroke-width": short(item(line["width"], bar.number, 1)),
            }
        if marker.get("opacity") is not None:
            look["fill-opacity"] = short(item(marker["opacity"], bar.number, 1))
        (x0, x1), (low, high) = (ends, sides) if bar.is_across else (sides, ends)
        draw_rect(plot, frame, (x0, 1 - high), (x1 - x0, high - low), look)
        if bar.whisker:
            error = bar.trace["error_x" if bar.is_across else "error_y"]
            middle = share_of(across, bar.place)
            _draw_whisker(
                plot,
                frame,
                [share_of(along, value) for value in bar.whisker],
                middle,
                error,
                is_flat=bar.is_across,
            )


def points_of(trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> Iterator[tuple[int, float, float]]:
    """Yield number and place of every point that the axes show."""
    for n, (x, y) in enumerate(zip(trace["x"], trace["y"], strict=True)):
        across, up = xaxis.at(x), yaxis.at(y)
        if across is not None and up is not None and -0.02 <= across <= 1.02 and -0.02 <= up <= 1.02:
            yield n, across, 1 - up


def draw_scatter(plot: ET.Element, frame: Frame, trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> None:
    mode = trace.get("mode", "lines+markers")
    points = list(points_of(trace, xaxis, yaxis))
    line = trace.get("line", {})
    if "lines" in mode and len(points) > 1:
        look = stroke_of(line, "var(--accent)", 2)
        places = [(x, y) for _, x, y in points]
        if line.get("shape") == "hv":
            places = [
                places[0],
                *(step for a, b in pairwise(places) for step in ((b[0], a[1]), b)),
            ]
        draw_path(plot, frame, places, look)
    for n, x, y in points:
        for letter, is_flat in (("x", True), ("y", False)):
            error = trace.get(f"error_{letter}")
            spans = spans_of(error, n)
            if error and spans:
                axis, value = (xaxis, trace["x"][n]) if is_flat else (yaxis, trace["y"][n])
                number = axis.number(value) or 0.0
                ends = [share_of(axis, number - spans[0]), share_of(axis, number + spans[1])]
                _draw_whisker(plot, frame, ends, x if not is_flat else 1 - y, error, is_flat=is_flat)
    if "markers" in mode:
        group = ET.SubElement(plot, "g")
        for n, x, y in points:
            draw_marker(group, frame, x, y, marker_of(trace, n))


@dataclass(frozen=True, slots=True)
class _Marker:
    symbol: str
    radius: float
    fill: str
    stroke: str
    stroke_width: float
    opacity: float


def marker_of(trace: dict[str, Any], n: int) -> _Marker:
    marker = trace.get("marker", {})
    colour = str(item(marker.get("color"), n, trace.get("line", {}).get("color", "var(--accent)")))
    symbol = str(item(marker.get("symbol"), n, "circle"))
    line = marker.get("line", {})
    is_open = symbol.endswith("-open")
    width = float(item(line.get("width"), n, 2 if is_open else 0))
    return _Marker(
        symbol=symbol.removesuffix("-open"),
        radius=float(item(marker.get("size"), n, 6)) / 2,
        fill="none" if is_open else colour,
        stroke=colour if is_open else str(item(line.get("color"), n, colour)),
        stroke_width=width,
        opacity=float(item(marker.get("opacity"), n, 1)),
    )


def draw_marker(parent: ET.Element, frame: Frame, x: float, y: float, marker: _Marker) -> None:
    look = {"fill": marker.fill}
    if marker.stroke_width:
        look |= {"stroke": marker.stroke, "stroke-width": short(marker.stroke_width)}
    if marker.opacity < 1:
        look["opacity"] = short(marker.opacity)
    if marker.symbol == "circle":
        place = {"cx": frame.x(x), "cy": short(y * frame.height), "r": short(marker.radius)}
        ET.SubElement(parent, "circle", place | look)
        return
    if marker.stroke_width:
        look["stroke-width"] = short(marker.stroke_width / marker.radius)
    outline = {"d": OUTLINES[marker.symbol], "transform": f"scale({short(marker.radius)})"}
    ET.SubElement(at(parent, frame, x, y * frame.height), "path", outline | look)


def _draw_whisker(
    plot: ET.Element,
    frame: Frame,
    ends: Sequence[float],
    place: float,
    error: dict[str, Any],
    *,
    is_flat: bool,
) -> None:
    """Draw an interval with caps; `ends` and `place` are shares along and across it, from the lower left."""
    look = {"stroke": error.get("color", "var(--ink)"), "stroke-width": short(error.get("thickness", 2))}
    cap = error.get("width", 4)
    if is_flat:
        y = 1 - place
        draw_line(plot, frame, (ends[0], y), (ends[1], y), look)
        for end in ends:
            draw_line(plot, frame, (end, y), (end, y), look, rise=cap)
        return
    draw_line(plot, frame, (place, 1 - ends[0]), (place, 1 - ends[1]), look)
    for end in ends:
        spot = at(plot, frame, place, (1 - end) * frame.height)
        ET.SubElement(spot, "line", {"x1": short(-cap), "x2": short(cap), **look})


def share_of(axis: Axis, number: float) -> float:
    """Return where a number of the axis (a category's is its index) stands, kept inside the plot."""
    return min(1.0, max(0.0, (number - axis.low) / (axis.high - axis.low)))


def ends_of(trace: dict[str, Any], letter: str) -> Iterator[tuple[Any, ...]]:
    """Yield the numbers that a point takes on an axis: itself and the ends of its interval."""
    error = trace.get(f"error_{letter}")
    for n, value in enumerate(trace[letter]):
        spans = spans_of(error, n)
        if value is not None:
            yield (value - spans[0], value + spans[1]) if spans else (value,)


def spans_of(error: dict[str, Any] | None, n: int) -> tuple[float, float] | None:
    """Return how far an interval goes below and above; None where there is none."""
    if not error or not error.get("visible", True):
        return None
    high = item(error.get("array"), n, None)
    low = (
        high if error.get("symmetric", "arrayminus" not in error) else item(error.get("arrayminus"), n, None)
    )
    return None if high is None or low is None or (not high and not low) else (float(low), float(high))
