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
    if value is None or other is None:
        return UNDEFINED
    if not shown_difference(value, other):
        return "0.0"
    return f"{shown_difference(value, other):+.1f}".replace("-", MINUS)
