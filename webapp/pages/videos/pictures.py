"""Frames of a video, its poster and the cover of a split as JPEG, for whoever may see them."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from evaluator.types import VideoInfo
from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmark_get, split_get
from webapp.charts.palette import DARK
from webapp.pages.live import missing_is_404
from webapp.playback.frames import SIZES, FrameUnusable, frame_picture
from webapp.playback.permissions import caching_of_frames, frames_are_visible
from webapp.playback.posters import Poster, cover_for, poster_for
from webapp.playback.selectors import submissions_shown, video_get
from webapp.rest.ranges import kept

JPEG = "image/jpeg"


@require_safe
def frame(request: HttpRequest, slug: str, video_id: int, size: str, index: int) -> HttpResponseBase:
    """A frame; where it cannot be shown, a sentence says why, as JSON."""
    split, video = _video(request, slug, video_id)
    if size not in SIZES or not frames_are_visible(request.user, split):
        raise Http404("There is no such frame, or none that this visitor may see")
    try:
        picture = frame_picture(split, video, index, size)
    except FrameUnusable as unusable:
        said = {"code": unusable.code, "message": unusable.message}
        return kept(JsonResponse(said, status=unusable.status), "no-store")  # an organiser may put it right
    return kept(HttpResponse(picture, content_type=JPEG), caching_of_frames(request.user, split))


@require_safe
def poster(request: HttpRequest, slug: str, video_id: int) -> HttpResponseBase:
    """A frame with the masks of `submission` (its id), or without one with those of the ground truth."""
    split, video = _video(request, slug, video_id)
    with missing_is_404():
        asked = request.GET.get("submission", "")
        submission = submissions_shown(split, [_uuid(asked)], request.user)[0] if asked else None
    return _answer(poster_for(split, video, submission, request.user, DARK))


@require_safe
def cover(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A poster that stands for a split, of one of its videos."""
    return _answer(cover_for(_split(request, slug), None, request.user, DARK))


def _answer(found: Poster | None) -> HttpResponseBase:
    if found is None:
        raise Http404("There is nothing to see that this visitor may see")
    return kept(HttpResponse(found.picture, content_type=JPEG), found.caching)


def _split(request: HttpRequest, slug: str) -> Split:
    with missing_is_404():
        benchmark = benchmark_get(user=request.user, slug=slug)
        return split_get(benchmark=benchmark, name=request.GET.get("split", ""))


def _video(request: HttpRequest, slug: str, video_id: int) -> tuple[Split, VideoInfo]:
    split = _split(request, slug)
    with missing_is_404():
        return split, video_get(split, video_id)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404("That is the id of no submission") from None
