"""Figures as SVG, made on the server: the picture that stands in a page at once, in print, and in exports.

`figure_svg` draws for a page: positions are shares of the width, so that the picture fills any width with
letters of one size, and colours are those of the page's style sheet. `chart_svg` draws a picture that stands
alone, with title, caption and source; `chart_png` is the same as PNG. All of them read the figure that Plotly
gets, as far as the charts of this site use it, and refuse what they do not know.
"""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from webapp.charts.drawing.elements import printable, short
from webapp.charts.drawing.heatmaps import mixed
from webapp.charts.drawing.labels import Label, write_label
from webapp.charts.drawing.plot import GAP, draw_plot
from webapp.charts.drawing.texts import LINE_HEIGHT, Run, wrapped
from webapp.charts.drawing.tokens import Theme, colours
from webapp.charts.spec import Chart

# Below this width there is no room for labels beside marks: a legend takes over. chart.js has the same.
NARROW = 620
# The least width that pictures for pages are made for.
LEAST_WIDE, LEAST_NARROW = 560, 300
CAPTION, TITLE, SOURCE = 13, 18, 11
PAPER = 24
FONTS = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif'
# Of PNGs: the server draws their letters itself.
OWN_FONT = "DejaVu Sans"
FONT_FILES = [str(path) for path in sorted((Path(__file__).parent / "fonts").glob("*.ttf"))]
VARIABLE = re.compile(r"var\((--[a-z0-9-]+)\)")
MIX = re.compile(r"color-mix\(in srgb, (#[0-9a-f]{6}) (\d+)%, (#[0-9a-f]{6})\)")


def figure_svg(figure: dict[str, Any], *, height: int, is_narrow: bool = False) -> str:
    """Return a figure as an element for a page, as high as `height`, that fills the width it gets.

    Colours are variables of tokens.css. `is_narrow` is for phones: a legend instead of labels beside marks.
    """
    wanted = narrow_figure(figure) if is_narrow else figure
    width = LEAST_NARROW if is_narrow else LEAST_WIDE
    root = ET.Element("div", {"class": "drawing-room"})
    plot, margins = draw_plot(root, wanted, width, height, is_fluid=True)
    root.set("style", "padding:" + " ".join(f"{short(margin)}px" for margin in margins))
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
    ET.SubElement(root, "title").text = printable(chart.title)
    ET.SubElement(root, "desc").text = printable(chart.subtitle)
    ET.SubElement(root, "rect", {"width": str(width), "height": str(total), "fill": "var(--card)"})
    for lines, begin in ((head, float(PAPER)), (foot, total - foot_height + GAP)):
        y = begin
        for text, size, colour, is_bold in lines:
            line = Label(0, 0, [(Run(text, is_bold),)], size=size, colour=colour, valign="top")
            write_label(root, line, short(PAPER), y)
            y += size * LINE_HEIGHT
    figure = narrow_figure(chart.figure) if width < NARROW else chart.figure
    outer = ET.SubElement(root, "g")
    _, margins = draw_plot(outer, figure, room, plot_height, is_fluid=False)
    outer.set("transform", f"translate({short(PAPER + margins[3])} {short(head_height + margins[0])})")
    for element in root.iter():
        for key, value in element.attrib.items():
            if "var(" in value:
                plain = VARIABLE.sub(lambda found: palette[found[1]], value)
                element.set(key, MIX.sub(lambda found: mixed(found[3], found[1], int(found[2])), plain))
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
