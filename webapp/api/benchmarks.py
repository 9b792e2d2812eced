"""/benchmarks, with their splits, metrics and leaderboards."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Router, Schema
from ninja.pagination import paginate
from pydantic import ConfigDict

from evaluator.catalog import METRICS, MetricSpec
from webapp.api.submissions import QuotaOut
from webapp.benchmarks.models import Benchmark, Split, VideoSubset
from webapp.benchmarks.selectors import benchmarks_visible_to, split_get, split_shown_outside
from webapp.leaderboards.export import FORMATS, to_dict
from webapp.leaderboards.filters import LAST_PAGE, ORIGINS, Filters
from webapp.leaderboards.history import Move, PastRow, past_board
from webapp.leaderboards.selectors import Leaderboard, leaderboard
from webapp.rest.auth import anyone, person
from webapp.rest.document import query_parameter
from webapp.rest.pages import Keyset
from webapp.submissions.selectors import quota_for

router = Router(tags=["benchmarks"])
ROWS_AT_MOST = 1000
LINES_AT_ONCE = 200


class SubsetOut(Schema):
    """Some videos of a split, for which every submission has all metrics as well."""

    name: str
    title: str
    videos: int = Field(description="how many they are")


class SplitOut(Schema):
    name: str
    is_default: bool
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    videos: int
    ground_truth_public: bool
    scores_visible: bool
    subsets: list[SubsetOut]
    quota: QuotaOut | None = None


class CategoryOut(Schema):
    """A category of the benchmark, as its ground truth names it."""

    model_config = ConfigDict(extra="allow")

    id: int
    name: str


class MetricOut(Schema):
    key: str
    label: str
    title: str
    group: str
    description: str
    higher_is_better: bool
    page: str = Field(description="path of the page that explains it")


class BenchmarkOut(Schema):
    slug: str
    name: str
    evaluator: str
    task: str
    summary: str
    homepage: str
    paper_url: str
    licence: str
    licence_url: str
    splits: list[str]
    page: str

    @staticmethod
    def resolve_splits(benchmark: Benchmark) -> list[str]:
        return [split.name for split in benchmark.splits.all()]

    @staticmethod
    def resolve_page(benchmark: Benchmark, context: Any) -> str:
        url: str = context["request"].build_absolute_uri(benchmark.get_absolute_url())
        return url


class BenchmarkDetail(BenchmarkOut):
    description: str
    citation: str
    categories: list[CategoryOut]
    primary: str | None
    metrics: list[MetricOut]
    splits: list[SplitOut]  # type: ignore[assignment]  # in full here, by name in the list

    @staticmethod
    def resolve_primary(benchmark: Benchmark) -> str | None:
        return benchmark.spec.primary if benchmark.spec else None

    @staticmethod
    def resolve_metrics(benchmark: Benchmark) -> list[MetricOut]:
        return [_metric(METRICS[key]) for key in benchmark.spec.metrics] if benchmark.spec else []

    @staticmethod
    def resolve_splits(benchmark: Benchmark, context: Any) -> list[SplitOut]:  # type: ignore[override]  # as `splits`
        return [_split(split, context["request"]) for split in benchmark.splits.all()]


class LeaderboardColumn(Schema):
    key: str
    label: str
    title: str
    group: str
    higher_is_better: bool


class RanHereOut(Schema):
    """Device and speed of a row's reference run."""

    run_id: UUID
    device: str
    frames_per_second: float | None


class CostOut(Schema):
    """What a variant costs; null where it is not known."""

    params_m: float | None = Field(description="millions of parameters")
    gmacs: float | None = Field(description="billions of multiply-adds per frame")
    gflops: float | None = Field(description="what a paper calls so: one or two per multiply-add")
    fps: float | None = Field(description="frames per second on `device`")
    device: str = Field(description="empty where nobody named it")
    kind: str = Field(description="printed, stated (by its author) or measured here")


class LeaderboardRow(Schema):
    """A variant with its best visible submission."""

    rank: int | None = Field(
        description="by `ranked_by` among all public rows, whatever the filters; null for second readings "
        "and your own private rows, where the metric is undefined, and for a moment after a change "
        "(`ranks_pending`)"
    )
    rank_interval: tuple[int, int] | None = Field(
        description="best and worst rank that the videos leave possible"
    )
    tied: bool
    submission: UUID
    method: str
    method_slug: str
    variant: str
    factors: dict[str, str]
    origin: str = Field(description="upload, run or reported")
    public: bool
    venue: str
    year: int | None
    source: dict[str, Any] | None = Field(description="where a reported number is printed")
    ran_here: RanHereOut | None
    cost: CostOut | None
    evaluator: str | None
    digest: str | None
    stale: str | None = Field(description="why it would have another score today; null where it would not")
    scored_at: datetime | None
    values: dict[str, float | None] = Field(description="by metric")
    intervals: dict[str, tuple[float, float]] = Field(description="95 % bounds, of metrics that have any")


