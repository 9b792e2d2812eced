"""Parts of every chart: its question, its figure, its numbers, and the look of its lines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from webapp.charts.palette import method_colour
from webapp.leaderboards.board import Row
from webapp.methods.models import HUES

# What tells lines of one hue apart.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


# Names of several series, above the drawing.
LEGEND_ABOVE = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}


@dataclass(frozen=True, slots=True)
class Chart:
    """`figure` is Plotly's {data, layout}; a colour var(--name) is looked up in the style sheet."""

    key: str
    title: str
    subtitle: str
    figure: dict[str, Any]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    height: int = 380
    """Pixels that the figure takes on a page."""
    links: tuple[str, ...] = ()
    """Addresses of what the points of its first trace stand for, which are its rows; empty where none are."""
    notes: tuple[str, ...] = ()
    """What a reader must know who has the picture alone: its pages say it in their own texts."""

    @property
    def spec_id(self) -> str:
        """The id of the element that holds this chart's JSON, on a page with several charts."""
        return f"spec-{self.key}"

    @property
    def linked_rows(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return each row after its address, which is empty where it has none."""
        return list(zip(self.links or repeat(""), self.rows, strict=False))

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "title": self.title,
            "subtitle": self.subtitle,
            "notes": list(self.notes),
            "figure": self.figure,
            "table": {"head": list(self.head), "rows": [list(row) for row in self.rows]},
            "links": list(self.links),
        }


@dataclass(frozen=True, slots=True)
class Style:
    colour: str
    symbol: str
    dash: str


def styles(rows: Sequence[Row]) -> list[Style]:
    """Return the look of each line: its method's hue, and a marker and a dash that no other of the hue has.

    A method's marker follows from its id and its lines are solid, as long as no other line of the chart
    needs the same. Order and rank of the rows do not matter: the same rows look the same in every chart.
    """
    looks: dict[int, Style] = {}
    of_hue: dict[int, list[Style]] = {}
    for n, row in sorted(enumerate(rows), key=lambda one: _identity(one[1])):
        others = of_hue.setdefault(hue_of(row.method_id, row.colour), [])
        looks[n] = style_of(row.method_id, row.colour, others)
        others.append(looks[n])
    return [looks[n] for n in range(len(rows))]


def style_of(method_id: int, colour: int | None, others: Sequence[Style] = ()) -> Style:
    """Return a look that no other line of the method's hue has: where free, the method's marker and solid."""
    hue = hue_of(method_id, colour)
    own = method_id // HUES + hue
    dash = DASHES[len(others) % len(DASHES)]
    used = Counter(style.symbol for style in others)
    with_dash = {style.symbol for style in others if style.dash == dash}
    symbols = [SYMBOLS[(own + turn) % len(SYMBOLS)] for turn in range(len(SYMBOLS))]
    symbol = min(symbols, key=lambda symbol: (symbol in with_dash, used[symbol]))
    return Style(method_colour(hue), symbol, dash)


def hue_of(method_id: int, colour: int | None) -> int:
    """Return the hue of a method; of one that has none yet, one that follows from its id."""
    return method_id % HUES if colour is None else colour


def marker(style: Style, row: Row, size: int) -> dict[str, Any]:
    """Return the mark of a row: filled where it was scored here, open where its number is printed."""
    symbol = style.symbol + ("-open" if row.origin == "reported" else "")
    line = {"width": 2, "color": style.colour}
    return {"color": style.colour, "size": size, "symbol": symbol, "line": line}


def sources(rows: Sequence[Row]) -> str:
    """Say where the numbers of rows come from, and which marks they have."""
    printed = sum(row.origin == "reported" for row in rows)
    if not printed:
        return "scored here"
    if printed == len(rows):
        return "as published (open marks)"
    return "scored here (filled) and as published (open)"


def error_bars(
    values: Sequence[float],
    spans: Sequence[tuple[float, float]],
    colour: str = "var(--ink)",
    *,
    thickness: float = 1.5,
    width: int = 4,
) -> dict[str, Any]:
    """Return the intervals of values as Plotly's error bars, in points; both are fractions."""
    pairs = list(zip(values, spans, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [round(100 * (high - value), 4) for value, (_, high) in pairs],
        "arrayminus": [round(100 * (value - low), 4) for value, (low, _) in pairs],
        "color": colour,
        "thickness": thickness,
        "width": width,
    }


def axis_title(text: str) -> dict[str, Any]:
    return {"text": text, "standoff": 8, "font": {"size": 12}}


def _identity(row: Row) -> tuple[int, int, str]:
    return row.method_id, row.variant_id, row.submission_id


def spread(positions: Iterable[float], gap: float, bounds: tuple[float, float] | None = None) -> list[float]:
    """Move labels apart along one axis, keeping their order, until neighbours are at least `gap` apart.

    None of them leaves the `bounds`; where there is no room for the gap, it is smaller.

    >>> spread([10.0, 10.5, 30.0], 2.0)
    [9.25, 11.25, 30.0]
    >>> spread([0.0, 0.5, 30.0], 2.0, bounds=(0.0, 29.0))
    [0.0, 2.0, 29.0]
    """
    wanted = list(positions)
    if bounds and len(wanted) > 1:
        gap = min(gap, (bounds[1] - bounds[0]) / (len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    clusters: list[tuple[float, list[int]]] = []
    for index in order:
        clusters.append((wanted[index], [index]))
        while len(clusters) > 1 and _touch(clusters[-2], clusters[-1], gap):
            (_, first), (_, second) = clusters[-2:]
            members = first + second
            clusters[-2:] = [(sum(wanted[i] for i in members) / len(members), members)]
    result = [0.0] * len(wanted)
    for centre, members in clusters:
        for n, index in enumerate(members):
            result[index] = centre + gap * (n - (len(members) - 1) / 2)
    if bounds:
        for n, index in enumerate(order):
            least, most = bounds[0] + n * gap, bounds[1] - (len(order) - 1 - n) * gap
            result[index] = min(max(result[index], least), most)
    return result


def _touch(low: tuple[float, list[int]], high: tuple[float, list[int]], gap: float) -> bool:
    return high[0] - low[0] < gap * (len(low[1]) + len(high[1])) / 2 - 1e-12


def layout(**more: Any) -> dict[str, Any]:
    """Return the layout that all charts share: thin lines, no legend box, room that is kept."""
    axis = {
        "gridcolor": "var(--line)",
        "zeroline": False,
        "linecolor": "var(--line-strong)",
        "fixedrange": True,
    }
    base: dict[str, Any] = {
        "font": {"color": "var(--muted)", "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {
            "bgcolor": "var(--card)",
            "bordercolor": "var(--line-strong)",
            "font": {"color": "var(--ink)"},
        },
        "showlegend": False,
        "dragmode": False,
        "margin": {"l": 44, "r": 24, "t": 16, "b": 48},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }
    for key, value in more.items():
        base[key] = {**base[key], **value} if isinstance(base.get(key), dict) else value
    return base


def plain(text: str) -> str:
    """Plotly reads a few tags in texts, so what a person typed goes in without any."""
    return text.replace("<", "(").replace(">", ")")
