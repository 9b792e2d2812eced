"""The page that compares submissions, and the way to it from a board without scripts."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from evaluator.files.words import counted
from webapp.benchmarks.selectors import benchmark_get, benchmarks_visible_to, split_get
from webapp.compare.selectors import comparison_get
from webapp.leaderboards.choosing import choice_of
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import leaderboard
from webapp.pages.charts import chart_file
from webapp.pages.compare.page import compare_page
from webapp.pages.live import missing_is_404
from webapp.refusal import Refused


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Compare `submissions`; with `board`, those whose rows were ticked there; with neither, explain how."""
    if "board" in request.GET:
        return _from_board(request)
    ids = ",".join(request.GET.getlist("submissions")).split(",")
    if not any(ids):
        return _help(request)
    try:
        comparison = comparison_get(user=request.user, ids=ids)
    except Refused as refused:
        return _help(request, refused)
    shown = compare_page(
        comparison, user=request.user, shown=request.GET.get("with", ""), api_path=reverse("api:compare")
    )
    response = chart_file(request, shown.charts, name="compare") or render(
        request, "compare/page.html", {"section": "benchmarks", "page": shown}
    )
    response["Cache-Control"] = "no-store"
    return response


def _from_board(request: HttpRequest) -> HttpResponse:
    """Send the ticked rows of a board to their comparison."""
    with missing_is_404():
        benchmark = benchmark_get(user=request.user, slug=request.GET["board"].replace("\x00", ""))
        split = split_get(benchmark=benchmark, name=request.GET.get("split", ""))
    # Draws are kept of all videos only.
    filters = replace(Filters.from_query(request.GET), subset="")
    board = leaderboard(split=split, user=request.user, filters=filters)
    choice = choice_of(board)
    if choice.compare_href:
        return HttpResponseRedirect(choice.compare_href)
    message = f"{counted(choice.count, 'row')} ticked: {choice.note}."
    return _help(request, Refused("submissions-count", message, "Go back and tick two to five rows."))


def _help(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    """Explain how to choose submissions to compare, with the boards to choose from."""
    context = {
        "section": "benchmarks",
        "problem": refused.problem if refused else None,
        "benchmarks": benchmarks_visible_to(request.user).filter(splits__isnull=False).distinct(),
    }
    return render(request, "compare/help.html", context, status=refused.status if refused else 200)