class LeaderboardOut(Schema):
    benchmark: str
    split: str
    subset: SubsetOut | None
    primary: str = Field(description="the metric that ranks where `sort` asks for no other")
    ranked_by: str = Field(description="the metric whose ranks the rows have: the one of `sort`, if any")
    scores_hidden: bool = Field(description="true in a blind phase, for those who must not see numbers")
    total: int = Field(description="rows without any filter")
    matching: int = Field(description="rows that pass the filters, on all pages")
    without_number: int = Field(description="rows that are left out: without the number of `sort`")
    page: int
    pages: int
    next: str | None = Field(description="address of the next page; null on the last")
    ranks_pending: bool = Field(description="true while ranks are being computed after a change")
    columns: list[LeaderboardColumn]
    rows: list[LeaderboardRow]
    tie_groups: list[list[UUID]] = Field(
        description="submissions of this page that the videos do not tell apart"
    )


class PastRowOut(Schema):
    rank: int = Field(description="of the number alone: equal ones share a rank")
    tied: bool
    submission: UUID
    method: str
    method_slug: str
    variant: str
    scored_at: datetime
    values: dict[str, float | None] = Field(description="by metric, as they were then")


class MoveOut(Schema):
    submission: UUID
    method: str
    method_slug: str
    variant: str
    rank: int
    rank_before: int | None = Field(description="null of a new row")
    value: float = Field(description="of the primary metric")
    value_before: float | None = Field(description="null of a new row")


class PastBoardOut(Schema):
    """A board at the end of a day: rows that are public today and were scored by then."""

    benchmark: str
    split: str
    at: date
    since: date | None
    primary: str = Field(description="the metric that ranks")
    scores_hidden: bool = Field(description="true in a blind phase: there are no rows then")
    total: int
    page: int
    pages: int
    rows: list[PastRowOut]
    changes: list[MoveOut] = Field(
        description="since the end of the day `since`: new rows and numbers first, then rows that were moved"
    )
    more_changes: int = Field(description="changes that are not listed")


FILES: dict[str, Any] = {
    content_type: {"schema": {"type": "string"}} for content_type, _, _ in FORMATS.values()
}
TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
FILTERS = [
    query_parameter("backbone", "Rows with one of these backbones; R50 and ResNet-50 are one.", TEXTS),
    query_parameter("mode", "Rows with one of these modes, such as online.", TEXTS),
    query_parameter("origin", f"Rows of one of these origins: {', '.join(ORIGINS)}.", TEXTS),
    query_parameter("method", "Rows of methods with one of these slugs.", TEXTS),
    query_parameter("device", "Rows with a speed on one of these devices; `not named` is one, too.", TEXTS),
    query_parameter("per", "`method`: the best variant of each method alone.", {"type": "string"}),
    query_parameter("extra_data", "`none`: rows that were trained without further data.", {"type": "string"}),
    query_parameter("q", "Words of method, variant, settings, venue, year or author.", {"type": "string"}),
    query_parameter(
        "sort",
        "Key of a metric to order and rank by, or params_m, gmacs, fps, method, year; "
        "`-` before it turns the order.",
        {"type": "string"},
    ),
    query_parameter(
        "without", "`1`: also rows without the number of `sort`, which are left out.", {"type": "string"}
    ),
    query_parameter(
        "rows", "Ids of variants with commas between them: these rows alone.", {"type": "string"}
    ),
    query_parameter(
        "metrics",
        "Keys of metrics with commas between them: these columns alone.",
        {"type": "string"},
    ),
    query_parameter("secondary", "`1`: second readings of reported settings, too.", {"type": "string"}),
    query_parameter("page", "JSON alone: which page, from 1.", {"type": "integer"}),
    query_parameter(
        "columns",
        "`all`: every metric that the benchmark has; or groups to open (`cost`), with `-` to close.",
        {"type": "string"},
    ),
]


@router.get("/benchmarks", response=list[BenchmarkOut], auth=anyone, summary="List the benchmarks")
@paginate(Keyset, by=("position", "slug"))
def benchmarks(request: HttpRequest) -> QuerySet[Benchmark]:
    """List the benchmarks of this server."""
    rows = benchmarks_visible_to(person(request)).defer("description", "citation", "categories")
    return rows.prefetch_related(Prefetch("splits", Split.objects.defer("videos", "categories")))


@router.get("/benchmarks/{slug:slug}", response=BenchmarkDetail, auth=anyone, summary="Read a benchmark")
def benchmark(request: HttpRequest, slug: str) -> Benchmark:
    """One benchmark: its splits with your quotas, its metrics and categories."""
    return get_object_or_404(benchmarks_visible_to(person(request)), slug=slug)


