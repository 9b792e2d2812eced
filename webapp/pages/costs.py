"""What a variant costs, in words of pages. Pure."""

from webapp.numbers import UNDEFINED
from webapp.submissions.costs import Cost

UNITS = {"params_m": "M parameters", "gmacs": "GMACs per frame", "gflops": "GFLOPs", "fps": "frames/s"}


def cost_number(value: float | None) -> str:
    """Return a cost in two significant digits at least, such as 1,173, 44.1 or 0.52."""
    if value is None:
        return UNDEFINED
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def cost_text(cost: Cost) -> str:
    """All that is known, with its units; what a paper calls GFLOPs keeps its word. Empty where nothing is."""
    known = {key: getattr(cost, key) for key in UNITS if getattr(cost, key) is not None}
    parts = [f"{cost_number(value)} {UNITS[key]}" for key, value in known.items()]
    if cost.fps is not None:
        parts[-1] += f" on {cost.device}" if cost.device else ", device not named"
    return " · ".join(parts)
