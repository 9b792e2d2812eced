"""The plot of a figure: its margins, then everything in them."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from webapp.charts.drawing.axes import Axis, axis_of
from webapp.charts.drawing.elements import Frame, draw_line, draw_path, draw_rect, short, stroke_of
from webapp.charts.drawing.heatmaps import cells_of, draw_heatmap
from webapp.charts.drawing.labels import (
    LETTER,
    Label,
    draw_label,
    draw_legend,
    labels_of,
    legend_lines,
    place_of,
    write_label,
)
from webapp.charts.drawing.marks import Bar, bars_of, draw_bars, draw_scatter, ends_of, share_of
from webapp.charts.drawing.texts import LINE_HEIGHT, Line, block_width, lines_of

GAP = 8
TICK_ROOM_X, TICK_ROOM_Y = 50, 44
Tick = tuple[float, list[Line]]


def draw_plot(
    parent: ET.Element, figure: dict[str, Any], width: float, height: float, *, is_fluid: bool
) -> tuple[ET.Element, tuple[float, float, float, float]]:
    """Draw a figure into a box; return the plot's element and its margins: top, right, bottom, left."""
    data, layout = figure["data"], figure["layout"]
    unknown = {trace["type"] for trace in data} - {"scatter", "bar", "heatmap"}
    if unknown:
        raise ValueError(
            f"Expected traces of the types scatter, bar and heatmap, found {', '.join(sorted(unknown))}"
        )
    bars = bars_of(data, layout)
    xaxis, yaxis = _axes(data, layout, bars)
    margin = {"l": 44, "r": 24, "t": 16, "b": 48, **layout.get("margin", {})}
    x_ticks = _ticks(xaxis, (width - margin["l"] - margin["r"]) / TICK_ROOM_X)
    y_ticks = _ticks(yaxis, (height - margin["t"] - margin["b"]) / TICK_ROOM_Y)
    x_title, y_title = (_title(axis) for axis in (xaxis, yaxis))
    x_tick_height = max((len(lines) for _, lines in x_ticks), default=0) * LETTER * LINE_HEIGHT
    tick_width = max((block_width(lines, LETTER) for _, lines in y_ticks), default=0.0)
    title_width = LETTER * LINE_HEIGHT + GAP if y_title else 0.0
    labels = list(labels_of(data, layout, bars, xaxis, yaxis))
    right = _right_margin(labels, width, margin["l"], margin["r"])
    left = _left_margin(labels, width, max(margin["l"], tick_width + GAP + title_width), right)
    frame = Frame(width - left - right, 0.0, is_fluid, left)
    frame.legend = legend_lines(data, layout, width - left - 8) if layout.get("showlegend") else []
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
            "height": short(frame.height),
            "overflow": "visible",
        }
    _draw_grid(plot, frame, xaxis, yaxis, x_ticks, y_ticks)
    _draw_marks(plot, frame, figure, bars, xaxis, yaxis)
    for share, lines in x_ticks:
        colour = _tick_colour(layout, xaxis)
        label = Label(share, 1, lines, dy=GAP, anchor="middle", valign="top", colour=colour)
        draw_label(plot, frame, label)
    for share, lines in y_ticks:
        colour = _tick_colour(layout, yaxis)
        draw_label(plot, frame, Label(0, 1 - share, lines, dx=-GAP, anchor="end", colour=colour))
    _draw_titles(plot, frame, x_title, y_title, below=1.5 * GAP + x_tick_height)
    for label in labels:
        draw_label(plot, frame, label)
    draw_legend(plot, frame)
    return plot, (top, right, bottom, left)


def _ticks(axis: Axis, room: float) -> list[Tick]:
    return [(share, lines_of(text)) for share, text in axis.ticks(max(2, int(room)))]


def _draw_marks(
    plot: ET.Element, frame: Frame, figure: dict[str, Any], bars: Sequence[Bar], xaxis: Axis, yaxis: Axis
) -> None:
    """Draw what lies behind first: shapes below, maps, bars, points, shapes above."""
    data, layout = figure["data"], figure["layout"]
    _draw_shapes(plot, frame, layout, xaxis, yaxis, is_below=True)
    for trace in data:
        if trace["type"] == "heatmap":
            draw_heatmap(plot, frame, trace, xaxis, yaxis)
    draw_bars(plot, frame, bars, xaxis, yaxis)
    for trace in data:
        if trace["type"] == "scatter":
            draw_scatter(plot, frame, trace, xaxis, yaxis)
    _draw_shapes(plot, frame, layout, xaxis, yaxis, is_below=False)


