"""Axes of a figure: from which number to which they go, where a number stands, and what ticks say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any

# Room beside the outermost mark, and beyond the end of the longest bar, as a share of the axis.
PAD = 0.06
STEPS = (1, 2, 5, 10)
MANY_TICKS = 60


@dataclass(frozen=True, slots=True)
class Axis:
    """`low` and `high` are the numbers at its beginning and end, of a logarithmic one their logarithms."""

    low: float
    high: float
    is_log: bool = False
    categories: tuple[str, ...] = ()
    spec: dict[str, Any] = field(default_factory=dict)

    def number(self, value: Any) -> float | None:
        """Return the number on the axis for a value of the data; None where it has none."""
        if isinstance(value, str) and self.categories:
            return float(self.categories.index(value)) if value in self.categories else None
        if value is None or isinstance(value, str):
            return None
        if self.is_log:
            return log10(value) if value > 0 else None
        return float(value)

    def at(self, value: Any) -> float | None:
        """Return where a value stands: 0 at the axis' beginning, 1 at its end."""
        number = self.number(value)
        return None if number is None else (number - self.low) / (self.high - self.low)

    def ticks(self, room: int) -> list[tuple[float, str]]:
        """Return where ticks stand, as `at` does, and their texts; `room` is how many there may be."""
        low, high = min(self.low, self.high), max(self.low, self.high)
        if "tickvals" in self.spec:
            values = self.spec["tickvals"]
            texts = self.spec.get("ticktext") or [_text(value, value) for value in values]
            shown = [(self.number(value), text) for value, text in zip(values, texts, strict=True)]
        elif self.categories:
            shown = [(float(n), text) for n, text in enumerate(self.categories)]
        elif self.is_log:
            shown = [(log10(value), _text(value, value)) for value in _log_values(low, high, room)]
        else:
            step = _step(high - low, room, self.spec.get("dtick"))
            first = ceil(low / step - 1e-9)
            count = min(floor(high / step + 1e-9) - first + 1, MANY_TICKS)
            shown = [(n * step, _text(n * step, step)) for n in range(first, first + count)]
        slack = 1e-9 * (high - low)
        suffix = self.spec.get("ticksuffix", "")
        has_texts = self.spec.get("showticklabels", True)
        return [
            ((number - self.low) / (self.high - self.low), f"{text}{suffix}" if has_texts else "")
            for number, text in shown
            if number is not None and low - slack <= number <= high + slack
        ]

    @property
    def holds_zero(self) -> bool:
        return (
            not self.is_log
            and not self.categories
            and min(self.low, self.high) <= 0 <= max(self.low, self.high)
        )


def axis_of(
    spec: dict[str, Any], values: Iterable[Any], *, from_zero: bool = False, pads: bool = True
) -> Axis:
    """Return the axis that shows all `values`, or the range that the specification asks for.

    `from_zero` is asked for where lengths are read from it; `pads` leaves room beside marks.
    """
    found = list(values)
    is_log = spec.get("type") == "log"
    categories = tuple(dict.fromkeys(value for value in found if isinstance(value, str)))
    if "range" in spec:
        low, high = (float(end) for end in spec["range"])
        return Axis(low, high, is_log, categories, spec)
    if categories:
        low, high = -0.5, len(categories) - 0.5
    else:
        low, high = _span(
            [float(v) for v in found if v is not None], is_log, from_zero=from_zero, pads=pads, spec=spec
        )
    if spec.get("autorange") == "reversed":
        low, high = high, low
    return Axis(low, high, is_log, categories, spec)


def _span(
    numbers: Sequence[float], is_log: bool, *, from_zero: bool, pads: bool, spec: dict[str, Any]
) -> tuple[float, float]:
    if is_log:
        numbers = [log10(number) for number in numbers if number > 0]
    elif from_zero or spec.get("rangemode") == "tozero":
        numbers = [*numbers, 0.0]
    if not numbers:
        return 0.0, 1.0
    low, high = min(numbers), max(numbers)
    if low == high:
        return low - 0.5, high + 0.5
    pad = PAD * (high - low) if pads else 0.0
    return low if from_zero and low == 0 else low - pad, high if from_zero and high == 0 else high + pad


def _step(span: float, room: int, wanted: Any) -> float:
    """Return the round distance of ticks: the wanted one, or a multiple of it where there is no room."""
    least = span / max(room, 1)
    if isinstance(wanted, int | float) and wanted > 0:
        return next(
            wanted * n for n in (1, 2, 3, 5, 10, 20, 50, 100, 1000) if wanted * n >= least or n == 1000
        )
    power = 10.0 ** floor(log10(least))
    return next(power * n for n in STEPS if power * n >= least * (1 - 1e-9))


def _log_values(low: float, high: float, room: int) -> list[float]:
    for steps in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,)):
        values = [n * 10.0**power for power in range(floor(low), ceil(high) + 1) for n in steps]
        shown = [value for value in values if low - 1e-9 <= log10(value) <= high + 1e-9]
        if len(shown) <= room:
            return shown
    return shown


def _text(value: Any, step: float) -> str:
    """Return a tick's text, with as many decimals as its step needs."""
    if isinstance(value, str):
        return value
    decimals = max(0, -floor(log10(step) + 1e-9)) if step else 0
    if step == value:  # of a logarithmic axis, or given as it is
        text = f"{value:g}"
    else:
        text = f"{value:.{decimals}f}" if decimals else f"{round(value, 9):.0f}"
    text = text.removeprefix("-") if not float(text) else text
    return text.replace("-", "\N{MINUS SIGN}")
