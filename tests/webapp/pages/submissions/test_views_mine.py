"""The list of one's own submissions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db
URL = "/submissions/"


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def _read(client: Client, query: str = "") -> str:
    response = client.get(URL + query)
    assert response.status_code == 200
    return response.content.decode()


def test_list_needs_an_account(client: Client) -> None:
    assert client.get(URL)["Location"] == f"/accounts/login/?next={URL}"


def test_empty_list_shows_how_to_begin(page: Client) -> None:
    text = _read(page)
    assert "Nothing submitted yet" in text
    assert "dvis-bench submit" in text


def test_list_has_own_submissions_with_their_score_and_nobody_elses(page: Client, alice: User) -> None:
    make_submission(alice, filename="mine.json")
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.338)))
    make_submission(filename="theirs.json")
    text = _read(page)
    assert "mine.json" in text
    assert "33.8" in text
    assert "theirs.json" not in text


def test_filters_are_joined(page: Client, alice: User) -> None:
    one, two = make_split("one", benchmark={"name": "One"}), make_split("two", benchmark={"name": "Two"})
    make_submission(alice, one, filename="scored.json")
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    make_submission(alice, one, filename="waiting.json")
    make_submission(alice, two, filename="other.json")
    text = _read(page, "?benchmark=one&status=queued")
    assert "waiting.json" in text
    assert "scored.json" not in text
    assert "other.json" not in text
    assert 'href="?status=queued"' in text


def test_filter_that_nothing_matches_offers_the_way_back(page: Client, alice: User) -> None:
    make_submission(alice)
    assert "No submission matches" in _read(page, "?benchmark=unknown")


@pytest.mark.parametrize("query", ["?status=nonsense", "?page=99", "?page=x", "?benchmark=%00"])
def test_malformed_address_never_fails(query: str, page: Client, alice: User) -> None:
    make_submission(alice)
    assert "My submissions" in _read(page, query)


def test_blind_phase_hides_scores_here_too(page: Client, alice: User) -> None:
    make_submission(alice)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.338)))
    Split.objects.update(scores_visible=False)
    assert "33.8" not in _read(page)


def test_number_of_queries_does_not_grow_with_the_list(
    page: Client, alice: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    split = make_split()
    for _ in range(6):
        make_submission(alice, split)
    with django_assert_max_num_queries(12):
        _read(page)


def test_long_list_has_pages(page: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.pages.submissions.views.PAGE_SIZE", 2)  # fifty would take long
    split = make_split()
    for number in range(3):
        make_submission(alice, split, filename=f"file{number}.json")
    assert "file0.json" not in _read(page)
    assert "file0.json" in _read(page, "?page=2")
