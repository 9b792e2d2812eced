"""What the views of this folder share."""

import hashlib
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import split_shown_outside
from webapp.cache import made_once
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import Leaderboard, boards_version, leaderboard
from webapp.pages.live import missing_is_404
from webapp.submissions.models import Submission
from webapp.submissions.selectors import submissions_visible_to

# A page is kept so long, for those who ask for the same at the same time.
KEPT_S = 2


def split_shown(slug: str, name: str) -> Split:
    with missing_is_404():
        return split_shown_outside(slug=slug, name=name)


def result_shown(submission_id: UUID) -> Submission:
    """A public result on a split that everybody may know of."""
    with missing_is_404():
        submission = submissions_visible_to(AnonymousUser()).get(pk=submission_id)
        split = submission.split
        submission.split = split_shown_outside(slug=split.benchmark.slug, name=split.name)
    return submission


def board_shown(split: Split, filters: Filters, limit: int) -> Leaderboard:
    with missing_is_404():
        return leaderboard(split=split, user=AnonymousUser(), filters=filters, limit=limit)


def number(request: HttpRequest, name: str, otherwise: int, least: int, most: int) -> int:
    text = request.GET.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) < 6
    return min(max(least, int(text)), most) if is_number else otherwise


def page(request: HttpRequest, split: Split, query: str, template: str, more: dict[str, object]) -> str:
    path = f"{split.benchmark.get_absolute_url()}?{query}"
    context = {
        "split": split,
        "is_blind": not split.shows_scores(),
        "site_name": settings.SITE_NAME,
        "home": request.build_absolute_uri(path),
        "day": timezone.now(),
    }
    return render_to_string(template, context | more)


def kept(
    request: HttpRequest, split: Split, draw: Callable[[], str], content_type: str | None = None
) -> HttpResponse:
    """Draw a page or a picture once for all who ask at the same time; no change of a row is missed."""
    state = f"{request.build_absolute_uri()} {boards_version(split=split, user=AnonymousUser())}"
    key = f"embed:{hashlib.sha256(state.encode()).hexdigest()}"
    return HttpResponse(made_once(key, draw, kept_s=KEPT_S), content_type=content_type)
