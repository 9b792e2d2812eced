"""The picture that other sites show beside a link (OpenGraph): a title and some lines, as PNG. Pure."""

from dataclasses import dataclass
from xml.etree import ElementTree

from webapp.charts.drawing.elements import printable
from webapp.charts.drawing.pictures import FONT_FILES, OWN_FONT
from webapp.charts.drawing.texts import text_width
from webapp.charts.drawing.tokens import colours

WIDTH, HEIGHT = 1200, 630
PAPER = 72
TITLE, SUBTITLE, LETTER, FOOT = 56, 28, 30, 24
FIRST_LINE, LINE_STEP = 268, 58
LINES = 5
"""As many as there is room for."""
BAR_START, BAR_END = 700, 1000


@dataclass(frozen=True, slots=True)
class CardLine:
    """A name and what is said of it; with a `share`, from 0 to 1, a bar between both."""

    name: str
    text: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    subtitle: str
    lines: tuple[CardLine, ...]
    foot: str


def card_svg(card: Card) -> str:
    """Draw a card in the colours of light pages."""
    palette = colours("light")
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(WIDTH),
            "height": str(HEIGHT),
            "font-family": OWN_FONT,
        },
    )
    _box(root, 0, 0, WIDTH, HEIGHT, palette["--background"])
    _box(root, 0, 0, 16, HEIGHT, palette["--accent"])
    _text(root, card.title, PAPER, 128, TITLE, palette["--ink"], room=WIDTH - 2 * PAPER, bold=True)
    _text(root, card.subtitle, PAPER, 184, SUBTITLE, palette["--muted"], room=WIDTH - 2 * PAPER)
    for n, line in enumerate(card.lines[:LINES]):
        y = FIRST_LINE + n * LINE_STEP
        room = BAR_START - PAPER - 24 if line.share is not None else 520
        _text(root, line.name, PAPER, y, LETTER, palette["--ink"], room=room)
        end = WIDTH - PAPER
        _text(
            root, line.text, end, y, LETTER, palette["--ink"], room=end - PAPER - room, bold=True, ends=True
        )
        if line.share is not None:
            _box(root, BAR_START, y - 22, BAR_END - BAR_START, 24, palette["--line"])
            length = round((BAR_END - BAR_START) * min(max(line.share, 0.0), 1.0))
            _box(root, BAR_START, y - 22, length, 24, palette["--accent"])
    _text(root, card.foot, PAPER, HEIGHT - 44, FOOT, palette["--muted"], room=WIDTH - 2 * PAPER)
    return ElementTree.tostring(root, encoding="unicode")


def card_png(svg: str) -> bytes:
    """Turn a card into pixels, in about 0.1 s."""
    import resvg_py  # only where a picture is asked for: 4 MB of compiled code

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, font_files=FONT_FILES, font_family=OWN_FONT))


def _box(root: ElementTree.Element, x: int, y: int, width: int, height: int, fill: str) -> None:
    place = {"x": x, "y": y, "width": width, "height": height}
    ElementTree.SubElement(root, "rect", {**{key: str(one) for key, one in place.items()}, "fill": fill})


def _text(
    root: ElementTree.Element,
    text: str,
    x: int,
    y: int,
    size: int,
    fill: str,
    *,
    room: int,
    bold: bool = False,
    ends: bool = False,
) -> None:
    """Write a line, cut off where it would be longer than `room`; with `ends` it ends at `x`."""
    text = " ".join(printable(text).split())
    if text_width(text, size, is_bold=bold) > room:
        while text and text_width(f"{text}…", size, is_bold=bold) > room:
            text = text[:-1]
        text = f"{text.rstrip()}…"
    look = {"x": str(x), "y": str(y), "font-size": str(size), "fill": fill}
    if bold:
        look["font-weight"] = "bold"
    if ends:
        look["text-anchor"] = "end"
    ElementTree.SubElement(root, "text", look).text = text
