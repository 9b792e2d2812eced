"""The page of one submission in each of its states, for its author and for others."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from evaluator.problems import Where, problem
from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.jobs.services import job_finish_failed, job_progress
from webapp.leaderboards.ranks import boards_rank
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def submission(alice: User) -> Submission:
    return make_submission(alice)


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def _read(client: Client, submission: Submission, query: str = "", **headers: str) -> str:
    boards_rank()
    response = client.get(submission.get_absolute_url() + query, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def _reject(*problems: Any) -> None:
    evaluation_finish_rejected(token=claim().token, problems=[found.to_json() for found in problems])


def _score(**report: Any) -> None:
    evaluation_finish_scored(
        token=claim().token, outcome=Outcome({**make_report(AP=0.338, AP_so=0.5, AP_ho=None), **report})
    )


def test_queued_submission_says_its_place_and_asks_again(page: Client, submission: Submission) -> None:
    text = _read(page, submission)
    assert "Queued, next in line" in text
    assert 'hx-trigger="every 1s"' in text
    assert '<meta http-equiv="refresh"' in text


def test_running_submission_says_which_video_it_is_at(page: Client, submission: Submission) -> None:
    job_progress(token=claim().token, done=56, total=140)
    text = _read(page, submission)
    assert "Evaluating video 57 of 140" in text
    assert 'max="140" value="56"' in text


def test_htmx_gets_the_state_alone(page: Client, submission: Submission) -> None:
    text = _read(page, submission, **{"HX-Request": "true", "HX-Target": "submission-state"})
    assert text.lstrip().startswith('<section id="submission-state"')
    assert "<html" not in text


def test_badges_of_the_head_follow_the_state(page: Client, submission: Submission) -> None:
    _score()
    for headers, swap in (
        ({}, ""),
        ({"HX-Request": "true", "HX-Target": "submission-state"}, ' hx-swap-oob="true"'),
    ):
        text = _read(page, submission, **headers)
        assert text.count(f'<p id="submission-badges" class="row"{swap}>') == 1
        assert '<span class="badge upload">scored here</span>' in text


def test_answer_differs_by_who_asks_and_is_not_cached(page: Client, submission: Submission) -> None:
    response = page.get(submission.get_absolute_url())
    assert "HX-Target" in response["Vary"]
    assert response["Cache-Control"] == "private, no-store"


def test_finished_submission_asks_no_more(page: Client, submission: Submission) -> None:
    _score()
    text = _read(page, submission)
    assert "every 1s" not in text
    assert "http-equiv" not in text


def test_rejected_submission_shows_every_problem_with_place_and_remedy(
    page: Client, submission: Submission
) -> None:
    where = Where(file="results.json", entry=3, video_id=12, video="a5f1")
    found = problem("tracklet-length", where, "`segmentations` has 31 items, but the video has 36 frames.")
    Split.objects.update(quota_per_day=5)
    _reject(found, found)
    text = _read(page, submission)
    assert "Rejected: 2 problems" in text
    assert "and its quota was given back" in text
    assert "Wrong number of frames" in text
    assert "2 times" in text
    assert "results.json, entry 3 (video 12 &quot;a5f1&quot;)" in text
    assert "<code>segmentations</code> has 31 items, but the video has 36 frames." in text
    assert "Write one item per frame, and null where the object is not visible." in text
    assert "Submit again" in text


def test_problem_that_quotes_a_hostile_file_stays_text(page: Client, submission: Submission) -> None:
    _reject(problem("score-type", Where(file="<b>.json"), "`score` is `<script>alert(1)</script>`."))
    text = _read(page, submission)
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


def test_problems_that_are_not_listed_are_counted(page: Client, submission: Submission) -> None:
    first = problem("score-type", Where(entry=0), "`score` is null.")
    rest = {**first.to_json(), "where": {}, "message": "41 more of this kind.", "count": 41}
    evaluation_finish_rejected(token=claim().token, problems=[first.to_json(), rest])
    text = _read(page, submission)
    assert "42 times" in text
    assert "41 not listed" in text


def test_failed_submission_says_whose_fault_it_is(page: Client, submission: Submission) -> None:
    job_finish_failed(token=claim().token, code="time-limit", detail="Traceback: /secret/path")
    text = _read(page, submission)
    assert "Failed on our side" in text
    assert "quota" not in text  # this split has none
    assert "/secret/path" not in text
    assert "Evaluate again" not in text


def test_scored_submission_shows_numbers_in_percent_and_a_dash_where_undefined(
    page: Client, submission: Submission
) -> None:
    _score(per_category={"cat": {"AP": 0.25}}, per_video={"7": {"AP": 0.125}})
    text = _read(page, submission)
    assert "33.8" in text
    assert "50.0" in text
    assert "<td>\N{EN DASH}</td>" in text
    assert "25.0" in text
    assert "12.5" in text
    assert "Rank" in text


def test_scored_submission_tells_how_to_get_the_same_digest(page: Client, submission: Submission) -> None:
    _score(digest="sha256:abc")
    text = _read(page, submission)
    assert (
        "python -m evaluator score ovis --gt annotations.json --pred results.json --json report.json" in text
    )
    assert "sha256:abc" in text


def test_file_name_cannot_smuggle_a_command(page: Client, alice: User) -> None:
    submission = make_submission(alice, filename="a; rm -rf ~.json")
    _score()
    assert "--pred &#x27;a; rm -rf ~.json&#x27;" in _read(page, submission)


def test_warnings_of_a_scored_submission_are_shown(page: Client, submission: Submission) -> None:
    warning = problem("masks-polygons", Where(file="results.json"), "3 masks are polygons.")
    _score(warnings=[warning.to_json()])
    text = _read(page, submission)
    assert "3 masks are polygons." in text
    # Directly below the score, before all tables.
    places = [text.index(title) for title in ('id="result-title"', "What looks unintended", "All numbers")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", "2 1 3"),
        ("?videos=AP", "2 1 3"),
        ("?videos=-AP", "1 2 3"),
        ("?videos=-name", "3 2 1"),
        ("?videos=%00", "2 1 3"),
    ],
)
def test_videos_are_sorted_worst_first_or_as_asked(
    query: str, order: str, page: Client, submission: Submission
) -> None:
    _score(per_video={"1": {"AP": 0.5}, "2": {"AP": 0.1}, "3": {"AP": None}})
    text = _read(page, submission, query)
    table = text[text.index('id="videos"') :]
    places = [table.index(f'<th scope="row">{name}') for name in order.split()]
    assert places == sorted(places)


def test_better_submission_of_the_same_variant_stands_on_the_board(page: Client, alice: User) -> None:
    first = make_submission(alice)
    _score()
    make_submission(alice, first.split, variant=first.variant)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.9)))
    assert "Another submission of this variant scores higher" in _read(page, first)


def test_equal_submission_of_the_same_variant_is_not_called_higher(page: Client, alice: User) -> None:
    first = make_submission(alice)
    _score()
    second = make_submission(alice, first.split, variant=first.variant)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.338)))
    text = _read(page, second)
    assert (
        "Another submission of this variant has the same score and was scored before: it has rank 1" in text
    )
    assert "scores higher" not in text


def test_who_sees_a_private_submission_is_said_to_author_and_organisers(
    client: Client, alice: User, submission: Submission
) -> None:
    _score()
    staff = make_user("staff", is_staff=True)
    Submission.objects.update(is_public=False)
    said = {
        (False, alice): ("Private: only you and the organisers see it.", True),
        (False, staff): ("Private: only its author and the organisers see it.", True),
        (True, alice): ("Hidden by the organisers: only they can publish it.", False),
        (True, staff): ("Hidden by the organisers: only they can publish it.", True),
    }
    for (is_hidden, person), (sentence, may_publish) in said.items():
        Submission.objects.update(is_hidden=is_hidden)
        client.force_login(person)
        text = _read(client, submission)
        assert (sentence in text, "Make public" in text) == (True, may_publish)
        document = client.get(f"/api/v1/submissions/{submission.id}").json()
        assert document["hidden"] is is_hidden


@pytest.mark.parametrize("state", ["queued", "rejected", "private"])
def test_what_is_not_public_and_scored_is_not_found_by_others(
    state: str, client: Client, submission: Submission
) -> None:
    if state == "rejected":
        _reject(problem("not-a-list", Where(), "The top level is an object."))
    if state == "private":
        _score()
        Submission.objects.update(is_public=False)
    assert client.get(submission.get_absolute_url()).status_code == 404
    client.force_login(make_user())
    assert client.get(submission.get_absolute_url()).status_code == 404


def test_public_score_is_seen_by_anybody_without_buttons(client: Client, submission: Submission) -> None:
    _score()
    text = _read(client, submission)
    assert "33.8" in text
    assert "Make private" not in text
    assert submission.blob is not None
    assert submission.blob.sha256 not in text


def test_blind_phase_hides_the_numbers_from_the_author(page: Client, submission: Submission) -> None:
    _score()
    Split.objects.update(scores_visible=False)
    text = _read(page, submission)
    assert "Scores of this split are hidden" in text
    assert "33.8" not in text


def test_withdrawing_stops_a_queued_submission(page: Client, submission: Submission) -> None:
    response = page.post(f"{submission.get_absolute_url()}withdraw/", follow=True)
    submission.refresh_from_db()
    assert submission.status == Submission.Status.WITHDRAWN
    assert "Withdrawn" in response.content.decode()


def test_withdrawing_what_is_scored_says_what_to_do_instead(page: Client, submission: Submission) -> None:
    _score()
    response = page.post(f"{submission.get_absolute_url()}withdraw/", follow=True)
    assert "can no longer be withdrawn" in response.content.decode()


def test_visibility_is_changed_by_the_author(page: Client, submission: Submission) -> None:
    page.post(f"{submission.get_absolute_url()}visibility/", {"visibility": "private"})
    submission.refresh_from_db()
    assert not submission.is_public
    page.post(f"{submission.get_absolute_url()}visibility/", {"visibility": "public"})
    submission.refresh_from_db()
    assert submission.is_public


@pytest.mark.parametrize("action", ["withdraw", "retry", "visibility"])
def test_others_change_nothing(action: str, client: Client, submission: Submission) -> None:
    _score()
    client.force_login(make_user())
    before = json.dumps(Submission.objects.values("status", "is_public").get())
    client.post(f"{submission.get_absolute_url()}{action}/", {"visibility": "private"})
    assert json.dumps(Submission.objects.values("status", "is_public").get()) == before


@pytest.mark.parametrize("action", ["withdraw", "retry", "visibility"])
def test_actions_need_a_form(action: str, page: Client, submission: Submission) -> None:
    assert page.get(f"{submission.get_absolute_url()}{action}/").status_code == 405


def test_unknown_submission_is_not_found(page: Client) -> None:
    assert page.get("/submissions/00000000-0000-0000-0000-000000000000/").status_code == 404
    assert page.get("/submissions/nonsense/").status_code == 404


def test_page_of_a_large_result_needs_few_queries(
    page: Client, alice: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    size = {"length": 1, "height": 4, "width": 4}
    split = make_split(videos=[{"id": i, "name": f"v{i}", **size} for i in range(300)])
    submission = make_submission(alice, split)
    _score(per_video={str(i): {"AP": i / 300} for i in range(300)})
    boards_rank()
    with django_assert_max_num_queries(19):
        page.get(submission.get_absolute_url())
