"""The leaderboard's page without scripts: what it shows, where its links and buttons lead."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client

from tests.support.boards import OCCLUSION, make_board, make_row
from tests.support.factories import make_user
from webapp.leaderboards.filters import Filters

pytestmark = pytest.mark.django_db
URL = "/benchmarks/shapes/"


def get(query: str = "", client: Client | None = None, **headers: str) -> str:
    response = (client or Client()).get(URL + query, headers=headers)
    assert response.status_code == 200, response.headers
    return response.content.decode()


def rows_of(page: str) -> list[str]:
    """The names in the table, in order."""
    return re.findall(r'class="name"[^>]*>([^<]+)<', page)


def test_the_table_has_percent_with_one_decimal_a_dash_for_undefined_and_the_best_in_bold() -> None:
    split = make_board("shapes")
    make_row(split, "A", 0.3456, metrics={"AP50": 0.5})
    make_row(split, "B", 0.2)
    page = get()
    assert rows_of(page) == ["A", "B"]
    assert "<strong>34.6</strong>" in page
    assert re.search('none">\\s*\N{EN DASH}', page)
    assert "scored here" in page


def test_a_sort_button_leads_to_its_order_and_the_head_says_so() -> None:
    split = make_board("shapes")
    make_row(split, "A", 0.5, metrics={"AP50": 0.6})
    make_row(split, "B", 0.4, metrics={"AP50": 0.8})
    assert 'id="sort-AP50" type="submit" name="sort" value="-AP50"' in get()
    page = get("?sort=-AP50")
    assert rows_of(page) == ["B", "A"]
    assert re.search(r'aria-sort="descending"><button[^>]*id="sort-AP50"[^>]*value="AP50"', page)


def test_the_plain_form_ends_on_the_one_spelling_of_its_state() -> None:
    make_row(make_board("shapes"), "A", 0.5)
    response = Client().get(URL + "?q=&sort=-AP&sort=rank&rows=2&rows=1")
    assert (response.status_code, response["Location"]) == (302, URL + "?rows=1,2")


def test_the_form_sends_the_whole_state_of_its_page() -> None:
    split = make_board("shapes")
    make_row(split, "A", 0.5, metrics={"AP50": 0.6}, factors={"mode": "online"})
    make_row(split, "B", 0.4)
    query = "mode=online&sort=-AP50&secondary=1&per=method&without=1&columns=-area,cost&y=AP"
    form = get(f"?{query}").partition('id="board-form"')[2].partition('class="filters"')[0]
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
    assert Filters.from_query(QueryDict(urlencode(fields))).to_query() == query


def test_a_link_with_an_alias_of_a_factor_ends_on_the_canonical_word() -> None:
    row = make_row(make_board("shapes"), "A", 0.5, factors={"backbone": "ResNet-50"})
    assert Client().get(URL + "?backbone=r50")["Location"] == URL + "?backbone=ResNet-50"
    answer = Client().get("/api/v1/benchmarks/shapes/leaderboard?backbone=R50").json()
    assert [one["submission"] for one in answer["rows"]] == [str(row.id)]


def test_the_form_carries_the_state_that_it_has_no_field_for() -> None:
    make_row(make_board("shapes"), "A", 0.5, factors={"mode": "online"})
    page = get("?mode=online&sort=-method&rows=99999")
    for name, value in (("mode", "online"), ("sort", "-method"), ("rows", "99999")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page


def test_chips_lead_to_their_filter_and_back() -> None:
    split = make_board("shapes")
    make_row(split, "A", 0.5, factors={"backbone": "Swin-L"})
    make_row(split, "B", 0.4, factors={"backbone": "ResNet-50"})
    link = re.search(r'class="chip"[^>]* href="([^"]+)"[^>]*>Swin-L', get())
    assert link
    assert parse_qs(urlsplit(link[1]).query) == {"backbone": ["Swin-L"]}
    on = get("?backbone=Swin-L")
    assert rows_of(on) == ["A"]
    assert re.search(
        r'href="/benchmarks/shapes/" hx-get="/benchmarks/shapes/" aria-current="true">Swin-L', on
    )


def test_htmx_gets_the_board_alone_and_the_clean_address() -> None:
    make_row(make_board("shapes"), "A", 0.5)
    response = Client().get(URL + "?q=&sort=-AP50", headers={"HX-Request": "true"})
    page = response.content.decode()
    assert page.lstrip().startswith('<div id="board"')
    assert "<html" not in page
    assert response["HX-Push-Url"] == URL + "?sort=-AP50"
    assert "HX-Request" in response["Vary"]


def test_going_back_gets_the_whole_page_again() -> None:
    make_row(make_board("shapes"), "A", 0.5)
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in get("", **headers)


def test_chosen_rows_are_drawn_and_their_numbers_stand_in_a_table() -> None:
    split = make_board("shapes")
    first = make_row(split, "A", 0.5, metrics=OCCLUSION)
    make_row(split, "B", 0.4, metrics=OCCLUSION)
    page = get(f"?rows={first.variant_id}")
    table = page[page.index("The same numbers as a table") :]
    assert "<td>A</td>" in table
    assert "<td>B</td>" not in table
    chart = Client().get(f"{URL}chart/?rows={first.variant_id}").json()
    assert [line["name"] for line in chart["figure"]["data"]] == ["A"]


def test_an_empty_board_shows_how_to_submit_and_a_sample_file() -> None:
    make_board(
        "shapes",
        ground_truth_public=True,
        videos=[{"id": 1, "name": "a", "length": 2, "height": 9, "width": 9}],
    )
    page = get()
    assert "dvis-bench submit shapes results.json --split val" in page
    assert "/benchmarks/shapes/samples/val/results.json" in page


def test_filters_that_leave_nothing_offer_the_way_back() -> None:
    make_row(make_board("shapes"), "A", 0.5)
    page = get("?q=zzz")
    assert "No row matches" in page
    assert f'href="{URL}"' in page


def test_where_a_reported_number_was_printed_stands_in_its_row() -> None:
    source = {
        "primary": True,
        "reported_by": "third_party",
        "third_party_kind": "quoted",
        "table": "Table 9",
        "paper_url": "https://example.org/paper",
        "flags": ["mode_inferred"],
    }
    make_row(make_board("shapes"), "A", 0.5, source=source)
    page = get()
    assert '<a href="https://example.org/paper" rel="noreferrer">Table 9' in page
    assert "printed by others than the authors (quoted)" in page
    assert "Whether it ran online or offline is not printed" in page
    assert "doubtful source" not in page


def test_a_source_that_is_no_web_address_is_no_link() -> None:
    make_row(make_board("shapes"), "A", 0.5, source={"primary": True, "repo": "javascript:alert(1)"})
    assert 'href="javascript' not in get()


def test_names_of_people_are_text() -> None:
    make_row(make_board("shapes"), "<script>x</script>", 0.5, metrics=OCCLUSION)
    assert "<script>x" not in get()


def test_a_private_benchmark_does_not_exist_for_strangers() -> None:
    member, staff = make_user(), make_user(is_staff=True)
    split = make_board("shapes", benchmark={"is_public": False})
    make_row(split, "A", 0.5)
    split.benchmark.members.add(member)
    for path in ("", "about/", "how-to-submit/", "chart/", "samples/val/results.json"):
        assert Client().get(URL + path).status_code == 404
    stranger = Client()
    stranger.force_login(make_user())
    assert stranger.get(URL).status_code == 404
    for user in (member, staff):
        client = Client()
        client.force_login(user)
        assert rows_of(get(client=client)) == ["A"]


def test_an_unknown_split_is_not_found() -> None:
    make_board("shapes")
    assert Client().get(URL + "?split=test").status_code == 404


def test_rows_come_in_pages_and_the_form_stays_on_its_page_until_another_order_is_asked_for() -> None:
    split = make_board("shapes")
    for n in range(30):
        make_row(split, f"M{n:02}", n / 100)
    page = get()
    assert len(rows_of(page)) == 25
    assert f'href="{URL}?page=2"' in page
    assert "Page 1 of 2" in page
    second = get("?page=2")
    assert rows_of(second) == ["M04", "M03", "M02", "M01", "M00"]
    field = re.search(r'name="page" value="([^"]+)"', second)
    assert field
    stays = Client().get(f"{URL}?q=&page={field[1]}&rows=1")
    assert stays["Location"] == f"{URL}?rows=1&page=2"
    assert Client().get(f"{URL}?q=M0&page={field[1]}")["Location"] == f"{URL}?q=M0"
    assert rows_of(get("?page=9999")) == rows_of(second)
    assert Client().get(f"{URL}?show=all")["Location"] == URL


def test_the_page_needs_no_inline_script_or_handler() -> None:
    make_row(make_board("shapes"), "A", 0.5, metrics=OCCLUSION)
    page = get()
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
    assert not re.search(r"\son[a-z]+=", page)


def test_a_closed_split_says_when_it_closed() -> None:
    make_board("shapes", closes_at=datetime(2024, 5, 1, 12, tzinfo=UTC))
    guide = Client().get(URL + "how-to-submit/").content.decode()
    assert re.search(r"closed on <time [^>]*>1 May 2024, 12:00 UTC</time>", guide)
