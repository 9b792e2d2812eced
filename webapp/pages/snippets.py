"""Code to copy into pages of others: badges, and boards, rows and charts in a frame."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from webapp.benchmarks.models import Split
from webapp.leaderboards.filters import Filters
from webapp.submissions.models import Submission

BOARD_HEIGHT, CHART_HEIGHT, ROW_HEIGHT = 520, 560, 150


@dataclass(frozen=True, slots=True)
class Snippet:
    label: str
    code: str


@dataclass(frozen=True, slots=True)
class Snippets:
    """Code under a title. `picture` is the address of the badge that it shows, if it shows one."""

    title: str
    pieces: tuple[Snippet, ...]
    picture: str = ""
    alt: str = ""


def method_snippets(request: HttpRequest, split: Split, slug: str) -> Snippets | None:
    """Return the code of a method's badge; None where others cannot see it."""
    if not split.shows_scores_to_all:
        return None
    picture = reverse("outside:badge", args=[split.benchmark.slug, split.name, slug])
    pieces = _badge(request, str(split), picture, reverse("methods:detail", args=[slug]))
    return Snippets("Badge", pieces, picture, str(split))


def result_snippets(request: HttpRequest, submission: Submission) -> Snippets | None:
    """Return the code of a result's badge and of its row; None where others cannot see it."""
    split = submission.split
    if not submission.is_shown or not split.shows_scores_to_all:
        return None
    picture = reverse("outside:result_badge", args=[submission.pk])
    badge = _badge(request, str(split), picture, submission.get_absolute_url())
    return Snippets(
        "Badge and embed", (*badge, _row(request, split, submission.variant_id)), picture, str(split)
    )


def board_snippets(
    request: HttpRequest, split: Split, filters: Filters, *, has_chart: bool
) -> Snippets | None:
    """Return the code that shows the board as it is filtered now; None where others cannot see it."""
    if not split.shows_scores_to_all:
        return None
    query, of_split = filters.to_query(), [split.benchmark.slug, split.name]
    board = _frame(
        request, reverse("outside:board", args=of_split), query, f"{split} leaderboard", BOARD_HEIGHT
    )
    pieces = [Snippet("These rows", board)]
    if has_chart:
        chart = reverse("outside:chart", args=of_split)
        pieces.append(Snippet("The chart", _frame(request, chart, query, f"{split} chart", CHART_HEIGHT)))
    if len(filters.rows) == 1:
        pieces.append(_row(request, split, filters.rows[0]))
    return Snippets("Embed", tuple(pieces))


def past_snippets(request: HttpRequest, split: Split, query: str) -> Snippets | None:
    """Return the code that shows the board at a date; None where nothing is seen of it."""
    if not split.shows_scores_to_all:
        return None
    path = reverse("outside:board", args=[split.benchmark.slug, split.name])
    frame = _frame(request, path, query, f"{split} leaderboard", BOARD_HEIGHT)
    return Snippets("Embed", (Snippet("This table", frame),))


def _row(request: HttpRequest, split: Split, variant_id: int) -> Snippet:
    path = reverse("outside:row", args=[split.benchmark.slug, split.name, variant_id])
    return Snippet("Its row", _frame(request, path, "", f"{split} leaderboard, one row", ROW_HEIGHT))


def _frame(request: HttpRequest, path: str, query: str, title: str, height: int) -> str:
    address = request.build_absolute_uri(f"{path}?{query}" if query else path)
    code = '<iframe src="{}" title="{}" width="100%" height="{}" style="border:0" loading="lazy"></iframe>'
    return format_html(code, address, title, height)


def _badge(request: HttpRequest, label: str, picture: str, page: str) -> tuple[Snippet, ...]:
    source, link = (request.build_absolute_uri(path) for path in (picture, page))
    text = label.replace("[", "(").replace("]", ")")
    html = format_html('<a href="{}"><img src="{}" alt="{}"></a>', link, source, label)
    return Snippet("Markdown", f"[![{text}]({source})]({link})"), Snippet("HTML", html)
