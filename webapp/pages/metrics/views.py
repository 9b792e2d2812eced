"""A page for each metric, from the catalog of the evaluator."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluator.catalog import METRICS, benchmarks_with
from evaluator.catalog.families import FAMILIES, command_for, metrics_of
from evaluator.catalog.spec import SCENES
from webapp.benchmarks.selectors import benchmarks_visible_to


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All metrics, by what they measure."""
    families = [(key, title, metrics_of(key)) for key, title in FAMILIES.items()]
    return render(request, "metrics/list.html", {"section": "metrics", "families": families})


@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """Formula, quirks, source and an example of one metric, and the boards that show it."""
    spec = METRICS.get(key)
    if spec is None:
        raise Http404("No such metric")
    benchmarks = benchmarks_with(key)
    boards = benchmarks_visible_to(request.user).filter(evaluator__in=[one.key for one in benchmarks])
    context = {
        "section": "metrics",
        "metric": spec,
        "scene": SCENES[spec.example.scene],
        "is_analysed": spec.is_analysed,
        "benchmarks": benchmarks,
        "boards": boards.defer("description", "citation", "categories"),
        "command": command_for(spec),
    }
    return render(request, "metrics/detail.html", context)
