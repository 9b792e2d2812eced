"""A comparison in sentences and numbers for people. Pure."""

from webapp.compare.comparison import Against, Comparison, MetricDifference
from webapp.numbers import bounds, shown_difference

NBSP = "\N{NO-BREAK SPACE}"


def interval_text(difference: MetricDifference) -> str:
    """The bounds of a difference in points, such as "+0.5 to +4.1"; empty without any."""
    tested = difference.tested
    return bounds(tested.low, tested.high) if tested else ""


def sentence(comparison: Comparison, against: Against) -> str:
    """Say which of two submissions is better by the primary metric, and how sure that is."""
    first = comparison.names[against.first.row.submission_id]
    other = comparison.names[against.other.row.submission_id]
    found = next((m for m in against.metrics if m.metric.key == comparison.primary.key), None)
    label = comparison.primary.label
    if found is None or found.delta is None:
        return f"{first} and {other} cannot be compared by {label}: it is not available for both."
    better, worse = (first, other) if found.lead >= 0 else (other, first)
    assert found.first is not None
    assert found.other is not None
    word = "higher" if found.delta * found.lead >= 0 else "lower"
    size = f"{abs(shown_difference(found.first, found.other))} points {word}"
    if found.tested is None:
        return (
            f"{label} of {better} is {size} than that of {worse}. "
            f"Its significance is not known: {_why_untested(against)}."
        )
    # The sentence says the size of the difference, whichever way round it was taken.
    sign = 1 if found.delta >= 0 else -1
    low, high = sorted((sign * found.tested.low, sign * found.tested.high))
    p = found.tested.p_phrase.replace(" ", NBSP)
    chance = f"95{NBSP}%: {bounds(low, high)}, {p}"
    if found.delta == 0 and found.tested.low == found.tested.high == 0:
        return f"{first} and {other} have the same {label}, whichever videos are drawn."
    if found.tested.significant:
        return f"{better} is better than {worse}: {label} is {size} ({chance})."
    return (
        f"{first} and {other} do not differ significantly: {label} of {better} is {size}, "
        f"but that may be chance ({chance})."
    )


def _why_untested(against: Against) -> str:
    for one in (against.first, against.other):
        if one.row.origin == "reported":
            return f"{one.row.method} is a reported number, and no predictions were scored here"
        if not one.samples:
            return f"{one.row.method} was scored before draws of the videos were kept"
    return "they were not measured on the same draws of the same videos"
