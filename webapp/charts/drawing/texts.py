"""Texts of charts: Plotly's few tags, how wide a text is, and where its lines break."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

BREAK = re.compile(r"<br ?/?>")
TAG = re.compile(r"<(/?)(b|i)>")
LINE_HEIGHT = 1.3
# Widths of letters in ems, as in a wide font; letters that are in no group have the width of the last one.
WIDTHS = (
    ("iIjl.,:;'|!\N{MIDDLE DOT}\N{NO-BREAK SPACE} ", 0.32),
    ('ftr()[]/-"', 0.42),
    ("mwMW@%\N{MINUS SIGN}+=<>\N{RIGHTWARDS ARROW}…", 0.9),
    ("ABCDEFGHJKLNOPQRSTUVXYZ&", 0.72),
    ("", 0.61),
)
BOLD = 1.1


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one line that look alike."""

    text: str
    is_bold: bool = False


Line = tuple[Run, ...]


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text as Plotly reads it: <br> ends a line, <b> is bold, other tags are left out.

    >>> lines_of("<b>DVIS</b> 49.9<br>online")
    [(Run(text='DVIS', is_bold=True), Run(text=' 49.9', is_bold=False)), (Run(text='online', is_bold=False),)]
    """
    is_bold = False
    lines = []
    for part in BREAK.split(text):
        runs = []
        for n, piece in enumerate(TAG.split(part)):
            # The expression has two groups: every third piece is text, the others are a tag's.
            if n % 3 == 2 and piece == "b":
                is_bold = TAG.split(part)[n - 1] == ""
            elif n % 3 == 0 and piece:
                runs.append(Run(piece, is_bold))
        lines.append(tuple(runs))
    return lines


def text_width(text: str, size: float, *, is_bold: bool = False) -> float:
    """Return about how many pixels a text takes; rather too many than too few."""
    ems = sum(next(width for letters, width in WIDTHS if letter in letters or not letters) for letter in text)
    return ems * size * (BOLD if is_bold else 1)


def line_width(line: Line, size: float) -> float:
    return sum(text_width(run.text, size, is_bold=run.is_bold) for run in line)


def block_width(lines: Sequence[Line], size: float) -> float:
    return max((line_width(line, size) for line in lines), default=0.0)


def wrapped(text: str, size: float, width: float, *, is_bold: bool = False) -> list[str]:
    """Break a text into lines of at most so many pixels."""
    if not text:
        return []
    per_letter = text_width(text, size, is_bold=is_bold) / len(text)
    return wrap(text, max(8, int(width / per_letter)))
