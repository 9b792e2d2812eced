"""Pages of a benchmark: leaderboard, how to submit, about."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from evaluator.problems import PROBLEMS
from evaluator.version import __version__ as evaluator_version
from webapp.ablations.selectors import benchmark_measured, benchmark_studies
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split, VideoSubset
from webapp.benchmarks.selectors import benchmark_get, split_get, split_shown_outside
from webapp.cache import made_once
from webapp.charts.choose import board_charts
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.history import past_board, today
from webapp.leaderboards.metrics import column_order, metric, primary_metric
from webapp.leaderboards.selectors import Leaderboard, boards_version, leaderboard
from webapp.pages.ablations.cards import study_cards
from webapp.pages.benchmarks.board import board_page
from webapp.pages.benchmarks.past import When, past_lines
from webapp.pages.benchmarks.sample import sample_predictions
from webapp.pages.charts import chart_file, chart_response
from webapp.pages.live import missing_is_404, wants_part
from webapp.pages.opengraph import board_opengraph
from webapp.pages.snippets import board_snippets, past_snippets
from webapp.submissions.selectors import GIVE_BACKS, quota_for

# A drawn board is kept so long, for those who ask for the same at the same time.
KEPT_S = 2


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The leaderboard. All of its state is in the address, which has one spelling: others are sent there."""
    benchmark = _benchmark(request, slug)
    path = benchmark.get_absolute_url()
    filters = Filters.from_query(request.GET)
    when = When.from_query(request.GET)
    query = filters.to_query() if when is None else when.to_query(filters.split)
    address = f"{path}?{query}".removesuffix("?")
    is_partial = wants_part(request)
    if not is_partial and request.get_full_path() != address:
        return HttpResponseRedirect(address)
    splits = list(benchmark.splits.select_related("benchmark").defer("videos"))
    if when is not None:
        return _past(request, benchmark, splits, when)
    if not splits:
        return render(request, "benchmarks/detail.html", _context(benchmark, None, "board", splits))
    split = next((one for one in splits if filters.split in ("", one.name)), None)
    if split is None:
        raise Http404("No such split")
    board = _board_html(request, split, filters)
    if is_partial:
        response = HttpResponse(board)
    else:
        context = _context(benchmark, split, "board", splits) | {"board": board}
        context["opengraph"] = board_opengraph(request, split)
        response = render(request, "benchmarks/detail.html", context)
    patch_vary_headers(response, ["HX-Request"])
    if is_partial:
        response["HX-Push-Url"] = address
    return response


def _past(request: HttpRequest, benchmark: Benchmark, splits: Sequence[Split], when: When) -> HttpResponse:
    """The board at a date: what anybody may see of it, whoever asks."""
    with missing_is_404():
        split = split_shown_outside(slug=benchmark.slug, name=request.GET.get("split", ""))
    past = past_board(split=split, at=when.at, since=when.since, page=when.page)
    context = _context(benchmark, split, "board", splits) | {
        "past": past,
        "lines": past_lines(past),
        "today": today(),
        "back": replace(when, page=past.page - 1).to_query(split.name) if past.page > 1 else "",
        "forward": replace(when, page=past.page + 1).to_query(split.name) if past.page < past.pages else "",
        "snippets": past_snippets(request, split, when.to_query()),
    }
    return render(request, "benchmarks/past.html", context)


def _board_html(request: HttpRequest, split: Split, filters: Filters) -> SafeString:
    """Draw the board. Who asks for the same at the same time gets the same; no change of a row is missed."""
    benchmark = split.benchmark

    def draw() -> str:
        page = board_page(
            _board(request, split, filters),
            user=request.user,
            path=benchmark.get_absolute_url(),
            export_path=f"/api/v1/benchmarks/{benchmark.slug}/leaderboard",
        )
        snippets = board_snippets(request, split, filters, has_chart=bool(page.charts))
        context = {"benchmark": benchmark, "split": split, "page": page, "snippets": snippets}
        context["today"] = today() if snippets else None
        return render_to_string("benchmarks/partials/board.html", context)

    version = boards_version(split=split, user=request.user)
    host = request.build_absolute_uri("/")
    state = f"{host} {split.pk} {version} {request.user.pk} {filters.to_query()}"
    key = f"board:{hashlib.sha256(state.encode()).hexdigest()}"
    return mark_safe(made_once(key, draw, kept_s=KEPT_S))


@require_safe
def chart(request: HttpRequest, slug: str) -> HttpResponse:
    """A chart of the leaderboard, the first one where none is asked for, as SVG, PNG or JSON."""
    benchmark = _benchmark(request, slug)
    filters = Filters.from_query(request.GET)
    split = _split(benchmark, filters.split)
    board = _board(request, split, filters)
    drawn = board_charts(board)
    wanted = drawn.speed if request.GET.get("chart") == "speed" else None
    charts = (wanted.chart,) if wanted else drawn.charts
    if not charts:
        raise Http404("No row of this leaderboard has numbers to draw.")
    name = "-".join(filter(None, (benchmark.slug, split.name, filters.subset)))
    address = f"{benchmark.get_absolute_url()}?{filters.to_query()}".removesuffix("?")
    return chart_file(request, charts, name=name, address=address) or chart_response(
        request, charts[0], name=name, address=address
    )


