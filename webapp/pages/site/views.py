"""Pages that belong to no app: home, and the way to a benchmark to submit to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from webapp.benchmarks.selectors import open_splits
from webapp.leaderboards.home import benchmark_cards, latest_scored


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    context = {
        "section": "benchmarks",
        "cards": benchmark_cards(request.user),
        "latest": latest_scored(request.user),
    }
    return render(request, "home.html", context)


@require_safe
def about_numbers(request: HttpRequest) -> HttpResponse:
    """Explain the marks of numbers, their intervals and their rounding."""
    return render(request, "about_numbers.html")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Exclude pages for programs and personal pages from search engines."""
    closed = (reverse("api:api-root"), "/accounts/", reverse("admin:index"))
    lines = ("User-agent: *", *(f"Disallow: {path}" for path in closed))
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def submit(request: HttpRequest) -> HttpResponse:
    """Go on to the only benchmark that is open, or let people choose."""
    splits = open_splits(request.user)
    slugs = {split.benchmark.slug for split in splits}
    if len(slugs) == 1:
        return redirect("submissions:new", slug=slugs.pop())
    return render(request, "submit.html", {"splits": splits})
