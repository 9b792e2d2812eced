"""The picture that other sites show beside a link (OpenGraph): a title and some lines, as PNG. Pure."""

from base64 import b64encode
from dataclasses import dataclass
from xml.etree import ElementTree

from webapp.charts.drawing.elements import printable
from webapp.charts.drawing.pictures import FONT_FILES, OWN_FONT
from webapp.charts.drawing.texts import text_width
from webapp.charts.drawing.tokens import colours

WIDTH, HEIGHT = 1200, 630
PAPER = 72
TITLE, SUBTITLE, LETTER, FOOT = 56, 28, 30, 24
TITLE_LEAST = 36
FIRST_LINE, LINE_STEP = 268, 58
LINES = 5
"""As many as there is room for."""
# Beside a picture a line without a bar takes two.
STACKED_LINES, STACKED_STEP = 3, 100
BAR_START, BAR_END, NUMBER_ROOM = 700, 1000, 128
PICTURE_WIDTH, PICTURE_PAPER = 440, 40


@dataclass(frozen=True, slots=True)
class CardLine:
    """A name and what is said of it; with a `share`, from 0 to 1, a bar between both."""

    name: str
    text: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """`picture` is a JPEG that fills the right side; empty where there is none."""

    title: str
    subtitle: str
    lines: tuple[CardLine, ...]
    picture: bytes = b""


def card_svg(card: Card, *, foot: str) -> str:
    """Draw a card in the colours of light pages."""
    palette = colours("light")
    ink, muted = palette["--ink"], palette["--muted"]
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
    end = WIDTH - PAPER
    if card.picture:
        end = WIDTH - PICTURE_WIDTH - PICTURE_PAPER
        _image(root, card.picture)
    room = end - PAPER
    size = max(
        TITLE_LEAST, min(TITLE, int(TITLE * room / max(1, text_width(card.title, TITLE, is_bold=True))))
    )
    _text(root, card.title, PAPER, 128, size, ink, room=room, bold=True)
    _text(root, card.subtitle, PAPER, 184, SUBTITLE, muted, room=room)
    for n, line in enumerate(card.lines[:LINES]):
        y = FIRST_LINE + n * LINE_STEP
        if line.share is not None:
            start, stop = (PAPER, end) if card.picture else (BAR_START, BAR_END)
            top, height = (y + 12, 6) if card.picture else (y - 22, 24)
            _box(root, start, top, stop - start, height, palette["--line"])
            length = round((stop - start) * min(max(line.share, 0.0), 1.0))
            _box(root, start, top, length, height, palette["--accent"])
            names_end = end - NUMBER_ROOM if card.picture else start
            _text(root, line.name, PAPER, y, LETTER, ink, room=names_end - PAPER - 24)
            _text(root, line.text, end, y, LETTER, ink, room=NUMBER_ROOM, bold=True, ends=True)
        elif not card.picture:
            _text(root, line.name, PAPER, y, LETTER, ink, room=520)
            _text(root, line.text, end, y, LETTER, ink, room=end - PAPER - 520, bold=True, ends=True)
        elif n < STACKED_LINES:
            y = FIRST_LINE + n * STACKED_STEP
            _text(root, line.name, PAPER, y, SUBTITLE, muted, room=room)
            _text(root, line.text, PAPER, y + 42, LETTER, ink, room=room, bold=True)
    _text(root, foot, PAPER, HEIGHT - 44, FOOT, muted, room=room)
    return ElementTree.tostring(root, encoding="unicode")


def card_png(svg: str) -> bytes:
    """Turn a card into pixels, in about 0.1 s."""
    import resvg_py  # only where a picture is asked for: 4 MB of compiled code

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, font_files=FONT_FILES, font_family=OWN_FONT))


def _image(root: ElementTree.Element, picture: bytes) -> None:
    """Place a picture at the right, cut to the height of the card."""
    place = {"x": WIDTH - PICTURE_WIDTH, "y": 0, "width": PICTURE_WIDTH, "height": HEIGHT}
    data = f"data:image/jpeg;base64,{b64encode(picture).decode()}"
    look = {"preserveAspectRatio": "xMidYMid slice", "href": data}
    ElementTree.SubElement(root, "image", {key: str(one) for key, one in place.items()} | look)


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
