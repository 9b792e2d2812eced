"""Pages that belong to no app: home, and the way to a benchmark to submit to."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.defaults import server_error

from webapp.benchmarks.selectors import open_splits
from webapp.blobs.disk import DiskFull, is_disk_full
from webapp.leaderboards.home import benchmark_cards, latest_scored
from webapp.pages.videos.ways import covers
from webapp.runs.services import runs_are_for_everyone


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    cards = benchmark_cards(request.user)
    pictures = covers([card.split for card in cards if card.split], request.user)
    context = {
        "section": "benchmarks",
        "cards": [(card, pictures.get(card.split.pk) if card.split else None) for card in cards],
        "is_coming": any(picture.is_coming for picture in pictures.values()),
        "latest": latest_scored(request.user),
    }
    return render(request, "home.html", context)


@require_safe
def about_numbers(request: HttpRequest) -> HttpResponse:
    """Explain the marks of numbers, their intervals and their rounding."""
    return render(request, "about_numbers.html", {"everyone_runs": runs_are_for_everyone()})


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Exclude pages for programs and personal pages from search engines."""
    closed = (reverse("api:api-root"), "/accounts/", reverse("admin:index"))
    lines = ("User-agent: *", *(f"Disallow: {path}" for path in closed))
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def failed(request: HttpRequest) -> HttpResponse:
    """The answer where something unforeseen went wrong; Django calls it while it handles the error."""
    if is_disk_full(sys.exc_info()[1]):
        return HttpResponse(render_to_string("507.html"), status=DiskFull().status)
    return server_error(request)


@require_safe
def submit(request: HttpRequest) -> HttpResponse:
    """Go on to the only benchmark that is open, or let people choose."""
    splits = open_splits(request.user)
    slugs = {split.benchmark.slug for split in splits}
    if len(slugs) == 1:
        return redirect("submissions:new", slug=slugs.pop())
    return render(request, "submit.html", {"splits": splits})
