"""What stands in pages of others: badges, boards, rows, charts, and the feed of changes.

Nothing here knows who asks (see middleware.py): all of it is what an anonymous visitor sees. Splits that are
private or closed do not exist here, and of a blind one only that its scores are hidden.
"""

from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmark_get
from webapp.charts.choose import board_charts
from webapp.charts.drawing.pictures import chart_svg
from webapp.charts.drawing.tokens import Theme
from webapp.charts.spec import Chart
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.history import past_board
from webapp.leaderboards.places import Place, place_of_method, place_of_submission, place_of_variant
from webapp.pages.benchmarks.past import When, past_lines
from webapp.pages.live import missing_is_404
from webapp.pages.outside.badge import badge_svg
from webapp.pages.outside.feed import changes_feed
from webapp.pages.outside.parts import board_shown, kept, number, page, result_shown, split_shown
from webapp.pages.outside.table import table_of

SVG = "image/svg+xml; charset=utf-8"
HIDDEN = "scores are hidden"
ROWS, ROWS_AT_MOST = 10, 50
# In pixels: what is drawn, the least and the most that can be asked for.
CHART_WIDTH = (1000, 320, 1600)


@require_safe
def board(request: HttpRequest, slug: str, split: str) -> HttpResponse:
    """The first rows of a board, filtered and sorted as the address says (`limit` of them), or of a date."""
    found, filters = split_shown(slug, split), Filters.from_query(request.GET)
    if when := When.from_query(request.GET):
        return _past(request, found, when)
    limit = number(request, "limit", ROWS, 1, ROWS_AT_MOST)
    query = replace(filters, split=split).to_query()

    def draw() -> str:
        table = table_of(board_shown(found, filters, limit)) if found.shows_scores() else None
        return page(request, found, query, "outside/board.html", {"table": table})

    return kept(request, found, draw)


@require_safe
def row(request: HttpRequest, slug: str, split: str, variant: int) -> HttpResponse:
    """One row of a board."""
    found, filters = split_shown(slug, split), Filters(split=split, rows=(variant,))

    def draw() -> str:
        table = table_of(board_shown(found, filters, 1), chosen=True) if found.shows_scores() else None
        if table is not None and not table.lines:
            raise Http404("No such row")
        return page(request, found, f"split={split}", "outside/board.html", {"table": table})

    return kept(request, found, draw)


@require_safe
def chart(request: HttpRequest, slug: str, split: str) -> HttpResponse:
    """The chart of a board: a picture for light and one for dark, with its numbers in a table."""
    found, filters = split_shown(slug, split), Filters.from_query(request.GET)
    query = replace(filters, split=split).to_query()

    def draw() -> str:
        drawn = _chart(found, filters) if found.shows_scores() else None
        return page(request, found, query, "outside/chart.html", {"chart": drawn, "query": query})

    return kept(request, found, draw)


@require_safe
def chart_picture(request: HttpRequest, slug: str, split: str) -> HttpResponse:
    """The chart of a board as SVG, with `theme` light or dark and `width` in pixels."""
    found = split_shown(slug, split)
    if not found.shows_scores():
        raise Http404("Scores are hidden")
    source = f"{settings.SITE_NAME}, {request.build_absolute_uri(found.get_absolute_url())}"
    theme: Theme = "dark" if request.GET.get("theme") == "dark" else "light"
    width = number(request, "width", *CHART_WIDTH)

    def draw() -> str:
        drawn = _chart(found, Filters.from_query(request.GET))
        return chart_svg(drawn, theme=theme, width=width, source=source)

    return kept(request, found, draw, SVG)


@require_safe
def badge(request: HttpRequest, slug: str, split: str, method: str) -> HttpResponse:
    """The best place of a method on a split."""
    found = split_shown(slug, split)
    return _badge(found, place_of_method(split=found, slug=method))


@require_safe
def row_badge(request: HttpRequest, slug: str, split: str, variant: int) -> HttpResponse:
    """The place of a row of a board."""
    found = split_shown(slug, split)
    return _badge(found, place_of_variant(split=found, variant_id=variant))


@require_safe
def result_badge(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The number of a result, with its place where it is the one on the board."""
    submission = result_shown(submission_id)
    return _badge(submission.split, place_of_submission(submission))


@require_safe
def changes(request: HttpRequest, slug: str) -> HttpResponse:
    """The latest changes of a benchmark's boards, for programs that read feeds."""
    with missing_is_404():
        benchmark = benchmark_get(user=AnonymousUser(), slug=slug)
    if all(split.is_closed for split in benchmark.splits.defer("videos")):
        raise Http404("Nothing is open here")
    return HttpResponse(changes_feed(request, benchmark), content_type="application/atom+xml; charset=utf-8")


def _chart(split: Split, filters: Filters) -> Chart:
    charts = board_charts(board_shown(split, filters, ROWS)).charts
    if not charts:
        raise Http404("No row of this leaderboard has numbers to draw.")
    return charts[0]


def _badge(split: Split, place: Place | None) -> HttpResponse:
    if not split.shows_scores():
        text = HIDDEN
    elif place is None:
        raise Http404("No such row")
    else:
        text = place.text
    return HttpResponse(badge_svg(str(split), text), content_type=SVG)


def _past(request: HttpRequest, split: Split, when: When) -> HttpResponse:
    past = past_board(split=split, at=when.at, since=when.since, page=when.page)
    more = {"past": past, "lines": past_lines(past)}
    return HttpResponse(page(request, split, when.to_query(split.name), "outside/past.html", more))
