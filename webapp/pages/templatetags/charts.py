"""Charts in templates: their pictures, and what the form that saves them sends back."""

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from webapp.charts.drawing.pictures import figure_svg
from webapp.charts.spec import Chart

register = template.Library()


@register.simple_tag
def drawings(chart: Chart, height: int | str = "") -> SafeString:
    """Return the picture of a chart twice, for pages and for phones; the style sheet shows one of them."""
    room = int(height or chart.height)
    wide, narrow = (figure_svg(chart.figure, height=room, is_narrow=narrow) for narrow in (False, True))
    return mark_safe(  # written by an XML writer
        f'<div class="drawing drawing-wide">{wide}</div><div class="drawing drawing-narrow">{narrow}</div>'
    )


@register.simple_tag(takes_context=True)
def query_fields(context: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the query of a page's own address: a form that asks it for a file must send it, too."""
    request = context.get("request")
    if request is None:
        return []
    return [(key, value) for key, values in request.GET.lists() for value in values]
