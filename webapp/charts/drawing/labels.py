"""The texts of a figure: labels of marks, notes, and the legend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from webapp.charts.drawing.axes import Axis
from webapp.charts.drawing.elements import Frame, at, item, printable, short, stroke_of
from webapp.charts.drawing.marks import Bar, draw_marker, marker_of, points_of, share_of
from webapp.charts.drawing.texts import LINE_HEIGHT, Line, block_width, line_width, lines_of

LETTER = 12


@dataclass(frozen=True, slots=True)
class Label:
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


def labels_of(
    data: Sequence[dict[str, Any]], layout: dict[str, Any], bars: Sequence[Bar], xaxis: Axis, yaxis: Axis
) -> Iterator[Label]:
    for bar in bars:
        text = item(bar.trace.get("text"), bar.number, "")
        if text and bar.trace.get("textposition", "outside") != "none":
            yield _bar_label(bar, text, xaxis, yaxis)
    for trace in data:
        if trace["type"] == "scatter" and "text" in trace.get("mode", ""):
            yield from _point_labels(trace, xaxis, yaxis)
    for note in layout.get("annotations") or ():
        yield _note(note, xaxis, yaxis)


def _bar_label(bar: Bar, text: str, xaxis: Axis, yaxis: Axis) -> Label:
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
        y = 1 - share_of(yaxis, bar.place)
        look |= {"anchor": "end", "dx": -4.0} if is_down else {"dx": 4.0}
        return Label(share_of(xaxis, end), y, **look)
    look |= {"valign": "top", "dy": 4.0} if is_down else {"valign": "bottom", "dy": -3.0}
    return Label(share_of(xaxis, bar.place), 1 - share_of(yaxis, end), anchor="middle", **look)


def _point_labels(trace: dict[str, Any], xaxis: Axis, yaxis: Axis) -> Iterator[Label]:
    font = trace.get("textfont", {})
    for n, x, y in points_of(trace, xaxis, yaxis):
        text = item(trace.get("text"), n, "")
        if not text:
            continue
        up, side = item(trace.get("textposition"), n, "middle center").split()
        away = marker_of(trace, n).radius + 4 if "markers" in trace["mode"] else 0.0
        yield Label(
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


def _note(note: dict[str, Any], xaxis: Axis, yaxis: Axis) -> Label:
    """Return the label of an annotation. Kept inside the plot's height: a label is never lost."""
    x = place_of(note["x"], xaxis, note.get("xref"))
    on_paper = note.get("yref") == "paper"
    y = 1 - place_of(note["y"], yaxis, note.get("yref"))
    font = {"size": LETTER, "color": "var(--muted)", **note.get("font", {})}
    anchors = {"left": "start", "center": "middle", "right": "end"}
    valigns = {"top": "top", "middle": "middle", "bottom": "bottom"}
    dx, dy = float(note.get("xshift", 0)), -float(note.get("yshift", 0))
    leader = None
    if note.get("showarrow", True):
        head = (x, y, dx, dy)
        if note.get("axref") == "x":
            x = place_of(note["ax"], xaxis, None)
        else:
            dx += note.get("ax", -10)
        if note.get("ayref") == "y":
            y = 1 - place_of(note["ay"], yaxis, None)
        else:
            dy += note.get("ay", -30)
        leader = head if note.get("arrowwidth", 1) >= 0.5 else None
    return Label(
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


def place_of(value: Any, axis: Axis, ref: str | None) -> float:
    """Return where a shape or note stands on an axis, or on the paper."""
    if ref and ref not in ("x", "y"):
        return float(value)
    return axis.at(value) or 0.0


def draw_label(plot: ET.Element, frame: Frame, label: Label) -> None:
    y = label.y * frame.height + label.dy
    if label.leader is not None:
        x, top, dx, dy = label.leader
        if frame.is_fluid and x == label.x:
            spot = at(plot, frame, x, 0)
            ends = {
                "x1": short(dx),
                "x2": short(label.dx),
            }
        else:
            spot = plot
            ends = {
                "x1": frame.x(x),
                "x2": frame.x(label.x) if frame.is_fluid else short(label.x * frame.width + label.dx),
            }
        ends |= {"y1": short(top * frame.height + dy), "y2": short(y), "stroke": label.leader_colour}
        ET.SubElement(spot, "line", ends)
    write_label(plot, label, frame.x(label.x), y)


def write_label(parent: ET.Element, label: Label, x: str, y: float) -> None:
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
                "y": short(y + first[label.valign] + n * rise),
                "font-size": short(label.size),
                "fill": label.colour,
            },
        )
        if label.halo:
            halo = {"stroke": label.halo, "stroke-width": "4", "stroke-linejoin": "round"}
            text.attrib |= {"paint-order": "stroke", **halo}
        if label.dx:
            text.set("dx", short(label.dx))
        if label.anchor != "start":
            text.set("text-anchor", label.anchor)
        for run in line:
            part = ET.SubElement(text, "tspan", {"font-weight": "600"} if run.is_bold else {})
            part.text = printable(run.text)
        if len(line) == 1 and not line[0].is_bold:
            text.remove(text[0])
            text.text = printable(line[0].text)
        elif line[0].text.startswith(" "):
            text.set("xml:space", "preserve")


def legend_lines(
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


def draw_legend(plot: ET.Element, frame: Frame) -> None:
    corner = ET.SubElement(plot, "g") if frame.legend else None
    for n, line in enumerate(frame.legend):
        for x, trace in line:
            assert corner is not None
            y = frame.legend_top + (n + 0.5) * LETTER * 1.6
            key = ET.SubElement(corner, "g", {"transform": f"translate({short(x)} {short(y)})"})
            if trace["type"] == "bar":
                colour = str(item(trace.get("marker", {}).get("color"), 0, "var(--accent)"))
                ET.SubElement(
                    key, "rect", {"x": "6", "y": "-6", "width": "12", "height": "12", "fill": colour}
                )
            if trace["type"] == "scatter" and "lines" in trace.get("mode", ""):
                look = stroke_of(trace.get("line", {}), "var(--accent)", 2)
                ET.SubElement(key, "line", {"x1": "0", "x2": "26", **look})
            if trace["type"] == "scatter" and "markers" in trace.get("mode", ""):
                still = Frame(0, 0, is_fluid=False)
                spot = ET.SubElement(key, "g", {"transform": "translate(13 0)"})
                draw_marker(spot, still, 0, 0, marker_of(trace, 0))
            write_label(key, Label(0, 0, lines_of(trace["name"]), colour="var(--muted)"), "32", 0)
