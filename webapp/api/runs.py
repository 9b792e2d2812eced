"""/models and /runs: what can be run, what it would take, start it, follow it, stop it, let it go on."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import paginate

from webapp.accounts.models import User
from webapp.api.run_answers import RunOut, run_out
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.selectors import benchmark_get, split_get
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.selectors import checkpoint_get
from webapp.checkpoints.zoo import models, models_for
from webapp.jobs.selectors import jobs_foresee
from webapp.refusal import Refused
from webapp.rest.auth import Person, anyone, person, reader, runner, user
from webapp.rest.document import made, problems
from webapp.rest.idempotency import idempotent
from webapp.rest.pages import Keyset
from webapp.runs.estimate import run_estimate
from webapp.runs.models import Run
from webapp.runs.options import Mode, Precision, options_for
from webapp.runs.selectors import reads_log, run_events, run_get, runs_of
from webapp.runs.services import model_get, run_cancel, run_create, run_retry

router = Router(tags=["runs"])
LINES = {"text/plain; charset=utf-8": {"schema": {"type": "string"}}}


class ModelOut(Schema):
    name: str
    task: str
    generation: str = Field(description="dvis or dvis_plus")
    backbone: str
    tracker: str
    refiner: str
    categories: tuple[int, int] = Field(description="first and last id of the categories it distinguishes")
    modes: list[str]
    short_side: int
    window: int
    parameters: int
    has_built_in_weights: bool = Field(description="runs without a checkpoint; its results mean nothing")


class OptionsIn(Schema):
    """Options of a run; omitted ones come from the model's configuration."""

    mode: Mode | None = None
    precision: Precision | None = None
    window: int | None = Field(None, description="frames segmented together: memory, not results")
    short_side: int | None = Field(None, description="pixels to which frames are resized; 0: not at all")


class RunIn(Schema):
    benchmark: str = Field(description="slug")
    split: str
    model: str = Field(description="a name of /models")
    checkpoint: UUID | None = Field(None, description="id; null: built-in weights, where the model has some")
    options: OptionsIn = Field(default_factory=lambda: OptionsIn.model_validate({}))
    method: str = Field("", max_length=100, description="what it is published under; named after the model")
    variant: str = Field("", max_length=150)
    note: str = Field("", max_length=300)
    public: bool = Field(True, description="false: only you and the organisers see the submission")


class EstimateOut(Schema):
    videos: int
    frames: int
    ms_per_frame: float | None = Field(description="measured here; null: nobody has measured this yet")
    seconds: float | None = Field(description="once it has started")
    devices: list[str] = Field(description="of the model workers that are alive")
    ahead: int = Field(description="runs queued or running")
    text: str


class EventOut(Schema):
    id: int
    at: datetime
    text: str


class LogOut(Schema):
    events: list[EventOut]
    next: int = Field(description="`after` of the next question")


@router.get("/models", response=list[ModelOut], auth=anyone, summary="List the models")
def models_list(request: HttpRequest, benchmark: str = "") -> list[Any]:
    """All configurations of the reference model, or those that fit a benchmark, smallest first."""
    if not benchmark:
        return list(models().values())
    splits = _benchmark(person(request), benchmark).splits.select_related("benchmark").defer("videos")
    return models_for(*splits)


def _foresee(rows: list[Run]) -> None:
    jobs_foresee(row.job for row in rows)


@router.get("/runs", response=list[RunOut], auth=reader, summary="List your runs")
@paginate(Keyset, by=("-created_at", "-id"), show=run_out, prepare=_foresee)
def runs(request: HttpRequest, benchmark: str = "", status: str = "") -> QuerySet[Run]:
    """Yours, latest first, of one benchmark or status where given."""
    wanted = {"split__benchmark__slug": benchmark, "job__status": status}
    return runs_of(user(request)).filter(**{name: value for name, value in wanted.items() if value})


@router.post(
    "/runs", response={202: RunOut}, auth=runner, summary="Start a run", openapi_extra=made(202, 409, 507)
)
@idempotent
def run_post(request: HttpRequest, payload: RunIn, response: HttpResponse) -> Status[Schema]:
    """Run the reference model on a split's frames. What comes of it is submitted in your name and scored."""
    author = user(request)
    spec = model_get(payload.model)
    with transaction.atomic():  # a refused run leaves no method behind
        run = run_create(
            author=author,
            split=_split(author, payload.benchmark, payload.split),
            spec=spec,
            options=options_for(spec, **payload.options.dict()),
            checkpoint=_checkpoint(author, payload.checkpoint),
            method=payload.method,
            variant=payload.variant,
            note=payload.note,
            is_public=payload.public,
        )
    out = run_out(_get(run.id, request), request)
    response["Location"] = out.links.self
    return Status(202, out)


