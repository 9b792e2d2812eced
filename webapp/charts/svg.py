"""Figures as SVG, made on the server: the picture that stands in a page at once, in print, and in exports.

`figure_svg` draws for a page: positions are shares of the width, so that the picture fills any width with
letters of one size, and colours are those of the page's style sheet. `chart_svg` draws a picture that stands
alone, with title, caption and source; `chart_png` is the same as PNG. All of them read the figure that Plotly
gets, as far as the charts of this site use it, and refuse what they do not know.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from webapp.charts.axes import Axis, axis_of
from webapp.charts.spec import Chart
from webapp.charts.texts import LINE_HEIGHT, Line, Run, block_width, line_width, lines_of, wrapped
from webapp.charts.tokens import Theme, colours

# Below this width there is no room for labels beside marks: a legend takes over. chart.js has the same.
NARROW = 620
# The least width that pictures for pages are made for.
LEAST_WIDE, LEAST_NARROW = 560, 300
LETTER = 12
GAP = 8
TICK_ROOM_X, TICK_ROOM_Y = 50, 44
CAPTION, TITLE, SOURCE = 13, 18, 11
PAPER = 24
FONTS = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif'
# Of PNGs: the server draws their letters itself.
OWN_FONT = "DejaVu Sans"
FONT_FILES = [str(path) for path in sorted((Path(__file__).parent / "fonts").glob("*.ttf"))]
DASHES = {
    "solid": "",
    "dash": "9 6",
    "dot": "2 4",
    "dashdot": "9 4 2 4",
    "longdash": "15 6",
    "longdashdot": "15 5 2 5",
}
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
VARIABLE = re.compile(r"var\((--[a-z0-9-]+)\)")
MIX = re.compile(r"color-mix\(in srgb, (#[0-9a-f]{6}) (\d+)%, (#[0-9a-f]{6})\)")


@dataclass(frozen=True, slots=True)
class _Label:
    """A text: shares of the plot (`y` from its top), then pixels. `leader` is the other end of its line."""

    x: float
    y: float
    lines: list[Line]
    dx: float = 0.0
    dy: float = 0.0
    anchor: str = "start"
    valign: str = "middle"
    size: float = LETTER
    colour: str = "var(--ink)"
    leader: tuple[float, float, float, float] | None = None
    leader_colour: str = "var(--line-strong)"
    halo: str = ""
    """The colour around its letters, where marks may lie behind it."""

    @property
    def width(self) -> float:
        return block_width(self.lines, self.size)


@dataclass(slots=True)
class _Frame:
    """The plot's place in pixels; `width` is its least width where the picture is `is_fluid`."""

    width: float
    height: float
    is_fluid: bool
    left: float = 0.0
    top: float = 0.0
    legend: list[list[tuple[float, dict[str, Any]]]] = field(default_factory=list)
    legend_top: float = 0.0

    def x(self, share: float) -> str:
        return f"{_n(100 * share)}%" if self.is_fluid else _n(self.width * share)


def figure_svg(figure: dict[str, Any], *, height: int, is_narrow: bool = False) -> str:
    """Return a figure as an element for a page, as high as `height`, that fills the width it gets.

    Colours are variables of tokens.css. `is_narrow` is for phones: a legend instead of labels beside marks.
    """
    wanted = narrow_figure(figure) if is_narrow else figure
    width = LEAST_NARROW if is_narrow else LEAST_WIDE
    root = ET.Element("div", {"class": "drawing-room"})
    plot, margins = _plot(root, wanted, width, height, is_fluid=True)
    root.set("style", "padding:" + " ".join(f"{_n(margin)}px" for margin in margins))
    plot.set("aria-hidden", "true")
    return ET.tostring(root, encoding="unicode")


