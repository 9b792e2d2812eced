"""Boards by subset: the switch, numbers and ranks of the subset alone, exports, and rows without numbers."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.support.boards import board_again, make_board, make_row
from webapp.benchmarks.models import Split, VideoSubset
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import leaderboard
from webapp.submissions.models import Submission, SubsetScore

pytestmark = pytest.mark.django_db
API = "/api/v1/benchmarks"


@pytest.fixture
def split() -> Split:
    return make_board("shapes", video_count=5)


@pytest.fixture
def night(split: Split) -> VideoSubset:
    return VideoSubset.objects.create(split=split, name="night", title="Night scenes", videos=["1", "4"])


def measure(submission: Submission, subset: VideoSubset, **metrics: float) -> None:
    SubsetScore.objects.bulk_create(
        SubsetScore(submission=submission, subset=subset, metric=key, value=value, low=value / 2, high=1)
        for key, value in metrics.items()
    )
    board_again(submission)


def board_of(split: Split, subset: str, user: Any) -> list[tuple[int | None, str, float | None]]:
    board = leaderboard(split=split, user=user, filters=Filters(subset=subset))
    return [(one.rank, one.row.method, one.row.values.get("AP")) for one in board.rows]


def test_ranks_and_numbers_are_those_of_the_subset(split: Split, night: VideoSubset, admin_user: Any) -> None:
    measure(make_row(split, "Owl", 0.3), night, AP=0.6)
    measure(make_row(split, "Hawk", 0.5), night, AP=0.2)
    assert board_of(split, "", admin_user) == [(1, "Hawk", 0.5), (2, "Owl", 0.3)]
    assert board_of(split, "night", admin_user) == [(1, "Owl", 0.6), (2, "Hawk", 0.2)]
    (first, _) = leaderboard(split=split, user=admin_user, filters=Filters(subset="night")).rows
    assert first.row.intervals == {"AP": (0.3, 1.0)}


def test_the_best_submission_of_a_variant_is_the_best_one_on_the_subset(
    split: Split, night: VideoSubset, admin_user: Any
) -> None:
    day = make_row(split, "Owl", 0.9)
    measure(day, night, AP=0.1)
    measure(make_row(split, "Owl", 0.3, variant=day.variant), night, AP=0.7)
    assert board_of(split, "", admin_user) == [(1, "Owl", 0.9)]
    assert board_of(split, "night", admin_user) == [(1, "Owl", 0.7)]


def test_rows_scored_before_the_subset_was_made_stand_last_with_a_dash_and_the_reason(
    client: Client, split: Split, night: VideoSubset
) -> None:
    make_row(split, "Early bird", 0.9)
    measure(make_row(split, "Owl", 0.3), night, AP=0.6)
    text = client.get("/benchmarks/shapes/?subset=night").content.decode()
    assert text.index("Owl") < text.index("Early bird")
    assert "1 row has no numbers yet: scored before this subset was created" in text
    assert "Night scenes: 2 of 5 videos" in text


def test_printed_numbers_of_a_subset_are_its_numbers_and_other_printed_rows_are_left_out(
    split: Split, admin_user: Any
) -> None:
    long = VideoSubset.objects.create(split=split, name="long", title="Long videos", videos=["1"])
    make_row(split, "Paper", 0.5, source={"table": "1"}, metrics={"AP_long": 0.35, "AR1_long": 0.2})
    make_row(split, "Other paper", 0.7, source={"table": "2"})
    measure(make_row(split, "Ours", 0.4), long, AP=0.4)
    assert board_of(split, "long", admin_user) == [(1, "Ours", 0.4), (2, "Paper", 0.35)]


def test_the_switch_is_plain_links_that_keep_the_other_filters(
    client: Client, split: Split, night: VideoSubset
) -> None:
    measure(make_row(split, "Owl", 0.3), night, AP=0.6)
    text = client.get("/benchmarks/shapes/?sort=method").content.decode()
    assert 'href="/benchmarks/shapes/?subset=night&amp;sort=method"' in text
    text = client.get("/benchmarks/shapes/?subset=night&sort=method").content.decode()
    assert 'href="/benchmarks/shapes/?sort=method"' in text
    assert '<input type="hidden" name="subset" value="night">' in text


def test_boards_without_subsets_have_no_switch(client: Client, split: Split) -> None:
    make_row(split, "Owl", 0.3)
    assert "chip-subset" not in client.get("/benchmarks/shapes/").content.decode()


@pytest.mark.parametrize("name", ["noon", "x" * 50])
def test_an_unknown_subset_is_not_found_on_page_chart_and_api(
    name: str, client: Client, split: Split, night: VideoSubset
) -> None:
    make_row(split, "Owl", 0.3)
    for path in ("/benchmarks/shapes/", "/benchmarks/shapes/chart/", f"{API}/shapes/leaderboard"):
        assert client.get(f"{path}?subset={name}", follow=True).status_code == 404


def test_the_api_lists_subsets_with_title_and_size_and_gives_their_boards(
    client: Client, split: Split, night: VideoSubset
) -> None:
    measure(make_row(split, "Owl", 0.3), night, AP=0.6)
    subset = {"name": "night", "title": "Night scenes", "videos": 2}
    assert client.get(f"{API}/shapes").json()["splits"][0]["subsets"] == [subset]
    board = client.get(f"{API}/shapes/leaderboard?subset=night").json()
    assert board["subset"] == subset
    assert board["rows"][0]["values"] == {"AP": 0.6}
    assert client.get(f"{API}/shapes/leaderboard").json()["subset"] is None
    assert '"4"' not in json.dumps(client.get(f"{API}/shapes").json())  # which videos they are is not told


@pytest.mark.parametrize(("format", "suffix"), [("csv", "csv"), ("latex", "tex"), ("markdown", "md")])
def test_exports_have_the_numbers_and_the_name_of_the_subset(
    format: str, suffix: str, client: Client, split: Split, night: VideoSubset
) -> None:
    measure(make_row(split, "Owl", 0.3), night, AP=0.625)
    response = client.get(f"{API}/shapes/leaderboard?subset=night&format={format}")
    assert f'filename="shapes-val-night.{suffix}"' in response["Content-Disposition"]
    text = response.getvalue().decode()
    assert "0.625" in text or "62.5" in text
    assert ("Night scenes" in text) == (format == "latex")


def test_the_about_page_names_the_subsets(client: Client, split: Split, night: VideoSubset) -> None:
    text = client.get("/benchmarks/shapes/about/").content.decode()
    assert (
        '<a href="/benchmarks/shapes/?split=val&amp;subset=night">Night scenes</a> (2 videos of val)' in text
    )
