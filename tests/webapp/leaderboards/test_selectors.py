"""Which rows a leaderboard has, for whom, in which order, at which cost."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from tests.support.boards import OCCLUSION, make_board, make_row
from tests.support.factories import make_user
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import Leaderboard, leaderboard

pytestmark = pytest.mark.django_db


def board_of(split: Split, query: str = "", user: User | None = None) -> Leaderboard:
    return leaderboard(
        split=split, user=user or AnonymousUser(), filters=Filters.from_query(QueryDict(query))
    )


def names(board: Leaderboard) -> list[str]:
    return [ranked.row.method for ranked in board.rows]


def ranks(board: Leaderboard) -> list[int | None]:
    return [ranked.rank for ranked in board.rows]


def test_rows_are_ranked_by_the_primary_metric_and_equal_values_share_a_rank() -> None:
    split = make_board()
    for name, ap in (("A", 0.3), ("B", 0.5), ("C", 0.5), ("D", 0.1)):
        make_row(split, name, ap)
    board = board_of(split)
    assert names(board) == ["B", "C", "A", "D"]
    assert ranks(board) == [1, 1, 3, 4]
    assert [ranked.tied for ranked in board.rows] == [True, True, False, False]


def test_a_variant_has_one_row_its_best_submission_by_the_primary_metric() -> None:
    split = make_board()
    first = make_row(split, "A", 0.3, metrics={"AP50": 0.9})
    best = make_row(split, "A", 0.4, variant=first.variant, metrics={"AP50": 0.5})
    board = board_of(split)
    assert [ranked.row.submission_id for ranked in board.rows] == [str(best.pk)]
    assert board.rows[0].row.values["AP50"] == 0.5


def test_of_equal_numbers_the_one_scored_here_is_shown_rather_than_the_printed_one() -> None:
    split = make_board()
    printed = make_row(split, "A", 0.4, source={"primary": True})
    here = make_row(split, "A", 0.4, variant=printed.variant)
    assert [ranked.row.submission_id for ranked in board_of(split).rows] == [str(here.pk)]


def test_a_row_without_the_primary_metric_comes_last_and_has_no_rank() -> None:
    split = make_board()
    make_row(split, "A", None, metrics={"AP50": 0.9})
    make_row(split, "B", 0.0)
    board = board_of(split)
    assert list(zip(names(board), ranks(board), strict=True)) == [("B", 1), ("A", None)]


def test_rows_without_the_primary_metric_stand_by_the_nearest_number_they_have_and_stay_unranked() -> None:
    split = make_board()
    make_row(split, "A", None)
    make_row(split, "B", None, metrics={"AP_long": 0.2, "AP50_long": 0.9})
    make_row(split, "C", None, metrics={"AP_long": 0.4, "AP50_long": 0.5})
    make_row(split, "D", None, metrics={"AP50_long": 0.99})
    make_row(split, "E", 0.1)
    board = board_of(split)
    assert list(zip(names(board), ranks(board), strict=True)) == [
        ("E", 1),
        ("C", None),
        ("B", None),
        ("D", None),
        ("A", None),
    ]
    assert names(board_of(split, "sort=AP_long&without=1")) == ["B", "C", "A", "D", "E"]


def test_a_private_submission_is_a_row_without_a_rank_for_its_author_alone() -> None:
    split, alice = make_board(), make_user()
    public = make_row(split, "A", 0.3, author=alice)
    make_row(split, "A", 0.9, variant=public.variant, author=alice, is_public=False)
    make_row(split, "A", 0.2, variant=public.variant, author=alice, is_public=False)
    make_row(split, "B", 0.1)
    for user in (None, make_user(), make_user(is_staff=True)):
        board = board_of(split, user=user)
        assert [(one.row.values["AP"], one.rank) for one in board.rows] == [(0.3, 1), (0.1, 2)]
    mine = board_of(split, user=alice)
    assert [(one.row.values["AP"], one.rank) for one in mine.rows] == [(0.9, None), (0.3, 1), (0.1, 2)]
    assert [one.row.is_public for one in mine.rows] == [False, True, True]
    assert mine.columns[0].best == 0.3
    assert not any(one.is_pending for one in mine.rows)


def test_only_scored_submissions_are_rows() -> None:
    split = make_board()
    make_row(split, "A", 0.3)
    running = make_row(split, "B", 0.4)
    type(running).objects.bulk_create(
        [type(running)(variant=running.variant, split=split, blob=running.blob, status="rejected")]
    )
    other = make_board()
    make_row(other, "C", 0.5)
    assert names(board_of(split)) == ["B", "A"]


def test_in_a_blind_phase_scores_show_to_staff_alone_and_published_numbers_to_everybody() -> None:
    split, alice = make_board(scores_visible=False), make_user()
    make_row(split, "Secret", 0.7, author=alice)
    make_row(split, "Printed", 0.5, source={"primary": True})
    assert names(board_of(split)) == ["Printed"]
    assert names(board_of(split, user=alice)) == ["Printed"]
    assert board_of(split, user=alice).is_blind
    staff = board_of(split, user=make_user(is_staff=True))
    assert names(staff) == ["Secret", "Printed"]
    assert not staff.is_blind


def test_second_readings_are_left_out_until_asked_for_and_never_take_a_rank() -> None:
    split = make_board()
    main = make_row(split, "A", 0.3, source={"primary": True})
    make_row(split, "A", 0.4, variant=main.variant, source={"primary": False})
    make_row(split, "B", 0.2, source={"primary": True})
    assert board_of(split).rows[0].row.values["AP"] == 0.3
    assert board_of(split).secondary_rows == 1
    board = board_of(split, "secondary=1")
    assert [(r.row.values["AP"], r.rank) for r in board.rows] == [(0.4, None), (0.3, 1), (0.2, 2)]
    assert board.columns[0].best == 0.3


def test_facets_hide_rows_and_change_no_rank_and_no_best_number() -> None:
    split = make_board()
    make_row(split, "A", 0.5, factors={"backbone": "Swin-L", "mode": "offline"})
    make_row(split, "B", 0.4, factors={"backbone": "ResNet-50", "mode": "offline"})
    make_row(split, "C", 0.3, factors={"backbone": "ResNet-50", "mode": "online"})
    make_row(split, "D", 0.2, factors={"backbone": "Swin-T"}, source={"primary": True})
    board = board_of(split, "backbone=ResNet-50")
    assert (names(board), ranks(board), board.columns[0].best) == (["B", "C"], [2, 3], 0.5)
    assert (board.matching, board.total) == (2, 4)
    assert names(board_of(split, "backbone=ResNet-50&backbone=Swin-L")) == ["A", "B", "C"]
    assert names(board_of(split, "backbone=ResNet-50&mode=online")) == ["C"]
    assert names(board_of(split, "origin=reported")) == ["D"]
    assert {facet.key: len(facet.values) for facet in board.facets} == {"backbone": 3, "mode": 2, "origin": 2}


def test_no_extra_data_is_a_facet_where_some_rows_used_extra_data() -> None:
    split = make_board()
    make_row(split, "A", 0.5, factors={"extra_data": "COCO"})
    make_row(split, "B", 0.4, factors={"extra_data": "none"})
    make_row(split, "C", 0.3)
    assert names(board_of(split, "extra_data=none")) == ["B", "C"]


def test_the_text_search_finds_rows_and_leaves_their_ranks() -> None:
    split = make_board()
    make_row(split, "DVIS", 0.5, factors={"backbone": "Swin-L"})
    make_row(split, "MinVIS", 0.4, factors={"backbone": "ResNet-50"})
    board = board_of(split, "q=minvis resnet")
    assert (names(board), ranks(board), board.matching, board.total) == (["MinVIS"], [2], 1, 2)


def test_any_column_sorts_and_undefined_values_stay_last_in_both_directions() -> None:
    split = make_board()
    make_row(split, "A", 0.5, metrics={"AP50": 0.7})
    make_row(split, "B", 0.4, metrics={"AP50": 0.9})
    make_row(split, "C", 0.3)
    assert names(board_of(split, "sort=-AP50&without=1")) == ["B", "A", "C"]
    assert names(board_of(split, "sort=AP50&without=1")) == ["A", "B", "C"]
    assert names(board_of(split, "sort=-method")) == ["C", "B", "A"]
    assert ranks(board_of(split, "sort=AP50&without=1")) == [2, 1, None]
    assert names(board_of(split, "sort=nonsense")) == ["A", "B", "C"]


def test_columns_without_any_value_are_hidden_and_the_primary_one_never_is() -> None:
    split = make_board()
    make_row(split, "A", None, metrics={"AP75": None, **OCCLUSION})
    assert [c.metric.key for c in board_of(split).columns] == ["AP", "AP_so", "AP_mo", "AP_ho"]


def test_long_tables_show_the_headline_columns_first_and_all_of_them_when_asked() -> None:
    split = make_board()
    make_row(split, "A", 0.5, metrics={"AP50": 0.7, "AR_s": 0.1, "AR100": 0.2})
    assert [c.metric.key for c in board_of(split).columns] == ["AP", "AP50"]
    assert board_of(split).hidden == {"recall": 2}
    assert [c.metric.key for c in board_of(split, "columns=all").columns] == ["AP", "AP50", "AR100", "AR_s"]


def count_queries(split: Split, user: User) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert board_of(split, "sort=-AP50&secondary=1", user=user).rows
    return len(queries)


def test_the_number_of_queries_does_not_grow_with_the_rows() -> None:
    split, alice = make_board(), make_user()
    make_row(split, "First", 0.5, metrics={"AP50": 0.6}, author=alice)
    few = count_queries(split, alice)
    for n in range(40):
        make_row(split, f"M{n}", n / 100, metrics={"AP50": 0.5}, author=alice)
    assert count_queries(split, alice) == few <= 8


@pytest.mark.parametrize("limit", [2, 5, 6])
def test_pages_together_hold_every_row_also_those_without_any_number(limit: int) -> None:
    split = make_board()
    for name, ap in (("A", 0.5), ("B", 0.4), ("C", 0.4), ("D", 0.2)):
        make_row(split, name, ap)
    make_row(split, "E", None, metrics={"AP": None})
    make_row(split, "F", None, metrics={"AP50": 0.3})
    shown = []
    for page in range(1, -(-6 // limit) + 1):
        filters = Filters.from_query(QueryDict(f"page={page}"))
        shown += names(leaderboard(split=split, user=AnonymousUser(), filters=filters, limit=limit))
    assert shown[:4] == ["A", "B", "C", "D"]
    assert sorted(shown[4:]) == ["E", "F"]
