"""Numbers as people read them."""

from decimal import Decimal

UNDEFINED = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def percent(value: float | None) -> str:
    return UNDEFINED if value is None else f"{100 * value:.1f}"


def shown_difference(value: float, other: float) -> Decimal:
    """Return `value - other` in points, of the two as `percent` shows them: a reader can check it.

    >>> shown_difference(0.72649, 0.62551)
    Decimal('10.0')
    """
    return Decimal(percent(value)) - Decimal(percent(other))


def change(value: float | None, other: float | None) -> str:
    """Return the same with its sign, such as "+2.3", and 0.0 without; a dash where either is undefined."""
    return UNDEFINED if value is None or other is None else _with_sign(shown_difference(value, other))


def signed(value: float) -> str:
    """Return a difference that is known by itself, such as a mean, in points with its sign; 0.0 without.

    >>> signed(0.0234), signed(-0.0004)
    ('+2.3', '0.0')
    """
    return _with_sign(Decimal(percent(value)))


def bounds(low: float, high: float) -> str:
    """Return the ends of an interval of differences in points, such as "+0.5 to +4.1"."""
    return f"{signed(low)} to {signed(high)}"


def _with_sign(points: Decimal) -> str:
    return f"{points:+.1f}".replace("-", MINUS) if points else "0.0"
