"""/compare: the first of two to five submissions against each of the others."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Router, Schema

from webapp.compare.export import to_csv, to_dict
from webapp.compare.selectors import comparison_get
from webapp.rest.auth import anyone, person
from webapp.rest.document import problems

router = Router(tags=["compare"])


class ComparedOut(Schema):
    id: UUID
    method: str
    variant: str
    factors: dict[str, str]
    origin: str
    public: bool
    metrics: dict[str, float | None]
    intervals: dict[str, tuple[float, float]] = Field(description="95 % bounds, of metrics that have any")


class DifferenceOut(Schema):
    """The first submission minus the other one; null is undefined, or not known for reported numbers."""

    first: float | None
    other: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    significant: bool | None


class AgainstOut(Schema):
    first: UUID
    other: UUID
    sentence: str
    metrics: dict[str, DifferenceOut]
    per_category: dict[str, dict[str, float | None]] = Field(description="differences by category and metric")
    per_video: dict[str, dict[str, float | None]] = Field(description="differences by video and metric")


class ComparisonOut(Schema):
    benchmark: str
    split: str
    primary: str
    headline: list[str] = Field(description="the metrics that are compared draw by draw")
    resamples: int
    submissions: list[ComparedOut]
    comparisons: list[AgainstOut]


@router.get(
    "/compare",
    auth=anyone,
    url_name="compare",
    response={200: ComparisonOut},
    summary="Compare submissions",
    openapi_extra={
        "responses": {
            200: {"content": {"text/csv; charset=utf-8": {"schema": {"type": "string"}}}},
            **problems(404, 409)["responses"],
        }
    },
)
def compare(
    request: HttpRequest,
    submissions: str,
    format: Literal["json", "csv"] = "json",
) -> HttpResponse:
    """Differences of the first submission to the others, by metric, category and video.

    `submissions` are two to five ids with commas between them, all to one split. Headline metrics come with a
    95 % interval and p, from draws of the videos that all of them meet (paired bootstrap); null where that is
    not known, as for reported numbers.
    """
    comparison = comparison_get(user=person(request), ids=submissions.split(","))
    if format == "json":
        return JsonResponse(to_dict(comparison))
    name = f"compare-{comparison.split.benchmark.slug}-{comparison.split.name}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(to_csv(comparison), content_type="text/csv; charset=utf-8", headers=disposition)
