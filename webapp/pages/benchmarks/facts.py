"""What opens below a row of a leaderboard: where its numbers come from, what it is made of, what it costs."""

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from webapp.leaderboards.board import Row
from webapp.leaderboards.doubts import remarks
from webapp.leaderboards.export import source_text
from webapp.pages.costs import cost_text
from webapp.pages.templatetags.numbers import moment, words

COST_KINDS = {"printed": "as printed", "stated": "as its author states"}


def row_facts(row: Row, doubts: Iterable[str]) -> list[tuple[str, str]]:
    """Return names and texts, which are HTML where they hold links; `doubts` are those about its source."""
    return [*(_printed(row, doubts) if row.origin == "reported" else _scored(row)), *_made_of(row)]


def _printed(row: Row, doubts: Iterable[str]) -> Iterator[tuple[str, str]]:
    source = row.source
    link = _link(source.get("repo") or source.get("paper_url"), source_text(row) or "not named")
    yield "Printed in", format_html('{}<br><span class="muted">{}</span>', link, _printed_by(row))
    for also in source.get("also", ()):
        link = _link(also.get("paper_url"), also.get("table", ""))
        yield "Also", format_html("{}: {}", link, ", ".join(also.get("metrics", ())))
    if notes := source.get("notes"):
        yield "Note", notes
    for text in doubts:
        yield "Doubtful source", text
    for text in remarks(source):
        yield "To know", text


def _scored(row: Row) -> Iterator[tuple[str, str]]:
    by = f", submitted by {row.author}" if row.author else ""
    yield "Scored", format_html("{}, evaluator {}{}", moment(row.finished_at), row.evaluator, by)
    if row.stale:
        yield "Outdated", f"{row.stale} The organisers can measure it again."
    if row.ran:
        speed, address = row.ran.frames_per_second, reverse("runs:detail", args=[row.ran.run_id])
        text = f"{row.ran.device}, {speed:.1f} frames per second" if speed else row.ran.device
        yield "Ran here", format_html('<a class="num" href="{}">{}</a>', address, text)
    if row.digest:
        yield "Digest", format_html("<code>{}</code>", row.digest)
    if row.note:
        yield "Note", row.note


def _made_of(row: Row) -> Iterator[tuple[str, str]]:
    if cost := cost_text(row.cost):
        name = f"Cost, {COST_KINDS.get(row.cost.kind, 'measured here')}"
        yield name, format_html('<span class="num">{}</span>', cost)
    if row.team:
        yield "Team", row.team
    if row.variant not in ("default", row.distinction):
        yield "Variant", row.variant
    if row.venue or row.year:
        yield "Published", row.venue or str(row.year)
    for name, value in row.factors.items():
        yield capfirst(words(name)), value


def _link(url: object, text: str) -> str:
    if not str(url or "").startswith(("https://", "http://")):
        return text
    return format_html('<a href="{}" rel="noreferrer">{}</a>', url, text)


def _printed_by(row: Row) -> str:
    if row.source.get("reported_by") == "third_party":
        kind = row.source.get("third_party_kind")
        return f"printed by others than the authors{f' ({kind})' if kind else ''}"
    return "printed by the authors"
