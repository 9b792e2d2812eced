"""/submissions: make one from a finished upload, follow it, read its result, take it back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate
from pydantic import ConfigDict

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.jobs.selectors import job_expected_s, job_position, jobs_foresee
from webapp.methods.services import method_get_or_create, variant_get_or_create
from webapp.published.retired import METHOD, RETIRED
from webapp.refusal import Refused
from webapp.rest.auth import anyone, person, reader, submitter, user
from webapp.rest.document import made, problems
from webapp.rest.idempotency import idempotent
from webapp.rest.pages import Keyset
from webapp.rest.problems import ProblemItem
from webapp.submissions.analyses.diagnosis import Facts, diagnosis
from webapp.submissions.analyses.selectors import findings_of
from webapp.submissions.costs import DEVICE_CHARACTERS
from webapp.submissions.models import Submission
from webapp.submissions.selectors import (
    Quota,
    numbers_are_visible,
    quota_for,
    result_of,
    submission_get,
    submissions_of,
)
from webapp.submissions.sentences import status_sentence
from webapp.submissions.services import submission_create, submission_state_cost, submission_withdraw
from webapp.uploads.kinds import PREDICTIONS
from webapp.uploads.selectors import upload_finished

router = Router(tags=["submissions"])
MADE = made(201, 409, 410, 507)


class CostIn(Schema):
    """What an author states of the cost of a variant; shown as *stated*."""

    params_m: float | None = Field(None, description="millions of parameters")
    gmacs: float | None = Field(
        None, description="billions of multiply-adds per frame, as `python -m dvis_model cost` counts them"
    )
    fps: float | None = Field(None, description="frames per second on `fps_device`")
    fps_device: str = Field("", max_length=DEVICE_CHARACTERS, description="needed with `fps`")


class SubmissionIn(Schema):
    benchmark: str = Field(description="slug")
    split: str
    upload: UUID = Field(description="id of a finished upload, the last part of its address")
    method: str = Field(min_length=1, max_length=100, description="name; made for you where it is missing")
    variant: str = Field("default", min_length=1, max_length=150)
    factors: dict[str, str] = Field(
        {}, description="such as {'backbone': 'ResNet-50', 'mode': 'online'}; aliases such as R50 work"
    )
    note: str = Field("", max_length=300)
    public: bool = Field(True, description="false: only you and the organisers see it")
    cost: CostIn | None = None


class ProgressOut(Schema):
    done: int
    total: int
    stage: str


class QuotaOut(Schema):
    """The remaining quota; null where there is no limit."""

    per_day: int | None
    left_today: int | None
    total: int | None
    left_total: int | None
    give_backs_left: int | None = Field(
        description="how many submissions may still be rejected, fail or be withdrawn today"
    )
    resets_at: datetime


class LinksOut(Schema):
    self: str
    page: str
    result: str | None


class ErrorOut(Schema):
    dAP50: float | None = Field(description="AP50 with all errors of this kind fixed, minus AP50")
    count: int


class ErrorsOut(Schema):
    """The kinds of errors that keep AP50 below 1."""

    AP50: float | None
    kinds: dict[str, ErrorOut]


class AnalysisOut(Schema):
    """What explains the numbers of a submission of tracklets (docs/error-analysis.md)."""

    evaluator: str
    tracking: dict[str, float | None] = Field(description="HOTA, IDF1 and their parts, over all masks")
    tracking_per_category: dict[str, dict[str, float | None]] = Field(
        description="the same by name of the category; empty where organisers keep details to themselves"
    )
    errors: ErrorsOut
    errors_by: dict[str, dict[str, ErrorsOut]] = Field(
        description="the same for objects by size, by occlusion, and by length of the video"
    )
    category_shift: dict[str, float] | None = Field(
        description="by how much ids of wrong categories are off most often, and the share of them that is"
    )
    ap_by_iou: dict[str, float | None] = Field(
        description="AP at each threshold of the track IoU, 0.50 to 0.95"
    )


class SubmissionOut(Schema):
    id: UUID
    status: str
    status_text: str
    benchmark: str = Field(alias="split.benchmark.slug")
    split: str = Field(alias="split.name")
    method: str = Field(alias="variant.method.name")
    variant: str = Field(alias="variant.name")
    factors: dict[str, str] = Field(alias="variant.factors")
    origin: str
    public: bool = Field(alias="is_public")
    hidden: bool = Field(alias="is_hidden", description="by the organisers: only they can publish it")
    note: str
    cost: CostIn | None = Field(description="as its author states it")
    progress: ProgressOut | None
    queue_position: int | None = Field(description="1 = next; null unless queued")
    expected_s: float | None = Field(description="seconds until it is done; null where nobody can know")
    problems: list[ProblemItem]
    metrics: dict[str, float | None] | None = Field(description="fractions; null until scored, or if hidden")
    digest: str | None
    evaluator: str | None
    diagnosis: str | None = Field(
        description="what the numbers say, in a sentence; null until scored, in lists, or if hidden"
    )
    analysis: AnalysisOut | None = Field(
        description="null in lists, until a worker has made it, and where scores are hidden"
    )
    quota: QuotaOut | None = Field(description="yours on this split; null in lists")
    created_at: datetime
    finished_at: datetime | None
    links: LinksOut

    @staticmethod
    def resolve_cost(row: Submission) -> dict[str, Any] | None:
        return row.cost or None

    @staticmethod
    def resolve_status_text(row: Submission) -> str:
        return status_sentence(row)

    @staticmethod
    def resolve_progress(row: Submission) -> ProgressOut | None:
        job = row.work
        if job is None:
            return None
        return ProgressOut(done=job.progress_done, total=job.progress_total, stage=job.stage)

    @staticmethod
    def resolve_queue_position(row: Submission) -> int | None:
        job = row.work
        return job_position(job) if job and row.status == Submission.Status.QUEUED else None

    @staticmethod
    def resolve_expected_s(row: Submission) -> float | None:
        job = row.work
        return job_expected_s(job) if job and not row.is_finished else None

    @staticmethod
    def resolve_metrics(row: Submission, context: Any) -> dict[str, float | None] | None:
        if row.status != Submission.Status.SCORED or not _shows_scores(row, context["request"]):
            return None
        return {score.metric: score.value for score in row.scores.all()}

    @staticmethod
    def resolve_digest(row: Submission, context: Any) -> str | None:
        return row.digest if row.digest and _shows_scores(row, context["request"]) else None

    @staticmethod
    def resolve_evaluator(row: Submission) -> str | None:
        return row.evaluator or None

    @staticmethod
    def resolve_diagnosis(row: Submission) -> str | None:
        return getattr(row, "diagnosis", None)

    @staticmethod
    def resolve_analysis(row: Submission) -> AnalysisOut | None:
        findings = getattr(row, "findings", None)
        return _analysis_out(row, findings) if findings else None

    @staticmethod
    def resolve_quota(row: Submission) -> Quota | None:
        return getattr(row, "quota", None)

    @staticmethod
    def resolve_links(row: Submission, context: Any) -> LinksOut:
        address = context["request"].build_absolute_uri
        own = reverse("api:submission", args=[row.id])
        return LinksOut(
            self=address(own),
            page=address(row.get_absolute_url()),
            result=address(f"{own}/result") if row.result_id else None,
        )


class BootstrapOut(Schema):
    resamples: int
    seed: int


class PartOut(Schema):
    """The numbers of a named subset of the videos."""

    model_config = ConfigDict(extra="allow")

    videos: int
    metrics: dict[str, float | None]
    intervals: dict[str, tuple[float, float]] = {}


class ResultOut(Schema):
    """The report of the evaluator of that day; fields that it did not have yet are missing."""

    model_config = ConfigDict(extra="allow")

    benchmark: str
    task: str
    evaluator: str
    digest: str
    videos: int
    predictions: int
    metrics: dict[str, float | None] = Field(description="fractions; null is undefined")
    per_category: dict[str, dict[str, float | None]] = Field({}, description="by name of the category")
    per_video: dict[str, dict[str, float | None]] = Field({}, description="by id of the video")
    intervals: dict[str, tuple[float, float]] = Field({}, description="95 % bounds, of metrics that have any")
    bootstrap: BootstrapOut | None = None
    subsets: dict[str, PartOut] = {}
    details_hidden: bool = Field(False, description="true: organisers keep numbers by category and video")
    seconds: dict[str, float] = {}
    warnings: list[ProblemItem] = []


def _analysis_out(row: Submission, findings: dict[str, Any]) -> AnalysisOut:
    errors, curve = findings["errors"], findings["thresholds"]
    return AnalysisOut.model_validate(
        {
            "evaluator": row.evaluator,
            "tracking": findings["tracking"]["det_averaged"],
            "tracking_per_category": findings["tracking"]["per_category"],
            "errors": errors,
            "errors_by": errors["by"],
            "category_shift": errors["category_shift"],
            "ap_by_iou": {f"{iou:.2f}": ap for iou, ap in zip(curve["iou"], curve["AP"], strict=True)},
        }
    )


def _foresee(rows: list[Submission]) -> None:
    jobs_foresee(job for row in rows if (job := row.work))


@router.get("/submissions", response=list[SubmissionOut], auth=reader, summary="List your submissions")
@paginate(Keyset, by=("-created_at", "-id"), prepare=_foresee)
def submissions(request: HttpRequest, benchmark: str = "", status: str = "") -> QuerySet[Submission]:
    """Yours, latest first, of one benchmark or status where given."""
    wanted = {"split__benchmark__slug": benchmark, "status": status}
    rows = submissions_of(user(request)).prefetch_related("scores")
    return rows.filter(**{name: value for name, value in wanted.items() if value})


@router.post(
    "/submissions",
    response={200: SubmissionOut, 201: SubmissionOut},
    auth=submitter,
    summary="Submit an upload",
    openapi_extra=MADE,
)
@idempotent
def submission_post(request: HttpRequest, payload: SubmissionIn, response: HttpResponse) -> Status[Schema]:
    """Submit a finished upload. It is queued, or has its score at once where the same file had one.

    200 answers with a submission under way: the same file for the same split and variant is not evaluated
    twice at a time. For another variant the new submission waits for that evaluation.
    """
    author = user(request)
    split = _split(author, payload)
    upload, blob = upload_finished(user=author, id=payload.upload, kind=PREDICTIONS)
    with transaction.atomic():  # a refused submission leaves no method behind
        method = method_get_or_create(owner=author, name=payload.method)
        submission = submission_create(
            author=author,
            split=split,
            variant=variant_get_or_create(method=method, name=payload.variant, factors=payload.factors),
            blob=blob,
            filename=upload.filename,
            note=payload.note,
            is_public=payload.public,
            begun_at=upload.created_at,
            cost=payload.cost.dict() if payload.cost else None,
        )
    out = SubmissionOut.from_orm(_get(submission.id, request), context={"request": request})
    response["Location"] = out.links.self
    return Status(200 if submission.was_under_way else 201, out)


@router.get(
    "/submissions/{uuid:id}",
    response=SubmissionOut,
    auth=anyone,
    url_name="submission",
    summary="Follow a submission",
    openapi_extra=problems(410),
)
def submission(request: HttpRequest, id: UUID) -> Submission:
    """Return a submission: poll until `status` is scored, rejected, failed or withdrawn."""
    if id in RETIRED:
        raise Refused(
            "part-of-a-table",
            f"This was a printed number, which is shown with its table {RETIRED[id]!r} now.",
            f"Read /api/v1/methods/{METHOD}/ablations.",
            status=410,
        )
    return _get(id, request)


@router.delete(
    "/submissions/{uuid:id}",
    response=SubmissionOut,
    auth=submitter,
    summary="Withdraw a submission",
    openapi_extra=problems(409),
)
def submission_delete(request: HttpRequest, id: UUID) -> Submission:
    """Withdraw it, while it is not scored yet."""
    submission_withdraw(submission=_get(id, request), actor=user(request))
    return _get(id, request)


@router.put(
    "/submissions/{uuid:id}/cost",
    response=SubmissionOut,
    auth=submitter,
    summary="State the cost of a submission",
    openapi_extra=problems(409),
)
def submission_cost(request: HttpRequest, id: UUID, payload: CostIn) -> Submission:
    """State parameters, multiply-adds and speed of an upload of yours, instead of what was stated before."""
    submission_state_cost(submission=_get(id, request), actor=user(request), cost=payload.dict())
    return _get(id, request)


@router.get(
    "/submissions/{uuid:id}/result",
    auth=anyone,
    response={200: ResultOut},
    summary="Read the full result",
    openapi_extra=problems(409, 503),
)
def submission_result(request: HttpRequest, id: UUID) -> HttpResponse:
    """The full report: all metrics, per category and per video, as `python -m evaluator score --json`.

    Of splits whose organisers keep numbers per category and video to themselves, these are empty and
    `details_hidden` is true.
    """
    row = _get(id, request)
    if row.result is None:
        raise Refused(
            "no-result",
            f"This submission has no result: {status_sentence(row)}.",
            "Ask again when its status is scored.",
            status=409,
        )
    if not _shows_scores(row, request):
        raise Refused("scores-hidden", "Scores of this split are not shown yet.", status=403)
    return JsonResponse(result_of(row, user=person(request)))


def _get(id: UUID, request: HttpRequest) -> Submission:
    """One submission that the person may see, with the author's quota."""
    try:
        row = submission_get(user=person(request), id=id)
    except Submission.DoesNotExist:
        raise Http404 from None
    if isinstance(request.user, User) and row.author_id == request.user.pk:
        row.quota = quota_for(user=request.user, split=row.split)  # type: ignore[attr-defined]  # for resolve_quota
    _explain(row, request)
    return row


def _explain(row: Submission, request: HttpRequest) -> None:
    """Give a scored submission what resolve_analysis and resolve_diagnosis answer with."""
    is_scored_here = row.status == Submission.Status.SCORED and row.result_id is not None
    if not is_scored_here or not _shows_scores(row, request):
        return
    findings = findings_of(row, user=person(request))
    metrics = dict(row.scores.values_list("metric", "value"))
    facts = Facts(row.split.benchmark.task, metrics, row.problems, findings)
    row.findings, row.diagnosis = findings, diagnosis(facts) or None  # type: ignore[attr-defined]  # as above


def _shows_scores(row: Submission, request: HttpRequest) -> bool:
    return numbers_are_visible(user=person(request), submission=row)


def _split(author: User, payload: SubmissionIn) -> Split:
    visible = benchmarks_visible_to(author).filter(slug=payload.benchmark)
    split = (
        Split.objects.select_related("benchmark").filter(benchmark__in=visible, name=payload.split).first()
    )
    if split is None:
        raise Refused(
            "unknown-split",
            f"There is no benchmark {payload.benchmark!r} with a split {payload.split!r}.",
            "GET /api/v1/benchmarks lists them.",
        )
    return split
