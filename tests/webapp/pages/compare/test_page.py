"""The page that compares, and the ways to it, without scripts."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.support.boards import make_board, make_row
from tests.support.drawn import make_drawn
from webapp.benchmarks.models import Split
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db
PARTS = {"per_category": {"cat": {"AP": 0.9}}, "per_video": {"1": {"AP": 0.5}, "2": {"AP": 0.25}}}
OTHER_PARTS = {"per_category": {"cat": {"AP": 0.7}}, "per_video": {"1": {"AP": 0.25}, "2": {"AP": 0.5}}}


@pytest.fixture
def split() -> Split:
    videos = [{"id": n, "name": f"clip-{n}", "length": 9, "height": 9, "width": 9} for n in (1, 2)]
    return make_board("shapes", videos=videos)


def read(*rows: Submission, status: int = 200, **query: str) -> str:
    ids = ",".join(str(row.id) for row in rows)
    response = Client().get(f"/compare/?{urlencode({'submissions': ids, **query})}")
    assert response.status_code == status
    return response.content.decode()


def test_the_page_says_whether_it_is_chance_and_shows_the_numbers(split: Split) -> None:
    page = read(make_drawn(split, "A", 0.5, **PARTS), make_drawn(split, "B", 0.48, **OTHER_PARTS))
    assert "A is better than B: AP is 2.0 points higher" in page
    assert '<td class="num delta">+2.0' in page
    assert "resampled 200 times" in page
    assert page.count("data-chart=") == 4
    assert "How large is the difference, and is it significant?" in page


def test_every_chart_has_its_numbers_as_a_table(split: Split) -> None:
    page = read(make_drawn(split, "A", 0.5, **PARTS), make_drawn(split, "B", 0.48, **OTHER_PARTS))
    for title, cells in (
        ("Which categories make the difference?", ("cat", "90.0", "70.0", "+20.0")),
        ("What is hard for all, and who is good at what?", ("cat", "90.0", "70.0")),
        ("Video by video: where is each of them better?", ("clip-1", "50.0", "25.0", "+25.0")),
    ):
        table = page[page.index(f'<table class="data" aria-label="{title}">') :]
        row = "".join(
            f"<td{'' if n == 0 else ' class=' + chr(34) + 'num' + chr(34)}>{c}</td>"
            for n, c in enumerate(cells)
        )
        assert row in re.sub("</?a[^>]*>", "", table[: table.index("</table>")])


def test_the_videos_in_which_each_is_ahead_are_listed(split: Split) -> None:
    page = read(make_drawn(split, "A", 0.5, **PARTS), make_drawn(split, "B", 0.48, **OTHER_PARTS))
    ahead, behind = page.split("Where A is ahead")[1].split("Where B is ahead")
    assert re.search(r'<th scope="row"><a href="/benchmarks/[\w-]+/videos/1/\?[^"]+">clip-1</a></th>', ahead)
    assert re.search(r'<th scope="row"><a href="/benchmarks/[\w-]+/videos/2/\?[^"]+">clip-2</a></th>', behind)


def test_of_several_the_one_asked_for_shows_categories_and_videos(split: Split) -> None:
    first, second = make_drawn(split, "A", 0.5, **PARTS), make_drawn(split, "B", 0.4, **OTHER_PARTS)
    third = make_drawn(split, "C", 0.3, per_category={"cat": {"AP": 0.4}}, per_video={})
    page = read(first, second, third, **{"with": str(third.id)})
    assert "AP in points, A minus C" in page
    assert "AP in points, A minus B" not in page
    assert page.count('<summary class="sentence">') == 2


def test_each_of_several_can_come_first_or_be_left_out(split: Split) -> None:
    a, b, c = (make_drawn(split, name, 0.5) for name in "ABC")
    page = read(a, b, c)
    assert f'href="/compare/?submissions={b.id},{a.id},{c.id}">Compare this one' in page
    assert f'href="/compare/?submissions={a.id},{c.id}">Leave out' in page
    assert "Leave out" not in read(a, b)


def test_a_reported_number_is_compared_without_interval_and_parts(split: Split) -> None:
    page = read(
        make_drawn(split, "A", 0.5, **PARTS), make_row(split, "Printed", 0.4, source={"primary": True})
    )
    assert "Printed is a reported number" in page
    assert "reported numbers come without them" in page
    assert "data-chart=" not in page
    assert "no interval" in page


def test_names_of_people_are_text_in_page_and_drawings(split: Split) -> None:
    page = read(
        make_drawn(split, "<script>x</script>", 0.5, **PARTS), make_drawn(split, "B", 0.4, **OTHER_PARTS)
    )
    assert "<script>x" not in page
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)


@pytest.mark.parametrize(("count", "status"), [(1, 422), (6, 422)])
def test_what_cannot_be_compared_is_said_with_how_to_choose(split: Split, count: int, status: int) -> None:
    page = read(*(make_drawn(split, f"M{n}", 0.5) for n in range(count)), status=status)
    assert f"Expected 2 to 5 different submissions, but got {count}." in page
    assert 'href="/benchmarks/shapes/"' in page


def test_without_any_submission_the_page_tells_how_to_choose(split: Split) -> None:
    page = read()
    assert "Tick rows on a leaderboard" in page
    assert 'role="alert"' not in page


def test_a_private_submission_is_not_compared_by_strangers(split: Split) -> None:
    page = read(make_drawn(split, "A", 0.5), make_drawn(split, "Secret", 0.4, is_public=False), status=404)
    assert "Secret" not in page


def test_ticked_rows_lead_to_their_comparison_best_first(split: Split) -> None:
    low, high = make_drawn(split, "Low", 0.3), make_drawn(split, "High", 0.5)
    board = Client().get(f"/benchmarks/shapes/?rows={low.variant_id},{high.variant_id}").content.decode()
    assert f'href="/compare/?submissions={high.id},{low.id}">Compare</a>' in board
    one = Client().get(f"/benchmarks/shapes/?rows={low.variant_id}").content.decode()
    assert "tick another one to compare them" in one
    assert "compare-ticked" not in one


def test_the_plain_form_of_a_board_leads_to_the_comparison(split: Split) -> None:
    low, high = make_drawn(split, "Low", 0.3), make_drawn(split, "High", 0.5)
    board = Client().get("/benchmarks/shapes/").content.decode()
    assert 'name="board" value="shapes" formaction="/compare/"' in board
    sent = f"board=shapes&q=&rows={low.variant_id}&rows={high.variant_id}"
    response = Client().get(f"/compare/?{sent}")
    assert (response.status_code, response["Location"]) == (302, f"/compare/?submissions={high.id},{low.id}")
    alone = Client().get(f"/compare/?board=shapes&rows={low.variant_id}")
    assert alone.status_code == 422
    assert "1 row ticked: tick another one to compare them." in alone.content.decode()


@pytest.mark.parametrize("query", ["board=nothing", "board=shapes&split=test", "board=%00", "board="])
def test_a_board_that_is_not_there_is_not_found(split: Split, query: str) -> None:
    assert Client().get(f"/compare/?{query}").status_code == 404


def test_a_submissions_page_offers_the_rows_of_its_board(split: Split) -> None:
    own, rival = make_drawn(split, "Own", 0.42, scatter=0.1), make_drawn(split, "Rival", 0.41, scatter=0.1)
    page = Client().get(own.get_absolute_url()).content.decode()
    assert f'href="/compare/?submissions={own.id},{rival.id}">2. Rival' in page
    assert "(1\N{EN DASH}2 possible)" in page
    assert "95 %: 36.0 to 48.0" in page
    assert "Each interval covers 95 %" in page
