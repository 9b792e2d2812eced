"""Numbers and texts as people read them; the database and the API keep fractions."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Literal

from django import template
from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from evaluator.catalog import METRICS
from evaluator.catalog.formula import render_inline, to_mathml
from evaluator.files.words import counted
from webapp.jobs.selectors import duration
from webapp.numbers import UNDEFINED
from webapp.numbers import percent as percent_text
from webapp.times import moment as moment_text

register = template.Library()
BACKTICKS = re.compile("`([^`]+)`")


@register.filter
def percent(value: float | None) -> str:
    """Return a fraction in [0, 1] in percent with one decimal, a dash where it is undefined."""
    return percent_text(value)


@register.filter
def terms(pairs: Iterable[tuple[str, str]], css: str = "") -> SafeString:
    """Return pairs as the terms of a list. A loop of a template takes ten times as long over each."""
    kind = format_html(' class="{}"', css) if css else ""
    return format_html_join("", "<div><dt>{}</dt><dd{}>{}</dd></div>", ((a, kind, b) for a, b in pairs))


@register.filter
def span(seconds: float | None) -> str:
    """Seconds as people say them, a dash where there are none."""
    return UNDEFINED if seconds is None else duration(seconds) if seconds >= 1 else "< 1 s"


@register.filter
def size(number: int | Literal[""] | None) -> str:
    """Return a number of bytes as check_problems.js says it, such as 200 bytes or 1.5 MB; a dash for none."""
    if number is None or number == "":
        return UNDEFINED
    if number < 1000:
        return counted(number, "byte")
    if number < 999_500:
        return f"{number / 1e3:.0f} kB"
    return f"{number / 1e6:.1f} MB" if number < 1e9 else f"{number / 1e9:.2f} GB"


@register.filter
def moment(time: datetime | None) -> SafeString:
    """Return a point in time with its zone; empty where there is none."""
    if time is None:
        return mark_safe("")
    return format_html('<time datetime="{}">{}</time>', time.isoformat(), moment_text(time))


@register.filter
def backticks(text: str) -> SafeString:
    """Return text with what stands between backticks as code; everything else is escaped."""
    return mark_safe(BACKTICKS.sub(r"<code>\1</code>", escape(text)))


@register.filter
def mathml(latex: str) -> SafeString:
    """Return a formula of the catalog as MathML, on a line of its own."""
    return mark_safe(to_mathml(latex))


@register.filter
def formulas(text: str) -> SafeString:
    """Return text with what stands between dollar signs as formulas and between backticks as code."""
    return mark_safe(render_inline(text, backticks, partial(to_mathml, is_block=False)))


@register.filter(name="counted")
def counted_filter(number: int, noun: str) -> str:
    """Return a number and its noun; `noun` may give both forms, as "category,categories"."""
    return counted(number, *noun.split(",", 1))


@register.filter
def metric_link(label: str, key: str) -> SafeString:
    """Return a metric's label as a link to its page; those that only papers print have none."""
    if key not in METRICS:
        return escape(label)
    return format_html('<a class="metric" href="{}">{}</a>', reverse("metrics:detail", args=[key]), label)


@register.filter
def words(key: str) -> str:
    """Return a key as people read it: `mode_inferred` as "mode inferred"."""
    return str(key).replace("_", " ")


@register.filter
def paragraphs(text: str) -> SafeString:
    """Return text as paragraphs, one for each block between empty lines, with code between backticks."""
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text) if block.strip()]
    return mark_safe("".join(f"<p>{backticks(block)}</p>" for block in blocks))
