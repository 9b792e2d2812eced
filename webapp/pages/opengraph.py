"""What other sites show of a link (OpenGraph): title, description and picture, the same for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse

from evaluator.types import VideoInfo
from webapp.benchmarks.models import Split
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.leaderboards.places import named
from webapp.methods.models import Method
from webapp.pages.outside.card import HEIGHT, WIDTH
from webapp.playback.frames import smaller_size
from webapp.playback.permissions import frames_are_visible, masks_are_visible, truth_is_visible
from webapp.playback.posters import SIZE
from webapp.submissions.models import Submission


@dataclass(frozen=True, slots=True)
class OpenGraph:
    """Addresses are absolute; `width` and `height` are those of the picture."""

    title: str
    description: str
    url: str
    picture: str
    picture_type: str = "image/png"
    width: int = WIDTH
    height: int = HEIGHT


def board_opengraph(request: HttpRequest, split: Split) -> OpenGraph | None:
    """Describe a board; None where others cannot see it."""
    if not split.is_known_to_all:
        return None
    primary = metric(primary_metric(split.benchmark))
    return OpenGraph(
        title=f"{split} leaderboard",
        description=split.benchmark.summary or f"Methods on {split}, ranked by {primary.title}.",
        url=request.build_absolute_uri(split.get_absolute_url()),
        picture=_picture(request, "outside:picture", split.benchmark.slug, split.name),
    )


def method_opengraph(request: HttpRequest, method: Method, splits: list[Split]) -> OpenGraph | None:
    """Describe a method with a place on these boards; None where it has none that others see."""
    if not splits:
        return None
    return OpenGraph(
        title=method.name,
        description=f"{method.name} on {', '.join(map(str, splits))}: scores and ranks.",
        url=request.build_absolute_uri(method.get_absolute_url()),
        picture=_picture(request, "outside:method_picture", method.slug),
    )


def result_opengraph(request: HttpRequest, submission: Submission) -> OpenGraph | None:
    """Describe a result; None where others cannot see it."""
    split = submission.split
    if not submission.is_shown or not split.is_known_to_all:
        return None
    name = named(submission.variant)
    return OpenGraph(
        title=f"{name} on {split}",
        description=f"A result of {name} on {split}: its scores, its rank, and how it was measured.",
        url=request.build_absolute_uri(submission.get_absolute_url()),
        picture=_picture(request, "outside:result_picture", submission.pk),
    )


def video_opengraph(
    request: HttpRequest, split: Split, video: VideoInfo, submissions: Sequence[Submission]
) -> OpenGraph | None:
    """Describe a video by its poster, with masks of the first submission; None where others cannot see it."""
    anybody = AnonymousUser()
    if not split.is_known_to_all or not all(masks_are_visible(anybody, one) for one in submissions):
        return None
    has_frames = bool(split.frames_dir) and frames_are_visible(anybody, split)
    if not submissions and not has_frames and not truth_is_visible(anybody, split):
        return None
    names = " and ".join(named(one.variant) for one in submissions)
    query = {"split": split.name, **({"submission": submissions[0].pk} if submissions else {})}
    poster = reverse("videos:poster", args=[split.benchmark.slug, video.id])
    width, height = smaller_size((video.width, video.height), SIZE)
    return OpenGraph(
        title=f"{video.name}, {names or split}",
        description=f"Masks of {names} in a video of {split}, frame by frame."
        if names
        else f"A video of {split}, frame by frame.",
        url=request.build_absolute_uri(),
        picture=f"{request.build_absolute_uri(poster)}?{urlencode(query)}",
        picture_type="image/jpeg",
        width=width,
        height=height,
    )


def _picture(request: HttpRequest, pattern: str, *arguments: object) -> str:
    return request.build_absolute_uri(reverse(pattern, args=arguments))
