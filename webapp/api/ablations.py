"""Ablations of benchmarks and methods: what each component and setting changes."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from webapp.ablations.marks import LAST_PLACE, TITLE_LIMIT, study_mark
from webapp.ablations.models import StudyMark
from webapp.ablations.selectors import (
    ShownStudy,
    benchmark_measured,
    benchmark_studies,
    method_measured,
    method_studies,
)
from webapp.ablations.studies import Study
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.rest.auth import anyone, person, submitter, user
from webapp.submissions.methods import methods_visible_to

router = Router(tags=["ablations"])


class StudySource(Schema):
    """Where a study is printed; what is not known is empty."""

    paper: str = Field(description="such as DVIS (ICCV 2023)")
    table: str
    paper_url: str
    version: str
    repo: str
    path: str
    commit: str


class StudyColumn(Schema):
    key: str
    label: str
    unit: str = Field(description="% of scores, whose values here are fractions; values of others are in it")
    is_score: bool


class StudyCell(Schema):
    """A combination of two factors."""

    factors: dict[str, str]
    values: dict[str, float]
    submission: str = Field(description="empty: nobody has measured it")
    beyond: float | None = Field(
        description="of the first score: what both changes bring together, less what each brings alone"
    )
    interval: tuple[float, float] | None = Field(description="95 % bounds of it")


class StudyRowOut(Schema):
    """A setting with its numbers, by the key of the column."""

    name: str
    group: str = Field(description="what rows of one part of the table share, such as the input")
    values: dict[str, float]
    steps: dict[str, float] = Field(description="differences of scores to the row it is compared with")
    printed_steps: dict[str, float] = Field(
        description="steps as the paper's text prints them, where its table has others"
    )
    intervals: dict[str, tuple[float, float]] = Field(
        description="95 % bounds of steps, from the same draws of the videos; of what was measured here"
    )
    submission: str = Field(description="id of the submission that was measured; empty for printed numbers")
    pairs: list[tuple[str, str]] = Field(
        description="of effects: ids of the submissions that were compared, without and with the change"
    )
    cells: list[StudyCell] = Field(description="of a grid: one per column")


class StudyFact(Schema):
    name: str
    text: str


class StudyOut(Schema):
    """Rows that differ in what is studied, or statements about it."""

    key: str
    kind: str = Field(
        description="chain (each row changes one thing of the row before), settings (rows are compared with "
        "one of them), effects (mean differences over pairs), grid (two factors crossed), cost, facts "
        "(statements alone), or missing (its tables could not be read)"
    )
    title: str = Field(description="the question that it answers")
    about: str
    page: str = Field(description="path of the page that draws it")
    source: StudySource
    benchmarks: list[str]
    methods: list[str] = Field(description="names")
    setup: list[str] = Field(description="what all rows share")
    compared_with: str = Field(description="what steps are differences to; empty where there are none")
    columns: list[StudyColumn]
    across: list[str] = Field(description="of a grid: the values of the second factor, one per cell of a row")
    rows: list[StudyRowOut]
    facts: list[StudyFact]
    notes: list[str]


class AblationsOut(Schema):
    published: list[StudyOut] = Field(description="printed elsewhere, not measured here")
    measured: list[StudyOut] = Field(
        description="found in public submissions: variants of a method that differ in one factor at a time"
    )


class StudyMarkIn(Schema):
    title: str = Field("", max_length=TITLE_LIMIT, description="empty: as it was found")
    place: int | None = Field(None, ge=1, le=LAST_PLACE, description="1 is first; null: after those with one")
    hidden: bool = False


class StudyMarkOut(Schema):
    key: str
    title: str
    place: int | None
    hidden: bool = Field(alias="is_hidden")


@router.get(
    "/benchmarks/{slug:slug}/ablations",
    response=AblationsOut,
    auth=anyone,
    summary="Read the ablations of a benchmark",
)
def benchmark_ablations(request: HttpRequest, slug: str) -> AblationsOut:
    """What each component and setting of methods changes on this benchmark."""
    row = get_object_or_404(benchmarks_visible_to(person(request)), slug=slug)
    viewer = person(request)
    page = f"{row.get_absolute_url()}ablations/"
    return AblationsOut(
        published=[_study(one, page) for one in benchmark_studies(benchmark=row, user=viewer)],
        measured=[_study(one, page) for one in benchmark_measured(benchmark=row, user=viewer)],
    )


@router.get(
    "/methods/{slug:slug}/ablations",
    response=AblationsOut,
    auth=anyone,
    summary="Read the ablations of a method",
)
def method_ablations(request: HttpRequest, slug: str) -> AblationsOut:
    """What each component and setting of this method changes."""
    row = get_object_or_404(methods_visible_to(person(request)), slug=slug)
    viewer = person(request)
    page = row.get_absolute_url()
    return AblationsOut(
        published=[_study(one, page) for one in method_studies(method=row, user=viewer)],
        measured=[_study(one, page) for one in method_measured(method=row, user=viewer)],
    )


@router.patch(
    "/methods/{slug:slug}/ablations/{slug:key}",
    response=StudyMarkOut,
    auth=submitter,
    summary="Name, place or hide a study",
)
def ablation_patch(request: HttpRequest, slug: str, key: str, payload: StudyMarkIn) -> StudyMark:
    """Say what a study of what was measured here is called, where it stands, and whether it shows.

    Its method is yours. What is not given is as it was found.
    """
    row = get_object_or_404(methods_visible_to(user(request)), slug=slug)
    return study_mark(
        actor=user(request),
        method=row,
        key=key,
        title=payload.title,
        place=payload.place,
        is_hidden=payload.hidden,
    )


def _study(shown: ShownStudy, page: str) -> StudyOut:
    study: Study = shown.study
    return StudyOut(
        key=study.key,
        kind=study.kind,
        title=study.title,
        about=study.about,
        page=f"{page}#{study.anchor}",
        source=StudySource.from_orm(study.source),
        benchmarks=list(study.benchmarks),
        methods=list(study.methods),
        setup=list(study.setup),
        compared_with=study.compared_with,
        columns=[StudyColumn.from_orm(one) for one in study.quantities],
        across=list(study.columns),
        rows=[StudyRowOut.from_orm(one) for one in study.rows],
        facts=[StudyFact(name=name, text=text) for name, text in study.facts],
        notes=list(study.notes),
    )