def chart_svg(
    chart: Chart, *, theme: Theme = "light", width: int = 1000, height: int | None = None, source: str = ""
) -> str:
    """Return a chart as a picture that stands alone, with its title, caption and a line on its source.

    All colours are those of the theme, there is no script and no reference to another file. Without a height
    the plot is as high as on its page. A picture narrower than 620 pixels gets a legend instead of labels.
    """
    palette = colours(theme)
    room = width - 2 * PAPER
    head = [
        *((line, TITLE, "var(--ink)", True) for line in wrapped(chart.title, TITLE, room, is_bold=True)),
        *((line, CAPTION, "var(--muted)", False) for line in wrapped(chart.subtitle, CAPTION, room)),
    ]
    texts = [line for text in (*chart.notes, source) for line in wrapped(text, SOURCE, room)]
    foot = [(line, SOURCE, "var(--muted)", False) for line in texts]
    head_height = PAPER + sum(size * LINE_HEIGHT for _, size, _, _ in head) + GAP
    foot_height = sum(size * LINE_HEIGHT for _, size, _, _ in foot) + PAPER
    plot_height = chart.height if height is None else max(height - head_height - foot_height, 120.0)
    total = round(head_height + plot_height + foot_height)
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {total}",
            "width": str(width),
            "height": str(total),
            "font-family": FONTS,
            "role": "img",
        },
    )
    ET.SubElement(root, "title").text = _printable(chart.title)
    ET.SubElement(root, "desc").text = _printable(chart.subtitle)
    ET.SubElement(root, "rect", {"width": str(width), "height": str(total), "fill": "var(--card)"})
    for lines, begin in ((head, float(PAPER)), (foot, total - foot_height + GAP)):
        y = begin
        for text, size, colour, is_bold in lines:
            line = _Label(0, 0, [(Run(text, is_bold),)], size=size, colour=colour, valign="top")
            _write(root, line, _n(PAPER), y)
            y += size * LINE_HEIGHT
    figure = narrow_figure(chart.figure) if width < NARROW else chart.figure
    outer = ET.SubElement(root, "g")
    _, margins = _plot(outer, figure, room, plot_height, is_fluid=False)
    outer.set("transform", f"translate({_n(PAPER + margins[3])} {_n(head_height + margins[0])})")
    for element in root.iter():
        for key, value in element.attrib.items():
            if "var(" in value:
                plain = VARIABLE.sub(lambda found: palette[found[1]], value)
                element.set(key, MIX.sub(lambda found: _mixed(found[3], found[1], int(found[2])), plain))
    return ET.tostring(root, encoding="unicode")


def chart_png(
    chart: Chart,
    *,
    theme: Theme = "light",
    width: int = 1000,
    height: int | None = None,
    source: str = "",
    scale: float = 2,
) -> bytes:
    """Return the picture of `chart_svg` as PNG, with `scale` times as many pixels, in about 0.1 s.

    Letters are those of `fonts/`; scripts that are not in it need a font of the machine.
    """
    import resvg_py  # only where a PNG is asked for: 4 MB of compiled code

    svg = chart_svg(chart, theme=theme, width=width, height=height, source=source)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg.replace(escape(FONTS, {'"': "&quot;"}), OWN_FONT, 1),
            zoom=scale,
            font_files=FONT_FILES,
            font_family=OWN_FONT,
        )
    )


