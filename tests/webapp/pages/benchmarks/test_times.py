"""Opening and closing times: what the admin accepts, and what the pages of a closed board say."""

from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.utils import timezone

from tests.support.boards import make_board
from webapp.benchmarks.admin import BenchmarkAdmin
from webapp.benchmarks.models import Benchmark, Split

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def page(split: Split, part: str = "") -> str:
    return Client().get(f"/benchmarks/{split.benchmark.slug}/{part}").content.decode()


def test_a_closing_time_before_the_opening_is_refused() -> None:
    now = timezone.now()
    split = make_board(opens_at=now, closes_at=now - DAY)
    with pytest.raises(ValidationError, match="Closes before it opens"):
        split.clean()
    split.closes_at = now + DAY
    split.clean()


def test_an_empty_board_that_has_closed_invites_nobody() -> None:
    html = page(make_board(closes_at=timezone.now() - DAY))
    assert "· closed</p>" in html
    assert "accepts no submissions now" in html
    assert "be the first" not in html
    assert "published numbers only" not in html


def test_a_board_that_opens_later_says_so() -> None:
    assert "· not open yet</p>" in page(make_board(opens_at=timezone.now() + DAY))


def test_a_board_without_ground_truth_names_no_limits_of_submissions() -> None:
    split = make_board(ground_truth=None)
    assert "· published numbers only</p>" in page(split)
    guide = page(split, "how-to-submit/")
    assert "not on this server" in guide
    assert "no closing time" not in guide


def test_the_admin_keeps_the_evaluator_of_a_benchmark() -> None:
    split, request = make_board(), RequestFactory().get("/admin/")
    pages = BenchmarkAdmin(Benchmark, site)
    assert {"evaluator", "task"} <= set(pages.get_readonly_fields(request, split.benchmark))
    assert "evaluator" not in pages.get_readonly_fields(request)