@router.get(
    "/benchmarks/{slug:slug}/leaderboard",
    auth=anyone,
    response={200: LeaderboardOut},
    summary="Read a leaderboard",
    openapi_extra={"parameters": FILTERS, "responses": {200: {"content": FILES}}},
)
def benchmark_leaderboard(
    request: HttpRequest,
    slug: str,
    split: str = "",
    subset: str = "",
    format: Literal["json", "csv", "latex", "markdown"] = "json",
    limit: Annotated[
        int, Field(ge=1, le=ROWS_AT_MOST, description="JSON alone: rows per page")
    ] = ROWS_AT_MOST,
) -> HttpResponseBase:
    """Ranked variants, best first; values are fractions. Takes the same filters as the page.

    JSON comes in pages: without parameters the first 1,000 rows, and the address of the others in `next`.
    The other formats hold all rows.

    With `subset` (a name in `subsets` of the benchmark's split) all numbers are those of its videos alone.
    `format` also gives csv, latex or markdown, as files for a paper or a spreadsheet.
    """
    row = get_object_or_404(benchmarks_visible_to(person(request)), slug=slug)
    try:
        chosen = split_get(benchmark=row, name=split)
        filters = Filters.from_query(request.GET)
        board = leaderboard(split=chosen, user=person(request), filters=filters, limit=limit)
    except (Split.DoesNotExist, VideoSubset.DoesNotExist):
        raise Http404 from None
    if format == "json":
        return JsonResponse({**to_dict(board), "next": _next_page(request, board)})
    content_type, suffix, write = FORMATS[format]
    name = "-".join(filter(None, (slug, chosen.name, subset)))
    disposition = f'attachment; filename="{name}.{suffix}"'
    headers = {"Content-Disposition": disposition}
    return StreamingHttpResponse(_batches(write(board)), content_type=content_type, headers=headers)


@router.get(
    "/benchmarks/{slug:slug}/history",
    auth=anyone,
    response=PastBoardOut,
    summary="Read a leaderboard as it was at a date",
)
def benchmark_history(
    request: HttpRequest,
    slug: str,
    at: date,
    since: date | None = None,
    split: str = "",
    page: Annotated[int, Field(ge=1, le=LAST_PAGE)] = 1,
) -> PastBoardOut:
    """The board at the end of the day `at` (UTC), with the changes since the end of the day `since`.

    It shows what everybody sees, whoever asks: rows that are public today and were scored by then, with the
    numbers that were valid then. What lies before the end of a blind phase is left out.
    """
    try:
        chosen = split_shown_outside(slug=slug, name=split)
    except Split.DoesNotExist:
        raise Http404 from None
    past = past_board(split=chosen, at=at, since=since, page=page)
    return PastBoardOut(
        benchmark=slug,
        split=chosen.name,
        at=past.at,
        since=past.since,
        primary=past.primary.key,
        scores_hidden=past.is_hidden,
        total=past.total,
        page=past.page,
        pages=past.pages,
        rows=[_past_row(one) for one in past.rows],
        changes=[_move(one) for one in past.moves],
        more_changes=past.more_moves,
    )


def _past_row(one: PastRow) -> PastRowOut:
    return PastRowOut(
        rank=one.place.rank,
        tied=one.place.is_tied,
        submission=one.place.submission_id,
        method=one.row.method,
        method_slug=one.row.method_slug,
        variant=one.row.variant,
        scored_at=one.place.scored_at,
        values=one.row.values,
    )


def _move(one: Move) -> MoveOut:
    return MoveOut(
        submission=one.after.submission_id,
        method=one.row.method,
        method_slug=one.row.method_slug,
        variant=one.row.variant,
        rank=one.after.rank,
        rank_before=one.before.rank if one.before else None,
        value=one.after.value,
        value_before=one.before.value if one.before else None,
    )


def _next_page(request: HttpRequest, board: Leaderboard) -> str | None:
    if board.page == board.pages or board.filters.rows:
        return None
    query = request.GET.copy()
    query["page"] = str(board.page + 1)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _batches(lines: Iterator[str]) -> Iterator[str]:
    """Join lines, so that each piece that is sent holds many."""
    while batch := "".join(islice(lines, LINES_AT_ONCE)):
        yield batch


def _metric(spec: MetricSpec) -> MetricOut:
    return MetricOut(
        key=spec.key,
        label=spec.label,
        title=spec.title,
        group=spec.group,
        description=spec.description,
        higher_is_better=spec.higher_is_better,
        page=reverse("metrics:detail", args=[spec.key]),
    )


def _split(split: Split, request: HttpRequest) -> SplitOut:
    who = request.user
    return SplitOut(
        name=split.name,
        is_default=split.is_default,
        is_open=split.is_open(),
        opens_at=split.opens_at,
        closes_at=split.closes_at,
        videos=split.video_count,
        ground_truth_public=split.ground_truth_public,
        scores_visible=split.scores_visible,
        subsets=[
            SubsetOut(name=one.name, title=one.title, videos=one.video_count) for one in split.subsets.all()
        ],
        quota=QuotaOut.from_orm(quota_for(user=who, split=split)) if who.is_authenticated else None,
    )
