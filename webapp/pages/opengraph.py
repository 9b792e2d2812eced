"""What other sites show of a link (OpenGraph): title, description and picture, the same for everybody."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from webapp.benchmarks.models import Split
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.leaderboards.places import named
from webapp.methods.models import Method
from webapp.submissions.models import Submission


@dataclass(frozen=True, slots=True)
class OpenGraph:
    """Addresses are absolute."""

    title: str
    description: str
    url: str
    picture: str


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


def _picture(request: HttpRequest, pattern: str, *arguments: object) -> str:
    return request.build_absolute_uri(reverse(pattern, args=arguments))
