"""A leaderboard's state in its address."""

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from webapp.leaderboards.filters import CHOSEN_LIMIT, Filters


def read(query: str) -> Filters:
    return Filters.from_query(QueryDict(query))


def test_the_plain_address_is_the_default_state() -> None:
    assert read("") == Filters()
    assert Filters().to_query() == ""


def test_a_state_survives_its_address() -> None:
    query = "split=val&backbone=ResNet-50&backbone=Swin-L&mode=online&origin=reported&extra_data=none"
    query += "&q=dvis+%26+co&sort=-AP50&secondary=1&columns=all&rows=3,17&page=2"
    assert read(query).to_query() == query


@given(
    st.dictionaries(st.sampled_from(["q", "sort", "rows", "backbone", "origin", "split", "page"]), st.text())
)
def test_every_address_leads_to_one_that_stays_as_it_is(pairs: dict[str, str]) -> None:
    query = QueryDict(mutable=True)
    query.update(pairs)
    once = Filters.from_query(query)
    assert Filters.from_query(QueryDict(once.to_query())) == once


@pytest.mark.parametrize("query", ["origin=nobody", "rows=x,-1,%00", "sort=rank", "extra_data=some", "a=b"])
def test_what_an_address_cannot_mean_is_left_out(query: str) -> None:
    assert read(query) == Filters()


def test_an_alias_in_an_address_is_another_spelling_of_the_canonical_word() -> None:
    state = read("backbone=SwinL&backbone=R50&backbone=resnet-50&backbone=MyNet&mode=Offline")
    assert state.to_query() == "backbone=MyNet&backbone=ResNet-50&backbone=Swin-L&mode=offline"


def test_the_plain_forms_check_boxes_and_our_links_choose_the_same_rows() -> None:
    assert read("rows=3&rows=1").rows == read("rows=1,3").rows == (1, 3)


def test_so_many_rows_are_chosen_at_most_that_a_chart_can_be_read() -> None:
    assert len(read("rows=" + ",".join(map(str, range(100)))).rows) == CHOSEN_LIMIT


def test_a_chip_adds_its_value_and_takes_it_away_again() -> None:
    on = read("q=a").toggled("backbone", "Swin-L")
    assert on.to_query() == "backbone=Swin-L&q=a"
    assert on.toggled("backbone", "Swin-L") == read("q=a")
    assert read("").toggled("extra_data", "none").toggled("extra_data", "none") == Filters()


def test_a_page_of_the_form_is_one_of_its_own_order_and_else_the_first() -> None:
    second = read("q=a&page=2")
    assert read(f"q=a&page={second.form_page}").page == 2
    assert read(f"q=a&rows=3&page={second.form_page}").page == 2
    assert read(f"q=ab&page={second.form_page}").page == 1
    assert read(f"q=a&sort=-AP&page={second.form_page}").page == 1
    assert second.toggled("backbone", "Swin-L").page == 1