def narrow_figure(figure: dict[str, Any]) -> dict[str, Any]:
    """Return a figure without labels beside its marks, and with a legend that names all of them."""
    layout = figure["layout"]
    if not layout.get("annotations"):
        return figure
    legend = {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top"}
    margin = {**layout.get("margin", {}), "l": 40, "r": 28}
    return {
        "data": [{**trace, "showlegend": True} if trace.get("name") else trace for trace in figure["data"]],
        "layout": {**layout, "annotations": [], "showlegend": True, "legend": legend, "margin": margin},
    }


# --- The plot: margins, then everything in them -----------------------------------------------------------


def _plot(
    parent: ET.Element, figure: dict[str, Any], width: float, height: float, *, is_fluid: bool
) -> tuple[ET.Element, tuple[float, float, float, float]]:
    """Draw a figure into a box; return the plot's element and its margins: top, right, bottom, left."""
    data, layout = figure["data"], figure["layout"]
    unknown = {trace["type"] for trace in data} - {"scatter", "bar", "heatmap"}
    if unknown:
        raise ValueError(
            f"Expected traces of the types scatter, bar and heatmap, found {', '.join(sorted(unknown))}"
        )
    bars = _bars(data, layout)
    xaxis, yaxis = _axes(data, layout, bars)
    margin = {"l": 44, "r": 24, "t": 16, "b": 48, **layout.get("margin", {})}
    x_ticks = xaxis.ticks(max(2, int((width - margin["l"] - margin["r"]) / TICK_ROOM_X)))
    x_lines = [lines_of(text) for _, text in x_ticks]
    x_tick_height = max((len(lines) for lines in x_lines), default=0) * LETTER * LINE_HEIGHT
    x_title, y_title = (_title(axis) for axis in (xaxis, yaxis))
    y_ticks = yaxis.ticks(max(2, int((height - margin["t"] - margin["b"]) / TICK_ROOM_Y)))
    y_lines = [lines_of(text) for _, text in y_ticks]
    tick_width = max((block_width(lines, LETTER) for lines in y_lines), default=0.0)
    title_width = LETTER * LINE_HEIGHT + GAP if y_title else 0.0
    labels = list(_labels(data, layout, bars, xaxis, yaxis))
    right = _right_margin(labels, width, margin["l"], margin["r"])
    left = _left_margin(labels, width, max(margin["l"], tick_width + GAP + title_width), right)
    frame = _Frame(width - left - right, 0.0, is_fluid, left)
    frame.legend = _legend_lines(data, layout, width - left - 8) if layout.get("showlegend") else []
    legend_height = len(frame.legend) * LETTER * 1.6
    on_top = layout.get("legend", {}).get("y", 1) >= 1
    below = GAP + x_tick_height + (LETTER * LINE_HEIGHT + GAP / 2 if x_title else 0.0)
    top = max(margin["t"], legend_height + GAP) if on_top else margin["t"]
    bottom = max(margin["b"], below + 4) if on_top else max(margin["b"], below + legend_height + GAP)
    frame.height, frame.top = max(height - top - bottom, 40.0), top
    frame.legend_top = -legend_height if on_top else frame.height + below + GAP / 2
    plot = ET.SubElement(parent, "svg" if is_fluid else "g")
    if is_fluid:
        plot.attrib |= {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": "100%",
            "height": _n(frame.height),
            "overflow": "visible",
        }
    _draw_grid(plot, frame, xaxis, yaxis, x_ticks, y_ticks)
    _draw_shapes(plot, frame, layout, xaxis, yaxis, is_below=True)
    for trace in data:
        if trace["type"] == "heatmap":
            _draw_heatmap(plot, frame, trace, xaxis, yaxis)
    _draw_bars(plot, frame, bars, xaxis, yaxis)
    for trace in data:
        if trace["type"] == "scatter":
            _draw_scatter(plot, frame, trace, xaxis, yaxis)
    _draw_shapes(plot, frame, layout, xaxis, yaxis, is_below=False)
    tick_font = {**layout.get("font", {}), **xaxis.spec.get("tickfont", {})}
    for (share, _), lines in zip(x_ticks, x_lines, strict=True):
        label = _Label(share, 1, lines, dy=GAP, anchor="middle", valign="top", colour=_ink(tick_font))
        _draw_label(plot, frame, label)
    tick_font = {**layout.get("font", {}), **yaxis.spec.get("tickfont", {})}
    for (share, _), lines in zip(y_ticks, y_lines, strict=True):
        _draw_label(plot, frame, _Label(0, 1 - share, lines, dx=-GAP, anchor="end", colour=_ink(tick_font)))
    if x_title:
        y = GAP + x_tick_height + GAP / 2
        _draw_label(
            plot, frame, _Label(0.5, 1, x_title, dy=y, anchor="middle", valign="top", colour="var(--muted)")
        )
    if y_title:
        side = -(left - LETTER)
        turned = {"transform": f"translate({_n(side)} {_n(frame.height / 2)}) rotate(-90)"}
        _write(
            ET.SubElement(plot, "g", turned),
            _Label(0, 0, y_title, anchor="middle", colour="var(--muted)"),
            "0",
            0,
        )
    for label in labels:
        _draw_label(plot, frame, label)
    _draw_legend(plot, frame)
    return plot, (top, right, bottom, left)


def _axes(
    data: Sequence[dict[str, Any]], layout: dict[str, Any], bars: "Sequence[_Bar]"
) -> tuple[Axis, Axis]:
    found: list[Axis] = []
    for letter in ("x", "y"):
        spec = layout.get(f"{letter}axis", {})
        values: list[Any] = []
        for trace in data:
            if trace["type"] == "bar" and (trace.get("orientation", "v") == "h") == (letter == "y"):
                values += trace[letter]
            elif trace["type"] == "heatmap":
                values += trace.get(letter) or [str(n) for n in range(_cells(trace, letter))]
            elif trace["type"] == "scatter":
                values += [end for ends in _ends(trace, letter) for end in ends]
        along = [bar for bar in bars if bar.is_across == (letter == "x")]
        if along:
            values += [end for bar in along for end in (bar.begin, bar.end, *bar.whisker)]
        across = [bar for bar in bars if bar.is_across == (letter == "y")]
        if across and not any(isinstance(value, str) for value in values):
            values += [end for bar in across for end in (bar.place - bar.width, bar.place + bar.width)]
        pads = any(trace["type"] == "scatter" and trace.get("mode") != "lines" for trace in data) or bool(
            along
        )
        found.append(axis_of(spec, values, from_zero=bool(along), pads=pads))
    return found[0], found[1]


def _cells(trace: dict[str, Any], letter: str) -> int:
    return len(trace["z"]) if letter == "y" else max((len(row) for row in trace["z"]), default=0)


def _title(axis: Axis) -> list[Line]:
    title = axis.spec.get("title")
    text = title.get("text", "") if isinstance(title, dict) else title or ""
    return lines_of(text) if text else []


def _right_margin(labels: Sequence[_Label], width: float, left: float, least: float) -> float:
    """Return the margin in which all labels end before the picture does, half of the width at most."""
    needed = least
    for label in labels:
        reach = label.dx + label.width * {"start": 1, "middle": 0.5, "end": 0}[label.anchor]
        if label.x > 0.2:
            needed = max(needed, ((label.x - 1) * (width - left) + reach + 2) / label.x)
    return min(needed, max(least, width / 2))


def _left_margin(labels: Sequence[_Label], width: float, least: float, right: float) -> float:
    needed = least
    for label in labels:
        reach = -label.dx + label.width * {"start": 0, "middle": 0.5, "end": 1}[label.anchor]
        if label.x < 0.8:
            needed = max(needed, (reach - label.x * (width - right)) / (1 - label.x))
    return min(needed, max(least, width / 2))


# --- Grid, ticks, shapes -----------------------------------------------------------------------------------


def _draw_grid(
    plot: ET.Element,
    frame: _Frame,
    xaxis: Axis,
    yaxis: Axis,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
) -> None:
    grid = {"stroke": "var(--line)", "stroke-width": "1"}
    if xaxis.spec.get("showgrid", True):
        for share, _ in x_ticks:
            _draw_line(plot, frame, (share, 0), (share, 1), grid)
    if yaxis.spec.get("showgrid", True):
        for share, _ in y_ticks:
            _draw_line(plot, frame, (0, 1 - share), (1, 1 - share), grid)
    for axis, is_x in ((xaxis, True), (yaxis, False)):
        if axis.spec.get("zeroline") and axis.holds_zero:
            share = _share(axis, 0.0)
            look = {
                "stroke": axis.spec.get("zerolinecolor", "var(--muted)"),
                "stroke-width": _n(axis.spec.get("zerolinewidth", 1)),
            }
            ends = ((share, 0.0), (share, 1.0)) if is_x else ((0.0, 1 - share), (1.0, 1 - share))
            _draw_line(plot, frame, *ends, look)


def _draw_shapes(
    plot: ET.Element, frame: _Frame, layout: dict[str, Any], xaxis: Axis, yaxis: Axis, *, is_below: bool
) -> None:
    for shape in layout.get("shapes", ()):
        if (shape.get("layer") == "below") is not is_below:
            continue
        ends = [
            (
                _place(shape[f"x{n}"], xaxis, shape.get("xref")),
                1 - _place(shape[f"y{n}"], yaxis, shape.get("yref")),
            )
            for n in (0, 1)
        ]
        line = shape.get("line", {})
        look = {"stroke": line.get("color", "var(--muted)"), "stroke-width": _n(line.get("width", 1))}
        if DASHES[line.get("dash", "solid")]:
            look["stroke-dasharray"] = DASHES[line["dash"]]
        if shape["type"] == "line":
            _draw_path(plot, frame, ends, look)
        else:
            (x0, y0), (x1, y1) = ends
            fill = {"fill": shape.get("fillcolor", "none"), "fill-opacity": _n(shape.get("opacity", 1))}
            edge = look if line.get("width", 1) else {}
            _draw_rect(plot, frame, (min(x0, x1), min(y0, y1)), (abs(x1 - x0), abs(y1 - y0)), fill | edge)


def _place(value: Any, axis: Axis, ref: str | None) -> float:
    """Return where a shape or note stands on an axis, or on the paper."""
    if ref and ref not in ("x", "y"):
        return float(value)
    return axis.at(value) or 0.0


# --- Bars ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bar:
    """One bar: `place` and `width` on one axis, `begin` to `end` on the other. One that `is_across` lies."""

    place: float
    width: float
    begin: float
    end: float
    whisker: tuple[float, ...]
    is_across: bool
    trace: dict[str, Any]
    number: int


def _bars(data: Sequence[dict[str, Any]], layout: dict[str, Any]) -> list[_Bar]:
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
            place, width = names[where], _item(trace.get("width"), n, step * (1 - gap) / slots)
            if mode == "group" and trace.get("width") is None:
                place += (index - (slots - 1) / 2) * width
            begin = float(_item(trace.get("base"), n, 0.0))
            if mode in ("stack", "relative"):
                begin = heaps.get((place, length < 0), 0.0)
                heaps[place, length < 0] = begin + length
            end = begin + length
            spans = _spans(trace.get("error_x" if is_across else "error_y"), n)
            whisker = (end - spans[0], end + spans[1]) if spans else ()
            bars.append(_Bar(place, width, begin, end, whisker, is_across, trace, n))
    return bars


def _draw_bars(plot: ET.Element, frame: _Frame, bars: Sequence[_Bar], xaxis: Axis, yaxis: Axis) -> None:
    for bar in bars:
        along, across = (xaxis, yaxis) if bar.is_across else (yaxis, xaxis)
        ends = sorted(_share(along, value) for value in (bar.begin, bar.end))
        sides = sorted(_share(across, bar.place + turn * bar.width / 2) for turn in (-1, 1))
        marker = bar.trace.get("marker", {})
        look = {"fill": str(_item(marker.get("color"), bar.number, "var(--accent)"))}
        line = marker.get("line", {})
        if line.get("width"):
            look |= {
                "stroke": _item(line.get("color"), bar.number, "none"),
                "stroke-width": _n(_item(line["width"], bar.number, 1)),
            }
        if marker.get("opacity") is not None:
            look["fill-opacity"] = _n(_item(marker["opacity"], bar.number, 1))
        (x0, x1), (low, high) = (ends, sides) if bar.is_across else (sides, ends)
        _draw_rect(plot, frame, (x0, 1 - high), (x1 - x0, high - low), look)
        if bar.whisker:
            error = bar.trace["error_x" if bar.is_across else "error_y"]
            middle = _share(across, bar.place)
            _draw_whisker(
                plot,
                frame,
                [_share(along, value) for value in bar.whisker],
                middle,
                error,
                is_flat=bar.is_across,
            )


def _share(axis: Axis, number: float) -> float:
    """Return where a number of the axis (a category's is its index) stands, kept inside the plot."""
    return min(1.0, max(0.0, (number - axis.low) / (axis.high - axis.low)))


# --- Points and lines ---------------------------------------------------------------------------------------


def _points(trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> Iterator[tuple[int, float, float]]:
    """Yield number and place of every point that the axes show."""
    for n, (x, y) in enumerate(zip(trace["x"], trace["y"], strict=True)):
        across, up = xaxis.at(x), yaxis.at(y)
        if across is not None and up is not None and -0.02 <= across <= 1.02 and -0.02 <= up <= 1.02:
            yield n, across, 1 - up


def _draw_scatter(plot: ET.Element, frame: _Frame, trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> None:
    mode = trace.get("mode", "lines+markers")
    points = list(_points(trace, xaxis, yaxis))
    line = trace.get("line", {})
    if "lines" in mode and len(points) > 1:
        look = {"stroke": line.get("color", "var(--accent)"), "stroke-width": _n(line.get("width", 2))}
        if DASHES[line.get("dash", "solid")]:
            look["stroke-dasharray"] = DASHES[line["dash"]]
        places = [(x, y) for _, x, y in points]
        if line.get("shape") == "hv":
            places = [
                places[0],
                *(step for a, b in pairwise(places) for step in ((b[0], a[1]), b)),
            ]
        _draw_path(plot, frame, places, look)
    for n, x, y in points:
        for letter, is_flat in (("x", True), ("y", False)):
            error = trace.get(f"error_{letter}")
            spans = _spans(error, n)
            if error and spans:
                axis, value = (xaxis, trace["x"][n]) if is_flat else (yaxis, trace["y"][n])
                number = axis.number(value) or 0.0
                ends = [_share(axis, number - spans[0]), _share(axis, number + spans[1])]
                _draw_whisker(plot, frame, ends, x if not is_flat else 1 - y, error, is_flat=is_flat)
    if "markers" in mode:
        group = ET.SubElement(plot, "g")
        for n, x, y in points:
            _draw_marker(group, frame, x, y, _marker(trace, n))


@dataclass(frozen=True, slots=True)
class _Marker:
    symbol: str
    radius: float
    fill: str
    stroke: str
    stroke_width: float
    opacity: float


def _marker(trace: dict[str, Any], n: int) -> _Marker:
    marker = trace.get("marker", {})
    colour = str(_item(marker.get("color"), n, trace.get("line", {}).get("color", "var(--accent)")))
    symbol = str(_item(marker.get("symbol"), n, "circle"))
    line = marker.get("line", {})
    is_open = symbol.endswith("-open")
    width = float(_item(line.get("width"), n, 2 if is_open else 0))
    return _Marker(
        symbol=symbol.removesuffix("-open"),
        radius=float(_item(marker.get("size"), n, 6)) / 2,
        fill="none" if is_open else colour,
        stroke=colour if is_open else str(_item(line.get("color"), n, colour)),
        stroke_width=width,
        opacity=float(_item(marker.get("opacity"), n, 1)),
    )


def _draw_marker(parent: ET.Element, frame: _Frame, x: float, y: float, marker: _Marker) -> None:
    look = {"fill": marker.fill}
    if marker.stroke_width:
        look |= {"stroke": marker.stroke, "stroke-width": _n(marker.stroke_width)}
    if marker.opacity < 1:
        look["opacity"] = _n(marker.opacity)
    if marker.symbol == "circle":
        place = {"cx": frame.x(x), "cy": _n(y * frame.height), "r": _n(marker.radius)}
        ET.SubElement(parent, "circle", place | look)
        return
    if marker.stroke_width:
        look["stroke-width"] = _n(marker.stroke_width / marker.radius)
    outline = {"d": OUTLINES[marker.symbol], "transform": f"scale({_n(marker.radius)})"}
    ET.SubElement(_at(parent, frame, x, y * frame.height), "path", outline | look)


def _draw_whisker(
    plot: ET.Element,
    frame: _Frame,
    ends: Sequence[float],
    place: float,
    error: dict[str, Any],
    *,
    is_flat: bool,
) -> None:
    """Draw an interval with caps; `ends` and `place` are shares along and across it, from the lower left."""
    look = {"stroke": error.get("color", "var(--ink)"), "stroke-width": _n(error.get("thickness", 2))}
    cap = error.get("width", 4)
    if is_flat:
        y = 1 - place
        _draw_line(plot, frame, (ends[0], y), (ends[1], y), look)
        for end in ends:
            _draw_line(plot, frame, (end, y), (end, y), look, rise=cap)
        return
    _draw_line(plot, frame, (place, 1 - ends[0]), (place, 1 - ends[1]), look)
    for end in ends:
        spot = _at(plot, frame, place, (1 - end) * frame.height)
        ET.SubElement(spot, "line", {"x1": _n(-cap), "x2": _n(cap), **look})


# --- Heat maps ----------------------------------------------------------------------------------------------


def _draw_heatmap(plot: ET.Element, frame: _Frame, trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> None:
    rows = trace["z"]
    known = [value for row in rows for value in row if value is not None]
    low = trace.get("zmin", min(known, default=0.0))
    high = trace.get("zmax", max(known, default=1.0))
    scale = trace["colorscale"]
    xs = trace.get("x") or [str(n) for n in range(_cells(trace, "x"))]
    ys = trace.get("y") or [str(n) for n in range(len(rows))]
    gap = trace.get("xgap", 0)
    for j, row in enumerate(rows):
        up = yaxis.number(ys[j])
        sides = sorted(1 - _share(yaxis, (up or 0.0) + turn) for turn in (-0.5, 0.5))
        for i, value in enumerate(row):
            across = xaxis.number(xs[i])
            if value is None or across is None or up is None:
                continue
            ends = sorted(_share(xaxis, across + turn) for turn in (-0.5, 0.5))
            share = min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))
            look = {"fill": _between(scale, share)}
            if gap:
                look |= {"stroke": "var(--card)", "stroke-width": _n(gap)}
            _draw_rect(plot, frame, (ends[0], sides[0]), (ends[1] - ends[0], sides[1] - sides[0]), look)
            texts = trace.get("text")
            if texts and texts[j][i]:
                colour = "var(--card)" if share > 0.6 else "var(--ink)"
                middle = ((ends[0] + ends[1]) / 2, (sides[0] + sides[1]) / 2)
                _draw_label(
                    plot,
                    frame,
                    _Label(*middle, lines_of(texts[j][i]), anchor="middle", size=11, colour=colour),
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


def _mixed(first: str, second: str, percent: int) -> str:
    """Return the colour that has so many percent of the second one."""
    channels = zip(*(bytes.fromhex(colour[1:]) for colour in (first, second)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * percent / 100):02x}" for a, b in channels)


# --- Labels and legend --------------------------------------------------------------------------------------


def _labels(
    data: Sequence[dict[str, Any]], layout: dict[str, Any], bars: Sequence[_Bar], xaxis: Axis, yaxis: Axis
) -> Iterator[_Label]:
    for bar in bars:
        text = _item(bar.trace.get("text"), bar.number, "")
        if text and bar.trace.get("textposition", "outside") != "none":
            yield _bar_label(bar, text, xaxis, yaxis)
    for trace in data:
        if trace["type"] == "scatter" and "text" in trace.get("mode", ""):
            yield from _point_labels(trace, xaxis, yaxis)
    for note in layout.get("annotations") or ():
        yield _note(note, xaxis, yaxis)


def _bar_label(bar: _Bar, text: str, xaxis: Axis, yaxis: Axis) -> _Label:
    ends = (bar.end, *bar.whisker)
    font = bar.trace.get("textfont", {})
    look: dict[str, Any] = {
        "lines": lines_of(text),
        "size": font.get("size", LETTER),
        "colour": font.get("color", "var(--ink)"),
    }
    is_down = bar.end < bar.begin
    end = min(ends) if is_down else max(ends)
    if bar.is_across:
        y = 1 - _share(yaxis, bar.place)
        look |= {"anchor": "end", "dx": -4.0} if is_down else {"dx": 4.0}
        return _Label(_share(xaxis, end), y, **look)
    look |= {"valign": "top", "dy": 4.0} if is_down else {"valign": "bottom", "dy": -3.0}
    return _Label(_share(xaxis, bar.place), 1 - _share(yaxis, end), anchor="middle", **look)


def _point_labels(trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> Iterator[_Label]:
    font = trace.get("textfont", {})
    for n, x, y in _points(trace, xaxis, yaxis):
        text = _item(trace.get("text"), n, "")
        if not text:
            continue
        up, side = _item(trace.get("textposition"), n, "middle center").split()
        away = _marker(trace, n).radius + 4 if "markers" in trace["mode"] else 0.0
        yield _Label(
            x,
            y,
            lines_of(text),
            dx={"left": -away, "center": 0.0, "right": away}[side],
            dy={"top": -away, "middle": 0.0, "bottom": away}[up],
            anchor={"left": "end", "center": "middle", "right": "start"}[side],
            valign={"top": "bottom", "middle": "middle", "bottom": "top"}[up],
            size=font.get("size", LETTER),
            colour=font.get("color", "var(--ink)"),
        )


def _note(note: dict[str, Any], xaxis: Axis, yaxis: Axis) -> _Label:
    """Return the label of an annotation. Kept inside the plot's height: a label is never lost."""
    x = _place(note["x"], xaxis, note.get("xref"))
    on_paper = note.get("yref") == "paper"
    y = 1 - _place(note["y"], yaxis, note.get("yref"))
    font = {"size": LETTER, "color": "var(--muted)", **note.get("font", {})}
    anchors = {"left": "start", "center": "middle", "right": "end"}
    valigns = {"top": "top", "middle": "middle", "bottom": "bottom"}
    dx, dy = float(note.get("xshift", 0)), -float(note.get("yshift", 0))
    leader = None
    if note.get("showarrow", True):
        head = (x, y, dx, dy)
        if note.get("axref") == "x":
            x = _place(note["ax"], xaxis, None)
        else:
            dx += note.get("ax", -10)
        if note.get("ayref") == "y":
            y = 1 - _place(note["ay"], yaxis, None)
        else:
            dy += note.get("ay", -30)
        leader = head if note.get("arrowwidth", 1) >= 0.5 else None
    return _Label(
        x,
        y if on_paper else min(1.0, max(0.0, y)),
        lines_of(note["text"]),
        dx=dx,
        dy=dy,
        anchor=anchors[note.get("xanchor", "center")],
        valign=valigns[note.get("yanchor", "middle")],
        size=font["size"],
        colour=font["color"],
        leader=leader,
        leader_colour=note.get("arrowcolor", "var(--line-strong)"),
        halo=note.get("bgcolor", ""),
    )


def _draw_label(plot: ET.Element, frame: _Frame, label: _Label) -> None:
    y = label.y * frame.height + label.dy
    if label.leader is not None:
        x, top, dx, dy = label.leader
        if frame.is_fluid and x == label.x:
            spot = _at(plot, frame, x, 0)
            ends = {"x1": _n(dx), "y1": _n(top * frame.height + dy), "x2": _n(label.dx), "y2": _n(y)}
        else:
            spot = plot
            ends = {
                "x1": frame.x(x),
                "y1": _n(top * frame.height + dy),
                "x2": frame.x(label.x) if frame.is_fluid else _n(label.x * frame.width + label.dx),
                "y2": _n(y),
            }
        ET.SubElement(spot, "line", {**ends, "stroke": label.leader_colour})
    _write(plot, label, frame.x(label.x), y)


def _write(parent: ET.Element, label: _Label, x: str, y: float) -> None:
    """Write the lines of a label; texts inherit the page's font."""
    rise = label.size * LINE_HEIGHT
    extra = (len(label.lines) - 1) * rise
    first = {
        "top": 0.95 * label.size,
        "middle": 0.35 * label.size - extra / 2,
        "bottom": -0.3 * label.size - extra,
    }
    for n, line in enumerate(label.lines):
        if not line:
            continue
        text = ET.SubElement(
            parent,
            "text",
            {
                "x": x,
                "y": _n(y + first[label.valign] + n * rise),
                "font-size": _n(label.size),
                "fill": label.colour,
            },
        )
        if label.halo:
            halo = {"stroke": label.halo, "stroke-width": "4", "stroke-linejoin": "round"}
            text.attrib |= {"paint-order": "stroke", **halo}
        if label.dx:
            text.set("dx", _n(label.dx))
        if label.anchor != "start":
            text.set("text-anchor", label.anchor)
        for run in line:
            part = ET.SubElement(text, "tspan", {"font-weight": "600"} if run.is_bold else {})
            part.text = _printable(run.text)
        if len(line) == 1 and not line[0].is_bold:
            text.remove(text[0])
            text.text = _printable(line[0].text)
        elif line[0].text.startswith(" "):
            text.set("xml:space", "preserve")


def _legend_lines(
    data: Sequence[dict[str, Any]], layout: dict[str, Any], width: float
) -> list[list[tuple[float, dict[str, Any]]]]:
    """Return the traces of the legend by lines, each with the pixel at which it begins."""
    lines: list[list[tuple[float, dict[str, Any]]]] = []
    end = width
    for trace in data:
        if not trace.get("name") or not trace.get("showlegend", True) or trace["type"] == "heatmap":
            continue
        needed = 34 + line_width(lines_of(trace["name"])[0], LETTER)
        if end + needed > width:
            lines.append([])
            end = 0.0
        lines[-1].append((end, trace))
        end += needed + 14
    return lines


def _draw_legend(plot: ET.Element, frame: _Frame) -> None:
    corner = ET.SubElement(plot, "g") if frame.legend else None
    for n, line in enumerate(frame.legend):
        for x, trace in line:
            assert corner is not None
            y = frame.legend_top + (n + 0.5) * LETTER * 1.6
            key = ET.SubElement(corner, "g", {"transform": f"translate({_n(x)} {_n(y)})"})
            if trace["type"] == "bar":
                colour = str(_item(trace.get("marker", {}).get("color"), 0, "var(--accent)"))
                ET.SubElement(
                    key, "rect", {"x": "6", "y": "-6", "width": "12", "height": "12", "fill": colour}
                )
            if trace["type"] == "scatter" and "lines" in trace.get("mode", ""):
                line_look = trace.get("line", {})
                look = {
                    "stroke": line_look.get("color", "var(--accent)"),
                    "stroke-width": _n(line_look.get("width", 2)),
                }
                if DASHES[line_look.get("dash", "solid")]:
                    look["stroke-dasharray"] = DASHES[line_look["dash"]]
                ET.SubElement(key, "line", {"x1": "0", "x2": "26", **look})
            if trace["type"] == "scatter" and "markers" in trace.get("mode", ""):
                still = _Frame(0, 0, is_fluid=False)
                spot = ET.SubElement(key, "g", {"transform": "translate(13 0)"})
                _draw_marker(spot, still, 0, 0, _marker(trace, 0))
            _write(key, _Label(0, 0, lines_of(trace["name"]), colour="var(--muted)"), "32", 0)


# --- Elements ---------------------------------------------------------------------------------------------


def _at(parent: ET.Element, frame: _Frame, x: float, y: float) -> ET.Element:
    """Return an element whose origin is that place."""
    if frame.is_fluid:
        return ET.SubElement(parent, "svg", {"x": frame.x(x), "y": _n(y), "overflow": "visible"})
    return ET.SubElement(parent, "g", {"transform": f"translate({frame.x(x)} {_n(y)})"})


def _draw_line(
    plot: ET.Element,
    frame: _Frame,
    begin: tuple[float, float],
    end: tuple[float, float],
    look: dict[str, str],
    rise: float = 0.0,
) -> None:
    ET.SubElement(
        plot,
        "line",
        {
            "x1": frame.x(begin[0]),
            "y1": _n(begin[1] * frame.height - rise),
            "x2": frame.x(end[0]),
            "y2": _n(end[1] * frame.height + rise),
            **look,
        },
    )


def _draw_path(
    plot: ET.Element, frame: _Frame, places: Sequence[tuple[float, float]], look: dict[str, str]
) -> None:
    """Draw a line through places; in a fluid picture a box of its own is stretched, but not its stroke."""
    width, parent = frame.width, plot
    look = {"fill": "none", "stroke-linejoin": "round", **look}
    if frame.is_fluid:
        width = 1000.0
        box = {
            "width": "100%",
            "height": _n(frame.height),
            "viewBox": f"0 0 {_n(width)} {_n(frame.height)}",
            "preserveAspectRatio": "none",
            "overflow": "visible",
        }
        parent = ET.SubElement(plot, "svg", box)
        look["vector-effect"] = "non-scaling-stroke"
    points = " ".join(f"{_n(x * width)},{_n(y * frame.height)}" for x, y in places)
    ET.SubElement(parent, "polyline", {"points": points, **look})


def _draw_rect(
    plot: ET.Element,
    frame: _Frame,
    corner: tuple[float, float],
    size: tuple[float, float],
    look: dict[str, str],
) -> None:
    place = {
        "x": frame.x(corner[0]),
        "y": _n(corner[1] * frame.height),
        "width": frame.x(size[0]),
        "height": _n(size[1] * frame.height),
    }
    ET.SubElement(plot, "rect", place | look)


def _ends(trace: dict[str, Any], letter: str) -> Iterator[tuple[Any, ...]]:
    """Yield the numbers that a point takes on an axis: itself and the ends of its interval."""
    error = trace.get(f"error_{letter}")
    for n, value in enumerate(trace[letter]):
        spans = _spans(error, n)
        if value is not None:
            yield (value - spans[0], value + spans[1]) if spans else (value,)


def _spans(error: dict[str, Any] | None, n: int) -> tuple[float, float] | None:
    """Return how far an interval goes below and above; None where there is none."""
    if not error or not error.get("visible", True):
        return None
    high = _item(error.get("array"), n, None)
    low = (
        high if error.get("symmetric", "arrayminus" not in error) else _item(error.get("arrayminus"), n, None)
    )
    return None if high is None or low is None or (not high and not low) else (float(low), float(high))


def _item(value: Any, n: int, default: Any) -> Any:
    """Return what a property says about the n-th point: it is one value for all, or a list."""
    if isinstance(value, list | tuple):
        return value[n] if n < len(value) and value[n] is not None else default
    return default if value is None else value


def _ink(font: dict[str, Any]) -> str:
    return str(font.get("color", "var(--muted)"))


def _n(value: float) -> str:
    """Return a number in as few letters as a picture needs."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "0" if abs(value) < 0.005 else "-0")


def _printable(text: str) -> str:
    """Return a text without the letters that XML does not allow."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs"))
