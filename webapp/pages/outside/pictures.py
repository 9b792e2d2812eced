"""Pictures beside links to boards, methods and results: what stands in them, for everybody the same."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from webapp.benchmarks.models import Split
from webapp.cache import made_once
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.leaderboards.places import Place, place_of_submission, places_first, places_of_method
from webapp.numbers import percent
from webapp.pages.outside.card import LINES, Card, CardLine, card_png, card_svg
from webapp.pages.outside.parts import result_shown, split_shown

HIDDEN = "Scores are hidden in this phase"
# What is in a picture is its key, so a picture is never too old.
KEPT_S = 300


@require_safe
def board(request: HttpRequest, slug: str, split: str) -> HttpResponse:
    """The first places of a board."""
    found = split_shown(slug, split)
    primary = metric(primary_metric(found.benchmark))
    said = f"Leaderboard by {primary.label}, percent" if found.shows_scores() else HIDDEN
    places = places_first(found, LINES)
    top = max((place.value for place in places), default=0.0)
    lines = tuple(_line_of_board(place, top) for place in places)
    return _picture(request, str(found), said, lines)


@require_safe
def method(request: HttpRequest, slug: str) -> HttpResponse:
    """The best place of a method on each board."""
    places = places_of_method(slug)
    if not places:
        raise Http404("Nothing is known of it outside")
    about = places[0].submission.variant.method
    said = " · ".join(filter(None, (about.team or about.authors, about.venue or str(about.year or ""))))
    return _picture(request, about.name, said, tuple(_line_of_place(place) for place in places))


@require_safe
def result(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The number of a result and its place."""
    submission = result_shown(submission_id)
    split, place = submission.split, place_of_submission(submission)
    said = submission.variant.name if submission.variant.name != "default" else ""
    if not split.shows_scores():
        said = HIDDEN
    lines = () if place is None else (_line_of_place(place),)
    return _picture(request, submission.variant.method.name, said or f"Result on {split}", lines)


def _line_of_board(place: Place, top: float) -> CardLine:
    rank = f"{place.rank}. " if place.rank is not None else ""
    share = place.value / top if top and place.metric.higher_is_better else None
    return CardLine(f"{rank}{place.name}", percent(place.value), share)


def _line_of_place(place: Place) -> CardLine:
    split: Split = place.submission.split
    return CardLine(str(split), place.text)


def _picture(request: HttpRequest, title: str, subtitle: str, lines: tuple[CardLine, ...]) -> HttpResponse:
    foot = f"{settings.SITE_NAME} · {request.get_host()}"
    svg = card_svg(Card(title, subtitle, lines, foot))
    key = f"card:{hashlib.sha256(svg.encode()).hexdigest()}"
    return HttpResponse(made_once(key, lambda: card_png(svg), kept_s=KEPT_S), content_type="image/png")
