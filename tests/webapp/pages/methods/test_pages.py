"""The list of methods and a method's numbers on all benchmarks."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.boards import make_board, make_row
from tests.support.factories import make_user
from webapp.benchmarks.models import Split
from webapp.methods.models import Method
from webapp.pages.methods.matrix import method_panels, methods_found, methods_listed

pytestmark = pytest.mark.django_db


def listed(**filters: str) -> list[str]:
    return [method.name for method in methods_found(user=AnonymousUser(), **filters)]


def test_the_list_has_methods_with_numbers_that_the_viewer_may_see() -> None:
    split, alice = make_board("shapes"), make_user()
    make_row(split, "Public", 0.5)
    make_row(split, "Mine", 0.4, author=alice, is_public=False)
    make_row(make_board(scores_visible=False), "Blind", 0.5)
    make_row(make_board(benchmark={"is_public": False}), "Private", 0.5)
    assert listed() == ["Public"]
    assert [method.name for method in methods_found(user=alice)] == ["Mine", "Public"]


def test_words_and_a_benchmark_narrow_the_list() -> None:
    make_row(make_board("one"), "DVIS", 0.5, year=2023)
    make_row(make_board("two"), "MinVIS", 0.5, year=2022)
    assert listed(q="vis 2023") == ["DVIS"]
    assert listed(benchmark="two") == ["MinVIS"]
    assert "No method matches" in Client().get("/methods/?q=zzz").content.decode()


def test_a_method_shows_each_variants_best_number_on_each_benchmark() -> None:
    one, two = make_board("one"), make_board("two")
    first = make_row(one, "DVIS", 0.3, factors={"mode": "online"})
    make_row(one, "DVIS", 0.6, variant=first.variant, source={"primary": False})
    make_row(one, "DVIS", 0.4, variant=first.variant)
    make_row(two, "DVIS", 0.7, factors={"mode": "offline"})
    panels = method_panels(method=first.variant.method, user=AnonymousUser())
    assert {
        panel.split.benchmark.slug: [(line.row.variant, line.value) for line in panel.lines]
        for panel in panels
    } == {"one": [("online", 0.4)], "two": [("offline", 0.7)]}


def test_the_variants_of_a_benchmark_stand_by_their_numbers_and_can_be_compared() -> None:
    split = make_board("one")
    low = make_row(split, "DVIS", 0.3, factors={"mode": "online"})
    high = make_row(split, "DVIS", 0.5, factors={"mode": "offline"})
    make_row(split, "DVIS", 0.4, factors={"mode": "printed"}, source={"table": "Table 1"})
    low.scores.filter(metric="AP").update(low=0.2, high=0.4)
    (panel,) = method_panels(method=low.variant.method, user=AnonymousUser())
    assert [line.row.variant for line in panel.lines] == ["offline", "printed", "online"]
    assert panel.comparable == [str(high.pk), str(low.pk)]
    best, _, worst = panel.lines
    assert (worst.interval, best.interval) == ("20.0 to 40.0", "")
    assert (panel.scale, best.mark, worst.low, worst.mark, worst.high) == (50, 100, 40, 60, 80)
    page = Client().get(low.variant.method.get_absolute_url()).content.decode()
    assert f"/compare/?submissions={high.pk},{low.pk}" in page


def test_the_list_shows_the_best_number_on_each_benchmark() -> None:
    make_row(make_board("one"), "DVIS", 0.3, factors={"mode": "online"})
    make_row(make_board("two"), "DVIS", 0.61)
    make_row(Split.objects.get(benchmark__slug="one"), "DVIS", 0.456, factors={"mode": "offline"})
    (dvis,) = methods_listed(user=AnonymousUser(), methods=Method.objects.all())
    assert [(one.slug, best) for one, best in dvis.benchmarks] == [("one", 0.456), ("two", 0.61)]
    assert "<strong>45.6<" in Client().get("/methods/").content.decode()


def test_the_queries_of_a_methods_page_do_not_grow_with_its_numbers() -> None:
    first = make_row(make_board(), "DVIS", 0.3)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            method_panels(method=first.variant.method, user=AnonymousUser())
        return len(queries)

    few = count()
    for n in range(10):
        make_row(make_board(), "DVIS", 0.3, factors={"mode": f"m{n}"})
    assert count() == few


def test_the_page_links_paper_code_and_submissions_scored_here() -> None:
    submission = make_row(make_board("one"), "DVIS", 0.456)
    method = submission.variant.method
    method.paper_url, method.code_url = "https://example.org/paper", "https://example.org/code"
    method.save()
    page = Client().get(method.get_absolute_url()).content.decode()
    assert "https://example.org/paper" in page
    assert "https://example.org/code" in page
    assert re.search(rf'href="/submissions/{submission.pk}/"><strong>45.6<', page)


def test_a_method_with_nothing_but_hidden_numbers_does_not_exist_for_others() -> None:
    alice = make_user()
    method = make_row(make_board(), "Mine", 0.4, author=alice, is_public=False).variant.method
    assert Client().get(method.get_absolute_url()).status_code == 404
    client = Client()
    client.force_login(alice)
    assert client.get(method.get_absolute_url()).status_code == 200
    assert Client().get("/methods/none/").status_code == 404


def test_the_list_is_alphabetical_whatever_the_case() -> None:
    split = make_board()
    for name in ("DVIS", "DeVIS", "AUSM", "Zebra", "axial"):
        make_row(split, name, 0.5)
    assert listed() == ["AUSM", "axial", "DeVIS", "DVIS", "Zebra"]


def test_a_server_without_methods_says_so_instead_of_blaming_the_search() -> None:
    assert "No method yet" in Client().get("/methods/").content.decode()


def test_a_long_list_comes_in_pages_whose_queries_do_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.pages.methods.views.PAGE_SIZE", 3)
    split = make_board()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert Client().get("/methods/").status_code == 200
        return sum("methods_method" in query["sql"] for query in captured)

    make_row(split, "Method 0", 0.5)
    few = queries()
    for number in range(1, 7):
        make_row(split, f"Method {number}", 0.5)
    assert queries() == few
    shown = [
        re.findall(r"<strong>(Method \d)</strong>", Client().get(f"/methods/?page={n}").content.decode())
        for n in (1, 2, 3)
    ]
    assert shown == [["Method 0", "Method 1", "Method 2"], ["Method 3", "Method 4", "Method 5"], ["Method 6"]]
    page = Client().get("/methods/?q=method&page=2").content.decode()
    assert "7 methods" in page
    assert "?q=method&amp;page=3" in page


def test_its_owner_edits_a_method_in_the_browser_and_nobody_else_does(client: Client) -> None:
    alice = make_user("alice")
    method = make_row(make_board("shapes"), "Tracker", 0.5, author=alice).variant.method
    address = f"/methods/{method.slug}/"
    given = {"name": "Tracker 2", "team": "The lab", "paper_url": "https://example.org/a.pdf", "year": "2025"}
    client.force_login(make_user())
    assert "Edit</a>" not in client.get(address).content.decode()
    assert client.post(f"{address}edit/", given).status_code == 403
    client.force_login(alice)
    assert f'href="{address}edit/"' in client.get(address).content.decode()
    assert 'value="Tracker"' in client.get(f"{address}edit/").content.decode()
    assert client.post(f"{address}edit/", given)["Location"] == address
    method.refresh_from_db()
    assert [method.name, method.team, method.paper_url, method.year] == [*list(given.values())[:3], 2025]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("paper_url", "a paper", "Enter a valid URL."),
        ("year", "20255", "less than or equal to 2100"),
        ("name", "Other", "already exists"),
    ],
)
def test_a_wrong_text_of_a_method_is_not_saved_and_stays_in_the_form(
    field: str, value: str, words: str, client: Client
) -> None:
    alice, split = make_user("alice"), make_board("shapes")
    make_row(split, "Other", 0.4, author=alice)
    method = make_row(split, "Tracker", 0.5, author=alice).variant.method
    client.force_login(alice)
    answer = client.post(f"/methods/{method.slug}/edit/", {"name": "Tracker", "team": "Lab", field: value})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert f'value="{value}"' in answer.content.decode()
    method.refresh_from_db()
    assert (method.name, method.team) == ("Tracker", "")
