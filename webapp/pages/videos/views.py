"""The page of a video: its masks, played."""

from contextlib import suppress
from itertools import islice
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmark_get, split_get
from webapp.pages.live import missing_is_404
from webapp.pages.opengraph import video_opengraph
from webapp.pages.videos.page import MODULES, choices, objects_of, player_data
from webapp.playback.permissions import Person, frames_are_visible
from webapp.playback.selectors import SUBMISSIONS, layers_for, submissions_shown, video_get
from webapp.playback.services import look
from webapp.submissions.models import Submission

STATE_ID = "video-state"


@require_safe
def page(request: HttpRequest, slug: str, video_id: int) -> HttpResponse:
    """Show a video of `split` with up to two `submissions`; what is not there yet is asked for and polled."""
    with missing_is_404():
        benchmark = benchmark_get(user=request.user, slug=slug)
        split = split_get(benchmark=benchmark, name=request.GET.get("split", ""))
        video = video_get(split, video_id)
        ids = _ids(request)
        submissions = _shown(split, ids, request.user)
    look(split, submissions, request.user)
    layers = layers_for(split, submissions, request.user, video.id)
    if split.is_closed and not layers and not request.user.is_staff:
        raise Http404("Nobody knows yet what this split is to be")
    is_state = request.headers.get("HX-Target") == STATE_ID
    is_coming = any(one.state in ("making", "absent") or one.events_are_coming for one in layers)
    context = {
        "section": "benchmarks",
        "benchmark": benchmark,
        "split": split,
        "video": video,
        "layers": layers,
        "is_coming": is_coming,
        "state_id": STATE_ID,
    }
    if is_state:
        response = render(request, "videos/partials/state.html", context)
        if not is_coming:
            response["HX-Refresh"] = "true"  # the player opens with all of it, where it was
    else:
        has_frames = bool(split.frames_dir) and frames_are_visible(request.user, split)
        data = player_data(split, video, layers, has_frames=has_frames)
        videos = split.video_infos()
        index = next(n for n, one in enumerate(videos) if one.id == video.id)
        context |= {
            "player": data,
            "modules": MODULES,
            "frames": data["frames"],
            "is_ready": any(one.state == "ready" for one in layers),
            "lists": objects_of(split, layers),
            "before": videos[index - 1] if index else None,
            "after": next(islice(videos, index + 1, None), None),
            "query": request.GET.urlencode(),
            "number": index + 1,
            "chosen": [str(one.pk) for one in submissions] + [""] * (SUBMISSIONS - len(submissions)),
            "is_less": len(submissions) < len(set(ids)),
            "choices": choices(split, submissions, request.user),
            "opengraph": video_opengraph(request, split, video, submissions),
        }
        response = render(request, "videos/page.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def first(request: HttpRequest, slug: str) -> HttpResponse:
    """Go on to the first video of `split`, with the same `submissions`."""
    with missing_is_404():
        benchmark = benchmark_get(user=request.user, slug=slug)
        split = split_get(benchmark=benchmark, name=request.GET.get("split", ""))
    video = next(iter(split.video_infos()), None)
    if video is None or (split.is_closed and not request.user.is_staff and not _ids(request)):
        raise Http404("This split has no video that this visitor may see")
    address = reverse("videos:page", args=[slug, video.id])
    return redirect(f"{address}?{request.GET.urlencode(safe=',')}".removesuffix("?"))


def _shown(split: Split, ids: list[UUID], user: Person) -> list[Submission]:
    """Return the submissions that may be seen. Raises Submission.DoesNotExist if that is none of some."""
    found = []
    for id in dict.fromkeys(ids):
        with suppress(Submission.DoesNotExist):
            found += submissions_shown(split, [id], user)
    if ids and not found:
        raise Submission.DoesNotExist
    return found


def _ids(request: HttpRequest) -> list[UUID]:
    texts = [text.strip() for text in ",".join(request.GET.getlist("submissions")).split(",") if text.strip()]
    try:
        return [UUID(text) for text in texts][:SUBMISSIONS]
    except ValueError:
        raise Http404 from None
