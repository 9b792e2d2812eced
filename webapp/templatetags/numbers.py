"""How numbers and texts are written for people; the database and the API keep fractions."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from webapp.charts.spec import percent as percent_text

register = template.Library()
BACKTICKS = re.compile("`([^`]+)`")


@register.filter
def percent(value: float | None) -> str:
    """Return a fraction in [0, 1] in percent with one decimal, a dash where it is undefined."""
    return percent_text(value)


@register.filter
def backticks(text: str) -> SafeString:
    """Return text with what stands between backticks as code; everything else is escaped."""
    return mark_safe(BACKTICKS.sub(r"<code>\1</code>", escape(text)))


@register.filter
def words(key: str) -> str:
    """Return a key as people read it: `mode_inferred` as "mode inferred"."""
    return str(key).replace("_", " ")


@register.filter
def paragraphs(text: str) -> SafeString:
    """Return text as paragraphs, one for each block between empty lines, with code between backticks."""
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text) if block.strip()]
    return mark_safe("".join(f"<p>{backticks(block)}</p>" for block in blocks))
