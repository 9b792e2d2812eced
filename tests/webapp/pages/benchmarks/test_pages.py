"""Home, the tabs of a benchmark, and the way to a submission, without scripts."""

import json
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pycocotools import mask as coco_mask

from evaluator.problems import PROBLEMS
from tests.support.boards import OCCLUSION, make_board, make_row
from tests.support.factories import make_submission, make_user
from webapp.leaderboards.metrics import PRIMARY_OF_TASK
from webapp.pages.benchmarks.sample import rle_string, sample_predictions
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db
VIDEOS = [{"id": 7, "name": "a", "length": 3, "height": 20, "width": 31}]


def get(path: str, client: Client | None = None) -> str:
    response = (client or Client()).get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def test_home_shows_each_benchmark_with_its_best_public_number() -> None:
    split = make_board("shapes", video_count=12)
    make_row(split, "Good", 0.5)
    make_row(split, "Hidden", 0.9, is_public=False, author=make_user())
    make_row(split, "Quoted", 0.8, source={"primary": False})
    make_row(split, "Printed", 0.4, source={})
    page = get("/").partition("Latest scores")[0]
    assert "12 videos" in page
    assert '<span class="best-value num">50.0</span>' in page
    assert "Hidden" not in page
    assert "Quoted" not in page
    assert "1 scored here · 1 reported" in page


def test_home_hides_blind_scores_and_private_benchmarks() -> None:
    make_row(make_board("blind", scores_visible=False), "Secret", 0.5)
    make_row(make_board("private", benchmark={"is_public": False, "name": "Ours"}), "Inner", 0.5)
    page = get("/")
    assert "Scores are hidden" in page
    for name in ("Secret", "Ours", "Inner"):
        assert name not in page


def test_what_is_new_is_what_was_scored_here() -> None:
    split = make_board("shapes")
    make_row(split, "Printed", 0.5, source={"primary": True})
    make_row(split, "Fresh", 0.4)
    latest = get("/").partition("Latest scores")[2]
    assert "Fresh" in latest
    assert "Printed" not in latest


def test_home_without_benchmarks_says_how_to_import_one() -> None:
    page = get("/")
    assert "manage.py import_benchmark" in page
    assert "the demo appears here" in page


def test_every_page_leads_to_what_the_marks_of_numbers_mean() -> None:
    assert 'href="/about-numbers/"' in get("/")
    page = get("/about-numbers/")
    assert all(mark in page for mark in Submission.Origin.labels)


def test_tables_have_names() -> None:
    make_row(make_board("shapes"), "A", 0.5, metrics={**OCCLUSION})
    for path in ("/", "/benchmarks/shapes/", "/methods/"):
        tables = re.findall(r"<table[^>]*>\s*(?:<caption)?", get(path))
        assert tables
        assert all("aria-label" in table or "<caption" in table for table in tables)


def test_the_queries_of_home_do_not_grow_with_the_benchmarks() -> None:
    def count() -> int:
        cache.clear()
        get("/")  # the queue's state is remembered for some seconds from here on
        with CaptureQueriesContext(connection) as queries:
            get("/")
        return len(queries)

    make_row(make_board(), "A", 0.5)
    few = count()
    for n in range(5):
        make_row(make_board(), f"B{n}", 0.5)
    assert count() <= few


@pytest.mark.parametrize(
    ("task", "listed", "of_others"),
    [
        ("vis", {"archive-path", "json-syntax", "rle-total"}, {"png-kind", "panoptic-field"}),
        (
            "vps",
            {"archive-path", "json-syntax", "png-kind", "panoptic-field"},
            {"rle-total", "class-unknown"},
        ),
        ("vss", {"archive-path", "png-kind", "class-unknown"}, {"rle-total", "json-syntax", "frame-count"}),
    ],
)
def test_the_guide_lists_the_codes_of_its_task_alone(
    task: str, listed: set[str], of_others: set[str]
) -> None:
    make_board("shapes", benchmark={"task": task}, videos=VIDEOS)
    found = set(re.findall(r"<code>([a-z-]+)</code></td>", get("/benchmarks/shapes/how-to-submit/")))
    assert listed <= found
    assert not of_others & found
    assert not any(code.startswith("gt-") for code in found)


