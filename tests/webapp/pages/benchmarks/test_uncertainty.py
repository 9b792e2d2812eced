"""How intervals and ties are drawn."""

import pytest

from webapp.leaderboards.board import RankedRow, Row
from webapp.leaderboards.metrics import metric
from webapp.pages.benchmarks.uncertainty import WIDTH, rank_span, scale_of, tie_bars, whisker

AP = metric("AP")


def row(ap: float | None, bounds: tuple[float, float] | None = None, group: int | None = None) -> RankedRow:
    intervals = {"AP": bounds} if bounds else {}
    shown = Row("id", 1, 1, "M", "m", "default", {}, "upload", {"AP": ap}, intervals)
    return RankedRow(shown, 1, False, tie_group=group)


def test_whiskers_of_a_board_share_one_scale_that_holds_them_all() -> None:
    rows = [row(0.5, (0.4, 0.6)), row(0.3, (0.2, 0.35)), row(0.7)]
    scale = scale_of(rows, AP)
    drawn = [whisker(one.row, AP, scale) for one in rows]
    ends = [end for one in drawn if one for end in (one.low, one.high)]
    assert 0 < min(ends) < max(ends) < WIDTH
    assert [one.is_open for one in drawn if one] == [False, False, True]
    assert drawn[1] is not None
    assert drawn[1].low < drawn[1].mark < drawn[1].high


def test_without_any_interval_nothing_is_drawn() -> None:
    assert scale_of([row(0.5), row(0.4)], AP) is None
    assert whisker(row(0.5).row, AP, None) is None


def test_a_row_without_the_number_has_no_mark() -> None:
    rows = [row(0.5, (0.4, 0.6)), row(None)]
    assert whisker(rows[1].row, AP, scale_of(rows, AP)) is None


@pytest.mark.parametrize(
    ("members", "bars"),
    [
        ([0, 0, 1, 1], ["first", "last", "first", "last"]),
        ([0, None, 0, 0], ["first", "through", "mid", "last"]),
        ([None, 0, None], ["", "", ""]),
        ([], []),
    ],
)
def test_bars_run_from_the_first_row_of_a_group_to_its_last(
    members: list[int | None], bars: list[str]
) -> None:
    assert tie_bars([row(0.5, group=group) for group in members]) == bars


def test_ranks_are_written_only_where_several_are_possible() -> None:
    one = row(0.5)
    assert rank_span(one) == ""
    assert rank_span(RankedRow(one.row, 2, False, 2, 2)) == ""
    assert rank_span(RankedRow(one.row, 2, False, 1, 3)) == "1\N{EN DASH}3"
