"""Parts of every chart: its question, its figure, its numbers, and the fixed colours of methods."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# Okabe and Ito's colour-blind-safe set, without black and yellow, which vanish on one of the two backgrounds.
OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# The n-th line of one colour in a chart differs by these.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True, slots=True)
class Chart:
    """`figure` is Plotly's {data, layout}; a colour var(--name) is looked up in the style sheet."""

    key: str
    title: str
    subtitle: str
    figure: dict[str, Any]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def spec_id(self) -> str:
        """The id of the element that holds this chart's JSON, on a page with several charts."""
        return f"spec-{self.key}"

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "title": self.title,
            "subtitle": self.subtitle,
            "figure": self.figure,
            "table": {"head": list(self.head), "rows": [list(row) for row in self.rows]},
        }


@dataclass(frozen=True, slots=True)
class Style:
    colour: str
    symbol: str
    dash: str


def styles(method_ids: Sequence[int]) -> list[Style]:
    """Return one style per line: one colour per method, and no two lines look the same.

    A method has the same colour on every page, unless another one of the chart has it already.
    """
    colours = _colours(list(dict.fromkeys(method_ids)))
    used: Counter[str] = Counter()
    result = []
    for method_id in method_ids:
        colour = colours[method_id]
        n = used[colour] % len(SYMBOLS)
        used[colour] += 1
        result.append(Style(colour, SYMBOLS[n], DASHES[n]))
    return result


def _colours(method_ids: Sequence[int]) -> dict[int, str]:
    """Give every method its own colour, in order of preference; one that comes too late the next free one.

    With more methods than colours, the rest share: symbols and dashes tell them apart.
    """
    own = {method_id: method_id % len(OKABE_ITO) for method_id in method_ids}
    first = {index: method_id for method_id, index in reversed(own.items())}
    chosen = {method_id: index for index, method_id in first.items()}
    taken = set(first)
    for method_id in (one for one in method_ids if one not in chosen):
        turns = [(own[method_id] + n) % len(OKABE_ITO) for n in range(len(OKABE_ITO))]
        chosen[method_id] = next((index for index in turns if index not in taken), own[method_id])
        taken.add(chosen[method_id])
    return {method_id: OKABE_ITO[index] for method_id, index in chosen.items()}


def spread(positions: Iterable[float], gap: float) -> list[float]:
    """Move labels apart along one axis, keeping their order, until neighbours are at least `gap` apart.

    >>> spread([10.0, 10.5, 30.0], 2.0)
    [9.25, 11.25, 30.0]
    """
    wanted = list(positions)
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
        "margin": {"l": 44, "r": 24, "t": 16, "b": 44},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }
    for key, value in more.items():
        base[key] = {**base[key], **value} if isinstance(base.get(key), dict) else value
    return base


def plain(text: str) -> str:
    """Plotly reads a few tags in texts, so what a person typed goes in without any."""
    return text.replace("<", "(").replace(">", ")")
