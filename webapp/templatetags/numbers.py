"""How numbers are written for people; the database and the API keep fractions, bytes and seconds."""

from django import template

from webapp.charts.spec import percent as percent_text

register = template.Library()


@register.filter
def percent(value: float | None) -> str:
    """Return a fraction in [0, 1] in percent with one decimal, a dash where it is undefined."""
    return percent_text(value)