@require_safe
def submit_guide(request: HttpRequest, slug: str) -> HttpResponse:
    """Format, limits, quota, commands, and the problems a file may have."""
    benchmark = _benchmark(request, slug)
    split = _split_or_none(benchmark, request.GET.get("split", ""))
    user = request.user
    # Those of the ground truth are the organisers' business.
    problems = [
        problem
        for problem in PROBLEMS.values()
        if benchmark.task in problem.tasks and not problem.code.startswith("gt-")
    ]
    context = _context(benchmark, split, "submit") | {
        "give_backs": GIVE_BACKS,
        "quota": quota_for(user=user, split=split) if split and isinstance(user, User) else None,
        "format_template": f"benchmarks/partials/format/{benchmark.task}.html",
        "filename": benchmark.predictions_name,
        "server": f"{request.scheme}://{request.get_host()}",
        "upload_limit_bytes": settings.UPLOAD_LIMIT_BYTES,
        "sample": sample_predictions(split)[:1] if split and not benchmark.has_maps else [],
        "errors": [problem for problem in problems if problem.severity == "error"],
        "warnings": [problem for problem in problems if problem.severity == "warning"],
    }
    return render(request, "benchmarks/submit_guide.html", context)


@require_safe
def sample(request: HttpRequest, slug: str, split: str) -> HttpResponse:
    """A results.json that would be accepted, for splits whose ground truth is public."""
    benchmark = _benchmark(request, slug)
    found = _split(benchmark, split)
    if not found.ground_truth_public or benchmark.has_maps:
        raise Http404("This split has no sample file.")
    response = JsonResponse(sample_predictions(found), safe=False)
    response["Content-Disposition"] = 'attachment; filename="results.json"'
    return response


@require_safe
def ablations(request: HttpRequest, slug: str) -> HttpResponse:
    """What each component and setting of a method changes here."""
    benchmark = _benchmark(request, slug)
    split = _split_or_none(benchmark, request.GET.get("split", ""))
    server = f"{request.scheme}://{request.get_host()}"
    measured = study_cards(benchmark_measured(benchmark=benchmark, user=request.user, split=split), server)
    cards = study_cards(benchmark_studies(benchmark=benchmark, user=request.user), server)
    file = chart_file(request, (chart for card in (*measured, *cards) for chart in card.charts))
    if file:
        return file
    context = _context(benchmark, split, "ablations") | {
        "measured": measured,
        "cards": cards,
        "api_address": f"/api/v1/benchmarks/{benchmark.slug}/ablations",
    }
    return render(request, "ablations/page.html", context)


@require_safe
def about(request: HttpRequest, slug: str) -> HttpResponse:
    """Description, licence, citation, splits with their times, and what each metric means."""
    benchmark = _benchmark(request, slug)
    split = _split_or_none(benchmark, request.GET.get("split", ""))
    scored = benchmark.spec.metrics if benchmark.spec else ()
    keys = [key for key in column_order(benchmark) if key in scored]
    context = _context(benchmark, split, "about") | {
        "metrics": [metric(key) for key in keys],
        "subsets": VideoSubset.objects.filter(split__benchmark=benchmark).select_related("split__benchmark"),
        "evaluator_version": evaluator_version,
    }
    return render(request, "benchmarks/about.html", context)


def _benchmark(request: HttpRequest, slug: str) -> Benchmark:
    with missing_is_404():
        return benchmark_get(user=request.user, slug=slug)


def _split(benchmark: Benchmark, name: str) -> Split:
    with missing_is_404():
        return split_get(benchmark=benchmark, name=name)


def _board(request: HttpRequest, split: Split, filters: Filters) -> Leaderboard:
    with missing_is_404():
        return leaderboard(split=split, user=request.user, filters=filters)


def _split_or_none(benchmark: Benchmark, name: str) -> Split | None:
    if not name and not benchmark.splits.exists():
        return None
    return _split(benchmark, name)


def _context(
    benchmark: Benchmark, split: Split | None, tab: str, splits: Sequence[Split] | None = None
) -> dict[str, object]:
    """Return the context of the head of every benchmark page."""
    return {
        "section": "benchmarks",
        "tab": tab,
        "benchmark": benchmark,
        "split": split,
        "splits": benchmark.splits.defer("videos") if splits is None else splits,
        "categories": split.known_categories if split else benchmark.categories,
        "primary": metric(primary_metric(benchmark)),
    }
