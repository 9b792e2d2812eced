"""Answers with pieces of a store, for pages and the API alike. Bytes of a file, and nothing is decoded."""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.selectors import benchmark_get
from webapp.playback import files
from webapp.playback.models import MaskStore
from webapp.playback.permissions import caching_of_events, caching_of_masks, caching_of_truth
from webapp.playback.selectors import RELATED, UNREAD, events_file, masks_file, truth_file
from webapp.rest.ranges import file_response
from webapp.submissions.models import Submission

MISSING = (
    *(Benchmark.DoesNotExist, Split.DoesNotExist, Submission.DoesNotExist, MaskStore.DoesNotExist),
    FileNotFoundError,  # it was let go a moment ago
)


def masks_response(
    request: HttpRequest, *, slug: str, digest: str, submission: str, truth: str
) -> HttpResponseBase:
    """Answer with masks of a submission, or with those of the ground truth of the split `truth`.

    Raises Http404, also where this person must not see them, or where the digest is that of something else.
    """
    try:
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
    except MISSING:
        raise Http404 from None


def events_response(request: HttpRequest, *, slug: str, digest: str, submission: str) -> HttpResponseBase:
    """Answer with what a submission does with each object. Raises as `masks_response`."""
    try:
        row = _submission(benchmark_get(user=request.user, slug=slug), submission)
        events_file(row, digest, request.user)
        return _response(request, digest, caching_of_events(request.user, row))
    except MISSING:
        raise Http404 from None


def _split(benchmark: Benchmark, name: str) -> Split:
    if "\x00" in name:  # no text of PostgreSQL has one
        raise Split.DoesNotExist
    rows = Split.objects.select_related("benchmark", "ground_truth").defer("videos", "categories")
    return rows.get(benchmark=benchmark, name=name)


def _submission(benchmark: Benchmark, id: str) -> Submission:
    try:
        uuid = UUID(id)
    except ValueError:
        raise Submission.DoesNotExist from None
    rows = Submission.objects.select_related(*RELATED).defer(*UNREAD)
    return rows.get(pk=uuid, split__benchmark=benchmark)


def _response(request: HttpRequest, digest: str, caching: str) -> HttpResponseBase:
    path = files.path_of(digest)
    files.seen(path)
    return file_response(
        request, path, etag=digest, cache_control=caching, content_type="application/octet-stream"
    )
