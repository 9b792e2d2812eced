"""Elements of pictures. Places are shares of a plot, which is as wide as its page where it is fluid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

# Not allowed in XML, whoever writes it.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
DASHES = {
    "solid": "",
    "dash": "9 6",
    "dot": "2 4",
    "dashdot": "9 4 2 4",
    "longdash": "15 6",
    "longdashdot": "15 5 2 5",
}


@dataclass(slots=True)
class Frame:
    """The plot's place in pixels; `width` is its least width where the picture is `is_fluid`."""

    width: float
    height: float
    is_fluid: bool
    left: float = 0.0
    top: float = 0.0
    legend: list[list[tuple[float, dict[str, Any]]]] = field(default_factory=list)
    legend_top: float = 0.0

    def x(self, share: float) -> str:
        return f"{short(100 * share)}%" if self.is_fluid else short(self.width * share)


def at(parent: ET.Element, frame: Frame, x: float, y: float) -> ET.Element:
    """Return an element whose origin is that place."""
    if frame.is_fluid:
        return ET.SubElement(parent, "svg", {"x": frame.x(x), "y": short(y), "overflow": "visible"})
    return ET.SubElement(parent, "g", {"transform": f"translate({frame.x(x)} {short(y)})"})


def draw_line(
    plot: ET.Element,
    frame: Frame,
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
            "y1": short(begin[1] * frame.height - rise),
            "x2": frame.x(end[0]),
            "y2": short(end[1] * frame.height + rise),
            **look,
        },
    )


def draw_path(
    plot: ET.Element, frame: Frame, places: Sequence[tuple[float, float]], look: dict[str, str]
) -> None:
    """Draw a line through places; in a fluid picture a box of its own is stretched, but not its stroke."""
    width, parent = frame.width, plot
    look = {"fill": "none", "stroke-linejoin": "round", **look}
    if frame.is_fluid:
        width = 1000.0
        box = {
            "width": "100%",
            "height": short(frame.height),
            "viewBox": f"0 0 {short(width)} {short(frame.height)}",
            "preserveAspectRatio": "none",
            "overflow": "visible",
        }
        parent = ET.SubElement(plot, "svg", box)
        look["vector-effect"] = "non-scaling-stroke"
    points = " ".join(f"{short(x * width)},{short(y * frame.height)}" for x, y in places)
    ET.SubElement(parent, "polyline", {"points": points, **look})


def draw_rect(
    plot: ET.Element,
    frame: Frame,
    corner: tuple[float, float],
    size: tuple[float, float],
    look: dict[str, str],
) -> None:
    place = {
        "x": frame.x(corner[0]),
        "y": short(corner[1] * frame.height),
        "width": frame.x(size[0]),
        "height": short(size[1] * frame.height),
    }
    ET.SubElement(plot, "rect", place | look)


def item(value: Any, n: int, default: Any) -> Any:
    """Return what a property says about the n-th point: it is one value for all, or a list."""
    if isinstance(value, list | tuple):
        return value[n] if n < len(value) and value[n] is not None else default
    return default if value is None else value


def short(value: float) -> str:
    """Return a number in as few letters as a picture needs."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "0" if abs(value) < 0.005 else "-0")


def printable(text: str) -> str:
    """Return a text without the letters that XML does not allow."""
    return FORBIDDEN.sub("", text)


def stroke_of(line: dict[str, Any], colour: str, width: float) -> dict[str, str]:
    """Return the look of a line, its colour and width being these where it names none."""
    look = {"stroke": str(line.get("color", colour)), "stroke-width": short(line.get("width", width))}
    dash = DASHES[line.get("dash", "solid")]
    return look | {"stroke-dasharray": dash} if dash else look