@router.get("/runs/estimate", response=EstimateOut, auth=anyone, summary="Tell what a run would take")
def runs_estimate(
    request: HttpRequest, benchmark: str, split: str, model: str, options: Query[OptionsIn]
) -> EstimateOut:
    """Frames times the milliseconds per frame that this model has taken on the workers that are alive."""
    spec = model_get(model)
    chosen = options_for(spec, **options.dict())
    found = run_estimate(split=_split(person(request), benchmark, split), spec=spec, options=chosen)
    return EstimateOut(
        videos=found.videos,
        frames=found.frames,
        ms_per_frame=found.ms_per_frame,
        seconds=found.seconds,
        devices=list(found.devices),
        ahead=found.ahead,
        text=found.sentence,
    )


@router.get("/runs/{uuid:id}", response=RunOut, auth=anyone, url_name="run", summary="Follow a run")
def run(request: HttpRequest, id: UUID) -> RunOut:
    """Return a run: poll until `status` is succeeded, failed or cancelled, then ask its submission."""
    return run_out(_get(id, request), request)


@router.get(
    "/runs/{uuid:id}/log",
    response=LogOut,
    auth=reader,
    url_name="run_log",
    summary="Read the log",
    openapi_extra={"responses": {200: {"content": LINES}}},
)
def run_log(
    request: HttpRequest, id: UUID, after: int = 0, format: Literal["json", "text"] = "json"
) -> LogOut | HttpResponse:
    """Its events in order: queued, started, each video done, tried again and why, its end.

    `after`: only those after the one with this id; `format=text`: as lines.
    """
    row = _get(id, request)
    if not reads_log(user=person(request), run=row):
        raise Http404
    events = list(run_events(row, after=after))
    if format == "text":
        lines = [f"{event.at:%Y-%m-%d %H:%M:%S} {event.text}\n" for event in events]
        return HttpResponse("".join(lines), content_type="text/plain; charset=utf-8")
    found = [EventOut(id=event.pk, at=event.at, text=event.text) for event in events]
    return LogOut(events=found, next=found[-1].id if found else after)


@router.post(
    "/runs/{uuid:id}/cancel",
    response=RunOut,
    auth=runner,
    summary="Cancel a run",
    openapi_extra=problems(409),
)
def run_cancel_post(request: HttpRequest, id: UUID) -> RunOut:
    """Stop it, while it is not finished; its worker is free within seconds."""
    run_cancel(run=_get(id, request), actor=user(request))
    return run_out(_get(id, request), request)


@router.post(
    "/runs/{uuid:id}/retry",
    response={202: RunOut},
    auth=runner,
    summary="Let a failed run go on",
    openapi_extra=problems(409, 507),
)
def run_retry_post(request: HttpRequest, id: UUID) -> Status[Schema]:
    """Queue a run again that failed on our side: it goes on after its last finished video."""
    run_retry(run=_get(id, request), actor=user(request))
    return Status(202, run_out(_get(id, request), request))


def _get(id: UUID, request: HttpRequest) -> Run:
    try:
        return run_get(user=person(request), id=id)
    except Run.DoesNotExist:
        raise Http404 from None


def _benchmark(who: Person, slug: str) -> Benchmark:
    try:
        return benchmark_get(user=who, slug=slug)
    except Benchmark.DoesNotExist:
        raise Refused(
            "unknown-benchmark", f"There is no benchmark {slug!r}.", "GET /api/v1/benchmarks lists them."
        ) from None


def _split(who: Person, slug: str, name: str) -> Split:
    benchmark = _benchmark(who, slug)
    try:
        return split_get(benchmark=benchmark, name=name)
    except Split.DoesNotExist:
        names = ", ".join(benchmark.splits.values_list("name", flat=True)) or "none"
        raise Refused(
            "unknown-split", f"{slug} has no split {name!r}.", f"Choose one of its splits: {names}."
        ) from None


def _checkpoint(author: User, id: UUID | None) -> Checkpoint | None:
    if id is None:
        return None
    try:
        return checkpoint_get(user=author, id=id)
    except Checkpoint.DoesNotExist:
        raise Refused(
            "unknown-checkpoint",
            f"There is no checkpoint {id}, or none that you may run.",
            "GET /api/v1/checkpoints lists those that you may.",
        ) from None
