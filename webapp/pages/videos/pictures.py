"""Frames of a video, its poster and the cover of a split as JPEG, for whoever may see them."""

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from webapp.charts.palette import DARK
from webapp.playback.frames import FrameUnusable
from webapp.playback.serving import cover_response, frame_response, poster_response, window_response
from webapp.rest.ranges import kept


@require_safe
def frame(request: HttpRequest, slug: str, video_id: int, size: str, index: int) -> HttpResponseBase:
    """A frame; where it cannot be shown, a sentence says why, as JSON."""
    split = request.GET.get("split", "")
    try:
        return frame_response(request, slug=slug, split=split, video_id=video_id, size=size, index=index)
    except FrameUnusable as unusable:
        said = {"code": unusable.code, "message": unusable.message}
        return kept(JsonResponse(said, status=unusable.status), "no-store")  # an organiser may put it right


@require_safe
def window(
    request: HttpRequest, slug: str, video_id: int, size: str, first: int, last: int
) -> HttpResponseBase:
    """Frames from `first` to `last`, for the player: a request for each would cost more than its bytes."""
    split = request.GET.get("split", "")
    return window_response(
        request, slug=slug, split=split, video_id=video_id, size=size, first=first, last=last
    )


@require_safe
def poster(request: HttpRequest, slug: str, video_id: int) -> HttpResponseBase:
    """A frame with the masks of `submission` (its id), or without one with those of the ground truth.

    `size=small` is for pages that show many.
    """
    return poster_response(
        request,
        slug=slug,
        split=request.GET.get("split", ""),
        video_id=video_id,
        submission=request.GET.get("submission", ""),
        palette=DARK,
        is_small=request.GET.get("size") == "small",
    )


@require_safe
def cover(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A poster that stands for a split, of one of its videos."""
    return cover_response(request, slug=slug, split=request.GET.get("split", ""), palette=DARK)
