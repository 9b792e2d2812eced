"""What the player reads: ranges of the files with masks and events."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from webapp.playback.serving import events_response, masks_response


@require_safe
def masks(request: HttpRequest, slug: str, digest: str) -> HttpResponseBase:
    """Masks of `submission` (its id), or of the ground truth of the split `truth`."""
    return masks_response(
        request,
        slug=slug,
        digest=digest,
        submission=request.GET.get("submission", ""),
        truth=request.GET.get("truth", ""),
    )


@require_safe
def events(request: HttpRequest, slug: str, digest: str) -> HttpResponseBase:
    """What `submission` (its id) does with each annotated object."""
    return events_response(request, slug=slug, digest=digest, submission=request.GET.get("submission", ""))
