"""Pages of panoptic and semantic submissions and of their benchmarks."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evaluator import evaluate
from tests.support.factories import OPEN, claim, make_report, make_submission, make_user
from tests.support.map_benchmarks import MAKERS, MapBenchmark
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from worker.tasks import evaluate_next

pytestmark = pytest.mark.django_db


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> MapBenchmark:
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def split(made: MapBenchmark) -> Split:
    return benchmark_import(
        slug="maps",
        evaluator=made.evaluator,
        split="val",
        ground_truth=made.truth,
        rules=OPEN | {"ground_truth_public": True},
    ).split


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(make_user("alice"))
    return client


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def scored(split: Split, metrics: dict[str, float | None], **report: Any) -> Submission:
    submission = make_submission(split=split, filename="maps.zip")
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(**metrics) | report))
    return submission


def test_the_guide_explains_the_archive_and_offers_no_sample(page: Client, split: Split) -> None:
    text = read(page, "/benchmarks/maps/how-to-submit/")
    assert "--gt ground_truth/ --pred predictions.zip" in text
    assert "Drop the file on the" in text
    assert "Your browser checks the file while it is sent" in text
    assert "sample" not in text
    assert page.get("/benchmarks/maps/samples/val/results.json").status_code == 404


def test_the_submit_page_takes_archives_and_hands_the_browser_what_its_check_needs(
    page: Client, split: Split
) -> None:
    text = read(page, "/benchmarks/maps/submit/")
    assert 'accept=".zip"' in text
    assert "Your browser checks it while it is sent." in text
    assert f'"task": "{split.benchmark.task}"' in text
    assert '"name": "kitchen"' in text
    form = page.post("/benchmarks/maps/submit/", {"method_name": "M", "visibility": "public"})
    assert "Choose a zip archive with the maps." in form.content.decode()


def test_a_submission_shows_its_numbers_and_its_videos_by_name(
    page: Client, split: Split, made: MapBenchmark
) -> None:
    report = evaluate(made.evaluator, made.truth, made.good)
    parts = {"per_video": report.per_video, "per_category": report.per_category}
    submission = scored(split, report.metrics, **parts)
    text = read(page, submission.get_absolute_url())
    for name in ("park", "kitchen"):
        assert name in text
    assert text.count("9 frames") == 2
    assert f"{2 if made.evaluator == 'vipseg' else 122} more are not in this ground truth" in text
    assert re.search(r'aria-sort="(none|ascending)"><a [^>]*>IoU</a></th>', text)
    assert f"python -m evaluator score {made.evaluator} --gt ground_truth/ --pred maps.zip" in text
    assert ("What do longer windows cost?" in text) == (made.evaluator == "vipseg")


def test_the_board_has_the_columns_of_the_task_in_page_chart_and_api(
    page: Client, split: Split, made: MapBenchmark
) -> None:
    metrics = evaluate(made.evaluator, made.truth, made.good).metrics
    metrics |= {key: 0.5 for key, value in metrics.items() if value is None}  # the videos are short
    scored(split, metrics)
    text = read(page, "/benchmarks/maps/")
    board = page.get("/api/v1/benchmarks/maps/leaderboard").json()
    chart = page.get("/benchmarks/maps/chart/").json()
    if made.evaluator == "vipseg":
        shown, question, primary = ["VPQ", "VPQ_th", "VPQ_st", "STQ"], "windows", "VPQ"
    else:
        shown, question, primary = ["mIoU", "fwIoU", "VC8", "VC16"], "consistency", "mIoU"
    assert [column["key"] for column in board["columns"]] == shown
    assert board["rows"][0]["values"][primary] == metrics[primary]
    assert (board["primary"], chart["key"]) == (primary, question)
    assert chart["title"] in text


def test_an_evaluator_is_named_only_where_there_is_a_ground_truth(page: Client, split: Split) -> None:
    evaluator = split.benchmark.evaluator
    assert f"<dd>{evaluator}, version" in read(page, "/benchmarks/maps/about/")
    split.ground_truth = None
    split.save()
    text = read(page, "/benchmarks/maps/about/")
    assert "<dd>published numbers only</dd>" in text
    assert f"{evaluator}, version" not in text


@pytest.mark.django_db(transaction=True)
def test_a_rejected_archive_shows_what_is_missing(page: Client, split: Split, made: MapBenchmark) -> None:
    with made.bad.open("rb") as file:
        fields = {"method_name": "M", "visibility": "public", "file": file}
        response = page.post("/benchmarks/maps/submit/", fields)
    assert response.status_code == 302
    evaluate_next.apply(throw=True)
    text = read(page, response["Location"])
    assert "Rejected: 1 problem" in text
    assert "kitchen" in text
    assert "video-missing" in text
