"""Numbers as people read them."""

UNDEFINED = "\N{EN DASH}"


def percent(value: float | None) -> str:
    return UNDEFINED if value is None else f"{100 * value:.1f}"
