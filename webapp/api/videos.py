"""/benchmarks/{slug}/videos: what can be seen of a video, its frames, and the files with its masks."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from ninja import Field, Router, Schema

from evaluator.types import VideoInfo
from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmark_get, split_get
from webapp.charts.palette import DARK
from webapp.playback.frames import SIZES
from webapp.playback.permissions import frames_are_visible
from webapp.playback.selectors import SUBMISSIONS, Layer, layers_for, submissions_shown, video_get
from webapp.playback.services import look
from webapp.playback.serving import JPEG, events_response, frame_response, masks_response, poster_response
from webapp.refusal import Refused
from webapp.rest.auth import anyone, person
from webapp.rest.document import header_parameter, headers, problems

router = Router(tags=["videos"])
BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
TEXT: dict[str, Any] = {"type": "string"}
RANGES: dict[str, Any] = {
    "parameters": [header_parameter("Range", "Bytes to send, such as `bytes=8-4000`.", TEXT)],
    "responses": {
        200: {"description": "The whole file.", "content": {"application/octet-stream": BYTES}},
        206: {
            "description": "The bytes that Range asks for.",
            "content": {"application/octet-stream": BYTES},
            "headers": headers(Content_Range=("Which bytes of how many.", TEXT)),
        },
        304: {"description": "You have it already: it never changes."},
        **problems(416)["responses"],
    },
}
PICTURE: dict[str, Any] = {"responses": {200: {"description": "A picture.", "content": {JPEG: BYTES}}}}


class LayerOut(Schema):
    """Masks of one video: of the ground truth or of a submission."""

    key: str = Field(description="truth, or a and b for submissions in the order of the address")
    title: str
    submission: UUID | None
    state: str = Field(
        description="ready; making: ask again in a moment; absent: ask again, it has just been asked for; "
        "gone: there is nothing to see"
    )
    message: str = Field(description="why it is not ready; empty where it is")
    progress: float = Field(description="share that is done, while it is being made")
    url: str | None = Field(description="address of the file with the masks; ask for ranges of it")
    offsets: list[int] = Field(
        description="where the pieces of this video begin in the file, the last one where they end: a head, "
        "and one piece for every 32 frames, each compressed by itself (zlib)"
    )
    events_url: str | None = Field(
        description="address of the file with what happens to each annotated object; null where ground truth "
        "or numbers are hidden, and until it is made"
    )
    events_offsets: list[int]


class FramesOut(Schema):
    """Where the frames of a video are."""

    url: str = Field(
        description="address of a frame: put a size for {size}, and its number from 0 for {index}"
    )
    sizes: list[str] = Field(
        description="480 and 720: pixels of the shorter side, never more than it has; full"
    )


class VideoOut(Schema):
    benchmark: str
    split: str
    id: int
    name: str
    length: int = Field(description="in frames")
    height: int
    width: int
    frames: FramesOut | None = Field(description="null where you may not see them, or none are there")
    poster: str = Field(description="address of a small picture of it, with masks as far as you may see them")
    layers: list[LayerOut]


@router.get(
    "/benchmarks/{slug:slug}/videos/{int:id}",
    auth=anyone,
    response=VideoOut,
    summary="Look at a video",
)
def video(request: HttpRequest, slug: str, id: int, split: str = "", submissions: str = "") -> VideoOut:
    """What you may see of a video: its ground truth where that is public, and up to two submissions.

    `submissions` are ids with a comma between them, to this split. Masks that nobody has looked at for a long
    time are prepared when you ask: ask again until `state` is ready.
    """
    ids = _ids(submissions)
    try:
        chosen = split_get(benchmark=benchmark_get(user=person(request), slug=slug), name=split)
        found = video_get(chosen, id)
        rows = submissions_shown(chosen, ids, person(request))
    except ObjectDoesNotExist:
        raise Http404 from None
    look(chosen, rows, person(request))
    layers = layers_for(chosen, rows, person(request), id, door="api")
    if chosen.is_closed and not layers and not person(request).is_staff:
        raise Http404("Nobody knows yet what this split is to be")
    return VideoOut(
        benchmark=slug,
        split=chosen.name,
        id=found.id,
        name=found.name,
        length=found.length,
        height=found.height,
        width=found.width,
        frames=_frames(chosen, found, request),
        poster=_address(request, "poster", chosen, found.id),
        layers=[_layer(one, request) for one in layers],
    )


@router.get(
    "/benchmarks/{slug:slug}/videos/{int:id}/frames/{size}/{int:index}.jpg",
    auth=anyone,
    url_name="frame",
    summary="Read a frame",
    openapi_extra=PICTURE,
)
def frame(
    request: HttpRequest, slug: str, id: int, size: str, index: int, split: str = ""
) -> HttpResponseBase:
    """Read a frame as JPEG: `size` is 480, 720 (pixels of the shorter side) or full; `index` counts from 0.

    A frame that is missing, broken, or of another size than its masks is not found, with that as the problem.
    """
    return frame_response(request, slug=slug, split=split, video_id=id, size=size, index=index)


@router.get(
    "/benchmarks/{slug:slug}/videos/{int:id}/poster.jpg",
    auth=anyone,
    url_name="poster",
    summary="Read the poster of a video",
    openapi_extra=PICTURE,
)
def poster(
    request: HttpRequest, slug: str, id: int, split: str = "", submission: str = ""
) -> HttpResponseBase:
    """Read one frame with masks as a small JPEG: those of a submission (its id), or of the ground truth.

    Masks that are not there yet are prepared when you ask; until then the poster does without.
    """
    return poster_response(request, slug=slug, split=split, video_id=id, submission=submission, palette=DARK)


@router.get(
    "/benchmarks/{slug:slug}/masks/{digest}",
    auth=anyone,
    url_name="masks",
    summary="Read masks",
    openapi_extra=RANGES,
)
def masks(
    request: HttpRequest, slug: str, digest: str, submission: str = "", truth: str = ""
) -> HttpResponseBase:
    """Read the file with the masks of a submission (its id), or of the ground truth of the split `truth`.

    The address is the `url` of a layer. What the bytes mean is in docs/playback.md.
    """
    return masks_response(request, slug=slug, digest=digest, submission=submission, truth=truth)


@router.get(
    "/benchmarks/{slug:slug}/events/{digest}",
    auth=anyone,
    url_name="events",
    summary="Read what happens to objects",
    openapi_extra=RANGES,
)
def events(request: HttpRequest, slug: str, digest: str, submission: str) -> HttpResponseBase:
    """Read the file with what a submission does with each annotated object, frame by frame.

    The address is the `events_url` of a layer. What the bytes mean is in docs/playback.md.
    """
    return events_response(request, slug=slug, digest=digest, submission=submission)


def _ids(text: str) -> list[UUID]:
    try:
        ids = list(dict.fromkeys(UUID(one.strip()) for one in text.split(",") if one.strip()))
    except ValueError:
        raise Refused(
            "submission-id",
            f"Not every one of {text[:200]!r} is the id of a submission.",
            "An id is the last part of the address of a submission's page.",
        ) from None
    if len(ids) > SUBMISSIONS:
        raise Refused(
            "submissions-count",
            f"Expected at most {SUBMISSIONS} submissions, but got {len(ids)}.",
            "Write their ids with a comma between them: ?submissions=ID,ID.",
        )
    return ids


def _frames(split: Split, video: VideoInfo, request: HttpRequest) -> FramesOut | None:
    if not split.frames_dir or not frames_are_visible(request.user, split):
        return None
    poster = _address(request, "poster", split, video.id)
    return FramesOut(url=poster.replace("/poster.jpg?", "/frames/{size}/{index}.jpg?"), sizes=list(SIZES))


def _address(request: HttpRequest, name: str, split: Split, *args: Any) -> str:
    path = reverse(f"api:{name}", args=[split.benchmark.slug, *args])
    return request.build_absolute_uri(f"{path}?{urlencode({'split': split.name})}")


def _layer(layer: Layer, request: HttpRequest) -> LayerOut:
    return LayerOut(
        key=layer.key,
        title=layer.title,
        submission=layer.submission_id,
        state=layer.state,
        message=layer.message,
        progress=layer.progress,
        url=request.build_absolute_uri(layer.url) if layer.url else None,
        offsets=list(layer.offsets),
        events_url=request.build_absolute_uri(layer.events_url) if layer.events_url else None,
        events_offsets=list(layer.events_offsets),
    )
