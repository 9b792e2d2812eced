"""Answers with pieces of a store and with pictures, for pages and the API alike.

Of a store bytes are sent, and nothing is decoded. All of it raises Http404, also where this person must not
see what is there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from evaluator.types import VideoInfo
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.selectors import benchmark_get, split_get
from webapp.playback import files
from webapp.playback.frames import SIZES, frame_picture, frame_pictures
from webapp.playback.models import MaskStore
from webapp.playback.permissions import (
    caching_of_events,
    caching_of_frames,
    caching_of_masks,
    caching_of_truth,
    frames_are_visible,
)
from webapp.playback.posters import Poster, cover_for, poster_for
from webapp.playback.selectors import (
    RELATED,
    UNREAD,
    events_file,
    masks_file,
    submissions_shown,
    truth_file,
    video_get,
)
from webapp.rest.ranges import file_response, kept
from webapp.submissions.models import Submission

JPEG = "image/jpeg"
BYTES = "application/octet-stream"
# Frames in one answer.
LONGEST_WINDOW = 16

MISSING = (
    *(Benchmark.DoesNotExist, Split.DoesNotExist, Submission.DoesNotExist, MaskStore.DoesNotExist),
    FileNotFoundError,  # it was let go a moment ago
)


def masks_response(
    request: HttpRequest, *, slug: str, digest: str, submission: str, truth: str
) -> HttpResponseBase:
    """Answer with masks of a submission, or with those of the ground truth of the split `truth`."""
    with missing_is_404():
        benchmark = benchmark_get(user=request.user, slug=slug)
        if submission:
            row = _submission(benchmark, submission)
            masks_file(row, digest, request.user)
            caching = caching_of_masks(request.user, row)
        else:
            split = _split(benchmark, truth)
            truth_file(split, digest, request.user)
            caching = caching_of_truth(request.user, split)
        return _response(request, digest, caching)


def events_response(request: HttpRequest, *, slug: str, digest: str, submission: str) -> HttpResponseBase:
    """Answer with what a submission does with each object."""
    with missing_is_404():
        row = _submission(benchmark_get(user=request.user, slug=slug), submission)
        events_file(row, digest, request.user)
        return _response(request, digest, caching_of_events(request.user, row))


def frame_response(
    request: HttpRequest, *, slug: str, split: str, video_id: int, size: str, index: int
) -> HttpResponseBase:
    """Answer with a frame.

    Raises FrameUnusable: it is missing, broken, or of another size than its masks.
    """
    chosen, video = _video_with_frames(request, slug, split, video_id, size)
    picture = frame_picture(chosen, video, index, size)
    return kept(HttpResponse(picture, content_type=JPEG), caching_of_frames(request.user, chosen))


def window_response(
    request: HttpRequest, *, slug: str, split: str, video_id: int, size: str, first: int, last: int
) -> HttpResponseBase:
    """Answer with frames that follow each other: the bytes of each (uint32, little-endian), then all of them.

    One that cannot be shown has 0 bytes; `frame_response` says why.
    """
    chosen, video = _video_with_frames(request, slug, split, video_id, size)
    if not first <= last < min(video.length, first + LONGEST_WINDOW):
        raise Http404("There is no such window")
    pictures = frame_pictures(chosen, video, range(first, last + 1), size)
    sizes = [len(picture).to_bytes(4, "little") for picture in pictures]
    answer = HttpResponse(b"".join((*sizes, *pictures)), content_type=BYTES)
    return kept(answer, caching_of_frames(request.user, chosen) if all(pictures) else "no-store")


def _video_with_frames(
    request: HttpRequest, slug: str, split: str, video_id: int, size: str
) -> tuple[Split, VideoInfo]:
    chosen, video = _video(request, slug, split, video_id)
    if size not in SIZES or not frames_are_visible(request.user, chosen):
        raise Http404("There is no such frame, or none that this visitor may see")
    return chosen, video


def poster_response(
    request: HttpRequest,
    *,
    slug: str,
    split: str,
    video_id: int,
    submission: str,
    palette: Sequence[str],
    is_small: bool = False,
) -> HttpResponseBase:
    """Answer with a frame and the masks of a submission, or without one with those of the ground truth."""
    chosen, video = _video(request, slug, split, video_id)
    with missing_is_404():
        shown = submissions_shown(chosen, [_uuid(submission)], request.user)[0] if submission else None
    return _poster_response(poster_for(chosen, video, shown, request.user, palette, is_small=is_small))


def cover_response(
    request: HttpRequest, *, slug: str, split: str, palette: Sequence[str]
) -> HttpResponseBase:
    """Answer with a poster that stands for a split."""
    return _poster_response(cover_for(_shown_split(request, slug, split), None, request.user, palette))


def _poster_response(found: Poster | None) -> HttpResponseBase:
    if found is None:
        raise Http404("There is nothing to see that this visitor may see")
    return kept(HttpResponse(found.picture, content_type=JPEG), found.caching)


@contextmanager
def missing_is_404() -> Iterator[None]:
    """Answer that there is nothing, without saying what it is that is not there."""
    try:
        yield
    except MISSING:
        raise Http404 from None


def _shown_split(request: HttpRequest, slug: str, name: str) -> Split:
    with missing_is_404():
        return split_get(benchmark=benchmark_get(user=request.user, slug=slug), name=name)


def _video(request: HttpRequest, slug: str, split: str, video_id: int) -> tuple[Split, VideoInfo]:
    chosen = _shown_split(request, slug, split)
    with missing_is_404():
        return chosen, video_get(chosen, video_id)


def _split(benchmark: Benchmark, name: str) -> Split:
    if "\x00" in name:  # no text of PostgreSQL has one
        raise Split.DoesNotExist
    rows = Split.objects.select_related("benchmark", "ground_truth").defer("videos", "categories")
    return rows.get(benchmark=benchmark, name=name)


def _submission(benchmark: Benchmark, id: str) -> Submission:
    rows = Submission.objects.select_related(*RELATED).defer(*UNREAD)
    return rows.get(pk=_uuid(id), split__benchmark=benchmark)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Submission.DoesNotExist from None


def _response(request: HttpRequest, digest: str, caching: str) -> HttpResponseBase:
    path = files.path_of(digest)
    files.seen(path)
    return file_response(request, path, etag=digest, cache_control=caching, content_type=BYTES)
