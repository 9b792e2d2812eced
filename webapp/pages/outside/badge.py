"""A badge for the README of a method: two words in two boxes, as SVG. Pure."""

from unicodedata import east_asian_width
from xml.etree import ElementTree

from webapp.charts.drawing.elements import printable

HEIGHT = 20
PADDING = 7
LABEL_FILL, TEXT_FILL = "#454b57", "#0f5fd6"
LONGEST = 60
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def badge_svg(label: str, text: str) -> bytes:
    """Draw a badge: `label` on grey, `text` on blue."""
    label, text = _short(label), _short(text)
    left, right = (round(_width(words) + 2 * PADDING) for words in (label, text))
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(left + right),
            "height": str(HEIGHT),
            "viewBox": f"0 0 {left + right} {HEIGHT}",
            "role": "img",
            "aria-label": f"{label}: {text}",
        },
    )
    ElementTree.SubElement(root, "title").text = f"{label}: {text}"
    # The first box is as wide as both and lies below the second, so that the corners of both are round.
    _box(root, 0, left + right, LABEL_FILL, rounded=True)
    _box(root, left, right, TEXT_FILL, rounded=True)
    _box(root, left, min(8, right), TEXT_FILL, rounded=False)
    font = {"fill": "#ffffff", "font-family": "Verdana, DejaVu Sans, Geneva, sans-serif", "font-size": "11"}
    group = ElementTree.SubElement(root, "g", font)
    for words, start, width in ((label, 0, left), (text, left, right)):
        place = {"x": str(start + PADDING), "y": "14", "textLength": str(width - 2 * PADDING)}
        ElementTree.SubElement(group, "text", place).text = words
    return f"{DECLARATION}{ElementTree.tostring(root, encoding='unicode')}".encode()


def _box(root: ElementTree.Element, x: int, width: int, fill: str, *, rounded: bool) -> None:
    box = {"x": str(x), "width": str(width), "height": str(HEIGHT), "fill": fill}
    ElementTree.SubElement(root, "rect", box | ({"rx": "4"} if rounded else {}))


def _short(text: str) -> str:
    text = " ".join(printable(text).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _width(text: str) -> float:
    """About the pixels of a text; the reader's browser fits it into exactly these, whatever its fonts."""
    return sum(_width_of(letter) for letter in text)


def _width_of(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return 11.5
    if letter in "iljI.,:;'|! ()[]":
        return 3.8
    if letter in "mwMW%@":
        return 10
    return 7.5 if letter.isupper() else 6.6