def _draw_titles(
    plot: ET.Element, frame: Frame, x_title: list[Line], y_title: list[Line], *, below: float
) -> None:
    if x_title:
        title = Label(0.5, 1, x_title, dy=below, anchor="middle", valign="top", colour="var(--muted)")
        draw_label(plot, frame, title)
    if y_title:
        place = f"translate({short(LETTER - frame.left)} {short(frame.height / 2)}) rotate(-90)"
        turned = ET.SubElement(plot, "g", {"transform": place})
        write_label(turned, Label(0, 0, y_title, anchor="middle", colour="var(--muted)"), "0", 0)


def _tick_colour(layout: dict[str, Any], axis: Axis) -> str:
    font = {**layout.get("font", {}), **axis.spec.get("tickfont", {})}
    return str(font.get("color", "var(--muted)"))


def _axes(data: Sequence[dict[str, Any]], layout: dict[str, Any], bars: Sequence[Bar]) -> tuple[Axis, Axis]:
    found: list[Axis] = []
    for letter in ("x", "y"):
        spec = layout.get(f"{letter}axis", {})
        values: list[Any] = []
        for trace in data:
            if trace["type"] == "bar" and (trace.get("orientation", "v") == "h") == (letter == "y"):
                values += trace[letter]
            elif trace["type"] == "heatmap":
                values += trace.get(letter) or [str(n) for n in range(cells_of(trace, letter))]
            elif trace["type"] == "scatter":
                values += [end for ends in ends_of(trace, letter) for end in ends]
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


def _title(axis: Axis) -> list[Line]:
    title = axis.spec.get("title")
    text = title.get("text", "") if isinstance(title, dict) else title or ""
    return lines_of(text) if text else []


def _right_margin(labels: Sequence[Label], width: float, left: float, least: float) -> float:
    """Return the margin in which all labels end before the picture does, half of the width at most."""
    needed = least
    for label in labels:
        reach = label.dx + label.width * {"start": 1, "middle": 0.5, "end": 0}[label.anchor]
        if label.x > 0.2:
            needed = max(needed, ((label.x - 1) * (width - left) + reach + 2) / label.x)
    return min(needed, max(least, width / 2))


def _left_margin(labels: Sequence[Label], width: float, least: float, right: float) -> float:
    needed = least
    for label in labels:
        reach = -label.dx + label.width * {"start": 0, "middle": 0.5, "end": 1}[label.anchor]
        if label.x < 0.8:
            needed = max(needed, (reach - label.x * (width - right)) / (1 - label.x))
    return min(needed, max(least, width / 2))


def _draw_grid(
    plot: ET.Element,
    frame: Frame,
    xaxis: Axis,
    yaxis: Axis,
    x_ticks: Sequence[Tick],
    y_ticks: Sequence[Tick],
) -> None:
    grid = {"stroke": "var(--line)", "stroke-width": "1"}
    if xaxis.spec.get("showgrid", True):
        for share, _ in x_ticks:
            draw_line(plot, frame, (share, 0), (share, 1), grid)
    if yaxis.spec.get("showgrid", True):
        for share, _ in y_ticks:
            draw_line(plot, frame, (0, 1 - share), (1, 1 - share), grid)
    for axis, is_x in ((xaxis, True), (yaxis, False)):
        if axis.spec.get("zeroline") and axis.holds_zero:
            share = share_of(axis, 0.0)
            look = {
                "stroke": axis.spec.get("zerolinecolor", "var(--muted)"),
                "stroke-width": short(axis.spec.get("zerolinewidth", 1)),
            }
            ends = ((share, 0.0), (share, 1.0)) if is_x else ((0.0, 1 - share), (1.0, 1 - share))
            draw_line(plot, frame, *ends, look)


def _draw_shapes(
    plot: ET.Element, frame: Frame, layout: dict[str, Any], xaxis: Axis, yaxis: Axis, *, is_below: bool
) -> None:
    for shape in layout.get("shapes", ()):
        if (shape.get("layer") == "below") is not is_below:
            continue
        ends = [
            (
                place_of(shape[f"x{n}"], xaxis, shape.get("xref")),
                1 - place_of(shape[f"y{n}"], yaxis, shape.get("yref")),
            )
            for n in (0, 1)
        ]
        line = shape.get("line", {})
        look = stroke_of(line, "var(--muted)", 1)
        if shape["type"] == "line":
            draw_path(plot, frame, ends, look)
        else:
            (x0, y0), (x1, y1) = ends
            fill = {"fill": shape.get("fillcolor", "none"), "fill-opacity": short(shape.get("opacity", 1))}
            edge = look if line.get("width", 1) else {}
            draw_rect(plot, frame, (min(x0, x1), min(y0, y1)), (abs(x1 - x0), abs(y1 - y0)), fill | edge)
