"""/compare: the first of two to five submissions against each of the others."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router

from webapp.compare.export import to_csv, to_dict
from webapp.compare.selectors import comparison_get
from webapp.rest.auth import anyone, person

router = Router(tags=["compare"])


@router.get(
    "/compare", auth=anyone, url_name="compare", response={200: dict[str, Any]}, summary="Compare submissions"
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
