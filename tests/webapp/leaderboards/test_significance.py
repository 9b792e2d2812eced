"""Possible ranks, and rows that do not differ significantly: on the board, in its exports and its page."""

import csv
import io

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.boards import board_again, make_board, make_row
from tests.support.drawn import make_drawn
from tests.support.factories import make_blob
from webapp.benchmarks.models import Split, VideoSubset
from webapp.leaderboards.export import to_csv, to_dict
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import Leaderboard, leaderboard
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db


def board_of(split: Split, query: str = "") -> Leaderboard:
    return leaderboard(split=split, user=AnonymousUser(), filters=Filters.from_query(QueryDict(query)))


def spans(board: Leaderboard) -> dict[str, tuple[int | None, int | None]]:
    return {one.row.method: (one.rank_low, one.rank_high) for one in board.rows}


def groups(board: Leaderboard) -> dict[str, int | None]:
    return {one.row.method: one.tie_group for one in board.rows}


def test_rows_that_differ_in_every_draw_have_one_possible_rank_and_no_bar() -> None:
    split = make_board()
    for name, ap in (("A", 0.5), ("B", 0.48), ("C", 0.46)):
        make_drawn(split, name, ap)
    board = board_of(split)
    assert spans(board) == {"A": (1, 1), "B": (2, 2), "C": (3, 3)}
    assert set(groups(board).values()) == {None}


def test_rows_that_chance_could_swap_share_their_ranks_and_a_bar() -> None:
    split = make_board()
    make_drawn(split, "A", 0.7)
    make_drawn(split, "B", 0.42, scatter=0.1)
    make_drawn(split, "C", 0.41, scatter=0.1)
    board = board_of(split)
    assert spans(board) == {"A": (1, 1), "B": (2, 3), "C": (2, 3)}
    assert groups(board)["A"] is None
    assert groups(board)["B"] == groups(board)["C"] is not None


def test_on_a_subset_the_draws_of_its_videos_decide() -> None:
    split = make_board(video_count=5)
    night = VideoSubset.objects.create(split=split, name="night", title="Night", videos=["1", "4"])
    make_drawn(split, "A", 0.7, subset=night)
    make_drawn(split, "B", 0.42, scatter=0.1, subset=night)
    make_drawn(split, "C", 0.41, scatter=0.1, subset=night)
    board = board_of(split, "subset=night")
    assert spans(board) == {"A": (1, 1), "B": (2, 3), "C": (2, 3)}
    assert groups(board)["A"] is None
    assert groups(board)["B"] == groups(board)["C"] is not None
    assert set(spans(board_of(split)).values()) == {(None, None)}


def test_a_subset_whose_draws_were_not_kept_has_ranks_alone() -> None:
    split = make_board(video_count=5)
    night = VideoSubset.objects.create(split=split, name="night", title="Night", videos=["1", "4"])
    for name, ap in (("A", 0.7), ("B", 0.6)):
        make_drawn(split, name, ap, subset=night)
    night.scores.update(samples=None)
    board_again(*Submission.objects.all())
    board = board_of(split, "subset=night")
    assert [one.rank for one in board.rows] == [1, 2]
    assert spans(board) == {"A": (None, None), "B": (None, None)}


def test_printed_numbers_keep_their_place_and_have_no_interval() -> None:
    split = make_board()
    make_drawn(split, "A", 0.42, scatter=0.1)
    make_row(split, "Printed", 0.415, source={"primary": True})
    make_drawn(split, "B", 0.41, scatter=0.1)
    board = board_of(split)
    assert spans(board) == {"A": (1, 3), "Printed": (None, None), "B": (1, 3)}
    assert board.rows[1].row.intervals == {}


def test_filters_change_no_rank_that_is_possible() -> None:
    split = make_board()
    first = make_drawn(split, "A", 0.42, scatter=0.1)
    make_drawn(split, "B", 0.41, scatter=0.1)
    first.variant.factors = {"mode": "online"}
    first.variant.save()
    assert spans(board_of(split, "mode=online")) == {"A": (1, 2)}


@pytest.mark.parametrize("other", ["ground truth", "number of draws", "no draws"])
def test_rows_that_met_other_draws_are_not_compared(other: str) -> None:
    split = make_board()
    make_drawn(split, "A", 0.5)
    make_drawn(split, "B", 0.4)
    if other == "ground truth":
        split.ground_truth = make_blob()
        split.save()
    make_drawn(split, "C", 0.3, draws={"number of draws": 40, "no draws": 0}.get(other, 200))
    assert spans(board_of(split)) == {"A": (1, 1), "B": (2, 2), "C": (None, None)}


def test_a_request_reads_no_draws() -> None:
    split = make_board()
    make_drawn(split, "A", 0.5)
    make_drawn(split, "B", 0.4)
    with CaptureQueriesContext(connection) as queries:
        assert spans(board_of(split)) == {"A": (1, 1), "B": (2, 2)}
    assert not any("scoresamples" in query["sql"] for query in queries.captured_queries)


def test_exports_carry_intervals_possible_ranks_and_ties() -> None:
    split = make_board()
    first = make_drawn(split, "A", 0.42, scatter=0.1)
    second = make_drawn(split, "B", 0.41, scatter=0.1)
    make_row(split, "Printed", 0.3, source={"primary": True})
    board = board_of(split)
    document = to_dict(board)
    assert document["tie_groups"] == [[str(first.id), str(second.id)]]
    assert [row["rank_interval"] for row in document["rows"]] == [[1, 2], [1, 2], None]
    assert [row["intervals"].get("AP") for row in document["rows"]] == [[0.36, 0.48], [0.35, 0.47], None]
    a, _, printed = csv.DictReader(io.StringIO("".join(to_csv(board))))
    assert (a["rank_low"], a["rank_high"], a["AP_low"], a["AP_high"]) == ("1", "2", "0.36", "0.48")
    assert (printed["rank_low"], printed["AP_low"]) == ("", "")


def test_the_page_draws_intervals_ranks_and_bars_and_says_what_they_mean() -> None:
    split = make_board("shapes")
    make_drawn(split, "A", 0.42, scatter=0.1)
    make_drawn(split, "B", 0.41, scatter=0.1)
    make_row(split, "Printed", 0.3, source={"primary": True})
    page = Client().get("/benchmarks/shapes/").content.decode()
    assert "<title>95 %: 36.0 to 48.0</title>" in page
    assert "<title>reported: no interval</title>" in page
    assert 'class="rank num tie first">1<small class="span"' in page
    assert "do not differ significantly from the first of them" in page
    by_name = Client().get("/benchmarks/shapes/?sort=method").content.decode()
    assert "rank num tie" not in by_name
    assert "Rows joined by a bar" not in by_name


def test_a_board_without_draws_says_nothing_of_intervals() -> None:
    make_row(make_board("shapes"), "Old", 0.4)
    page = Client().get("/benchmarks/shapes/").content.decode()
    assert "95 %" not in page
    assert "whisker" not in page
