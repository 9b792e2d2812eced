"""The list of methods and a method's numbers on all benchmarks."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.boards import make_board, make_row
from tests.factories import make_user
from webapp.methods.matrix import method_matrix, methods_listed

pytestmark = pytest.mark.django_db


def listed(**filters: str) -> list[str]:
    return [one.method.name for one in methods_listed(user=AnonymousUser(), **filters)]


def test_the_list_has_methods_with_numbers_that_the_viewer_may_see() -> None:
    split, alice = make_board("shapes"), make_user()
    make_row(split, "Public", 0.5)
    make_row(split, "Mine", 0.4, author=alice, is_public=False)
    make_row(make_board(scores_visible=False), "Blind", 0.5)
    make_row(make_board(benchmark={"is_public": False}), "Private", 0.5)
    assert listed() == ["Public"]
    assert [one.method.name for one in methods_listed(user=alice)] == ["Mine", "Public"]


def test_words_and_a_benchmark_narrow_the_list() -> None:
    make_row(make_board("one"), "DVIS", 0.5, year=2023)
    make_row(make_board("two"), "MinVIS", 0.5, year=2022)
    assert listed(q="vis 2023") == ["DVIS"]
    assert listed(benchmark="two") == ["MinVIS"]
    assert "No method fits" in Client().get("/methods/?q=zzz").content.decode()


def test_a_method_shows_each_variants_best_number_on_each_benchmark() -> None:
    one, two = make_board("one"), make_board("two")
    first = make_row(one, "DVIS", 0.3, factors={"mode": "online"})
    make_row(one, "DVIS", 0.6, variant=first.variant, source={"primary": False})
    make_row(one, "DVIS", 0.4, variant=first.variant)
    make_row(two, "DVIS", 0.7, factors={"mode": "offline"})
    matrix = method_matrix(method=first.variant.method, user=AnonymousUser())
    assert [split.benchmark.slug for split, _ in matrix.splits] == ["one", "two"]
    values = {variant.name: [cell and cell.value for cell in cells] for variant, cells in matrix.rows}
    assert values == {"offline": [None, 0.7], "online": [0.4, None]}


def test_the_queries_of_a_methods_page_do_not_grow_with_its_numbers() -> None:
    first = make_row(make_board(), "DVIS", 0.3)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            method_matrix(method=first.variant.method, user=AnonymousUser())
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
    assert re.search(rf'href="/submissions/{submission.pk}/">45.6<', page)


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
