"""Pictures beside links to boards, methods and results: what stands in them, for everybody the same."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from webapp.benchmarks.models import Split
from webapp.cache import made_once
from webapp.charts.palette import DARK
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.leaderboards.places import Place, place_of_submission, places_first, places_of_method
from webapp.numbers import percent
from webapp.pages.outside.card import LINES, Card, CardLine, card_png, card_svg
from webapp.pages.outside.parts import result_shown, split_shown
from webapp.playback.permissions import masks_are_visible
from webapp.playback.posters import cover_for
from webapp.playback.services import has_masks
from webapp.submissions.models import Submission

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
    return _picture(request, Card(str(found), said, lines, _poster(found)))


@require_safe
def method(request: HttpRequest, slug: str) -> HttpResponse:
    """The best place of a method on each board."""
    places = places_of_method(slug)
    if not places:
        raise Http404("Nothing is known of it outside")
    about = places[0].submission.variant.method
    said = " · ".join(filter(None, (about.team or about.authors, about.venue or str(about.year or ""))))
    lines = tuple(_line_of_place(place) for place in places)
    first = places[0].submission
    return _picture(request, Card(about.name, said, lines, _poster(first.split, first)))


@require_safe
def result(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The number of a result and its place."""
    submission = result_shown(submission_id)
    split, place = submission.split, place_of_submission(submission)
    said = submission.variant.name if submission.variant.name != "default" else ""
    if not split.shows_scores():
        said = HIDDEN
    lines = () if place is None else (_line_of_place(place),)
    title = submission.variant.method.name
    return _picture(request, Card(title, said or f"Result on {split}", lines, _poster(split, submission)))


def _line_of_board(place: Place, top: float) -> CardLine:
    rank = f"{place.rank}. " if place.rank is not None else ""
    share = place.value / top if top and place.metric.higher_is_better else None
    return CardLine(f"{rank}{place.name}", percent(place.value), share)


def _line_of_place(place: Place) -> CardLine:
    split: Split = place.submission.split
    return CardLine(str(split), place.text)


def _poster(split: Split, submission: Submission | None = None) -> bytes:
    """Return a frame with the masks of a submission, or else of the split, as far as anybody may see them."""
    anybody = AnonymousUser()
    sees_masks = submission is not None and has_masks(submission) and masks_are_visible(anybody, submission)
    found = cover_for(split, submission if sees_masks else None, anybody, DARK, asks=False)
    return found.picture if found else b""


def _picture(request: HttpRequest, card: Card) -> HttpResponse:
    svg = card_svg(card, foot=f"{settings.SITE_NAME} · {request.get_host()}")
    key = f"card:{hashlib.sha256(svg.encode()).hexdigest()}"
    return HttpResponse(made_once(key, lambda: card_png(svg), kept_s=KEPT_S), content_type="image/png")