def test_every_code_that_a_file_can_have_is_of_a_task_and_no_file_name_gets_a_capital() -> None:
    assert all(spec.tasks and set(spec.tasks) <= set(PRIMARY_OF_TASK) for spec in PROBLEMS.values())
    assert not any(re.match(r"\w+\.(json|zip|png)", spec.title) for spec in PROBLEMS.values())


def test_the_guide_shows_what_is_left_of_the_quota() -> None:
    split, alice = make_board("shapes", quota_per_day=3), make_user()
    make_submission(alice, split)
    client = Client()
    client.force_login(alice)
    text = get("/benchmarks/shapes/how-to-submit/", client)
    assert "2 left today" in text
    assert "at most 20 times per day, <strong>20 left today</strong>" in text
    text = get("/benchmarks/shapes/how-to-submit/")
    assert ("left today" in text, "at most 20 times per day" in text) == (False, True)
    make_board("free")
    assert "given back" not in get("/benchmarks/free/how-to-submit/", client)


def test_the_sample_file_fits_every_video_and_its_masks_fill_the_frame() -> None:
    split = make_board("shapes", videos=VIDEOS, ground_truth_public=True)
    (entry,) = json.loads(get("/benchmarks/shapes/samples/val/results.json"))
    assert entry == sample_predictions(split)[0]
    assert (entry["video_id"], len(entry["segmentations"])) == (7, 3)
    mask = entry["segmentations"][0]
    assert mask["size"] == [20, 31]
    assert coco_mask.area(mask) == 6 * 10
    assert list(coco_mask.toBbox(mask)) == [10, 6, 10, 6]


def test_run_lengths_are_written_as_the_coco_api_writes_them() -> None:
    assert rle_string([6, 1, 40, 4, 5, 4, 5, 4, 21]) == "61X13mN000`0"


def test_there_is_no_sample_of_a_secret_ground_truth() -> None:
    make_board("shapes", videos=VIDEOS)
    assert Client().get("/benchmarks/shapes/samples/val/results.json").status_code == 404


def test_about_has_licence_citation_splits_and_what_the_metrics_mean() -> None:
    benchmark = {
        "licence": "CC BY 4.0",
        "citation": "@article{shapes}",
        "categories": [{"id": 1, "name": "disc"}],
    }
    make_board("shapes", benchmark=benchmark, closes_at=timezone.now() + timedelta(days=3))
    page = get("/benchmarks/shapes/about/")
    for text in ("CC BY 4.0", "@article{shapes}", "disc", "Average precision", "heavily occluded"):
        assert text in page


def test_submit_goes_on_to_the_only_open_benchmark_and_offers_several() -> None:
    make_board("shapes")
    assert Client().get("/submit/")["Location"] == "/benchmarks/shapes/submit/"
    make_board("other", benchmark={"name": "Other shapes"})
    make_board("closed", benchmark={"name": "Closed"}, closes_at=timezone.now() - timedelta(days=1))
    page = get("/submit/")
    assert "Other shapes" in page
    assert "Closed" not in page


def test_an_unknown_address_is_answered_with_a_page_that_says_so() -> None:
    response = Client().get("/benchmarks/none/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


@pytest.mark.parametrize(
    ("task", "evaluator", "file"),
    [
        ("vis", "ovis", "results.json"),
        ("vps", "vipseg", "pan_pred/"),
        ("vss", "vspw", "../predictions.zip"),
    ],
)
def test_the_guide_describes_the_file_of_the_benchmarks_task(task: str, evaluator: str, file: str) -> None:
    make_board("shapes", benchmark={"task": task, "evaluator": evaluator}, videos=VIDEOS)
    assert file in get("/benchmarks/shapes/how-to-submit/")


@pytest.mark.parametrize("split", ["nothing", "%00"])
@pytest.mark.parametrize("tab", ["", "about/", "how-to-submit/", "chart/"])
def test_a_split_that_there_is_not_is_not_found(tab: str, split: str) -> None:
    make_board("shapes")
    assert Client().get(f"/benchmarks/shapes/{tab}?split={split}").status_code == 404
