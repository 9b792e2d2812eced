"""Pages of runs: start, watch, list; and what boards show of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.support.factories import claim, make_blob, make_report, make_user
from tests.support.runs import claim_run, make_run, make_run_split, store_video
from webapp.accounts.models import User
from webapp.jobs.services import job_finish_failed
from webapp.runs.attempts import run_finish
from webapp.runs.models import Run
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def read(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_benchmark_leads_to_the_form_where_it_has_frames(client: Client) -> None:
    with_frames, without = make_run_split(), make_run_split(frames_dir="")
    link = "Run the reference model"
    assert link in read(client, with_frames.benchmark.get_absolute_url())
    assert link not in read(client, without.benchmark.get_absolute_url())


def test_the_form_needs_an_account(client: Client) -> None:
    address = f"/benchmarks/{make_run_split().benchmark.slug}/run/"
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


def test_the_form_starts_with_the_smallest_model_and_its_estimate(page: Client) -> None:
    text = read(page, f"/benchmarks/{make_run_split().benchmark.slug}/run/")
    assert "tiny_shapes (0.9 M parameters)" in text
    assert "20 frames of 2 videos; no model worker is running" in text
    assert "Its scores mean nothing" in text


def test_the_form_starts_a_run_and_leads_to_its_page(page: Client, alice: User) -> None:
    split = make_run_split()
    given = {"model": "tiny_shapes", "mode": "minvis", "note": "a try", "visibility": "private"}
    answer = page.post(f"/benchmarks/{split.benchmark.slug}/run/", given)
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.id}/"
    assert (run.author, run.options["mode"], run.note, run.is_public) == (alice, "minvis", "a try", False)


def test_a_refused_run_says_why_and_keeps_what_was_typed(page: Client, alice: User, settings: Any) -> None:
    settings.RUNS_PER_USER = 1
    split = make_run_split()
    make_run(alice, split)
    answer = page.post(f"/benchmarks/{split.benchmark.slug}/run/", {"model": "tiny_shapes", "note": "again"})
    assert answer.status_code == 422
    assert "You have 1 unfinished runs" in answer.content.decode()
    assert 'value="again"' in answer.content.decode()


def test_a_benchmark_that_no_model_fits_says_so(page: Client) -> None:
    split = make_run_split(benchmark={"categories": [{"id": 77, "name": "odd"}]})
    assert "No model here has" in read(page, f"/benchmarks/{split.benchmark.slug}/run/")


def test_where_only_staff_may_run_the_page_offers_the_command(page: Client, settings: Any) -> None:
    settings.RUNS_WHO = "staff"
    assert "python -m dvis_model predict" in read(page, f"/benchmarks/{make_run_split().benchmark.slug}/run/")


def test_a_running_run_asks_for_itself_again_and_a_finished_one_does_not(page: Client, alice: User) -> None:
    run = make_run(alice)
    store_video(claim_run(), 0, seconds=2, device="a GPU")
    text = read(page, f"/runs/{run.id}/")
    assert 'hx-trigger="every 1s"' in text
    assert "Running video 2 of 2" in text
    assert "a GPU" in text
    assert 'id="cancel"' in text
    state = read(page, f"/runs/{run.id}/", HX_Request="true", HX_Target="run-state")
    assert "<html" not in state
    assert "Video 0 is done." in state
    page.post(f"/runs/{run.id}/cancel/")
    text = read(page, f"/runs/{run.id}/")
    assert "hx-trigger" not in text
    assert "Nothing was submitted" in text


def test_a_failed_run_says_why(page: Client, alice: User) -> None:
    run = make_run(alice)
    taken = claim_run()
    store_video(taken, 0)
    job_finish_failed(token=taken.token, code="not-finite", detail="secret")
    text = read(page, f"/runs/{run.id}/")
    until = timezone.now() + timedelta(days=7)
    assert f"Finished videos are kept until {until:%-d %B}: 1 of 2 videos." in text
    assert "Failed on our side: the model produced NaN or infinity." in text
    assert "secret" not in text
    page.post(f"/runs/{run.id}/retry/")
    assert "Queued, next in line" in read(page, f"/runs/{run.id}/")


def test_a_run_on_the_board_shows_what_it_ran_on(client: Client, alice: User) -> None:
    run = make_run(alice)
    taken = claim_run()
    store_video(taken, 0, seconds=2, device="a GPU")
    run_finish(token=taken.token, blob=make_blob(), filename="submission.zip", provenance={})
    assert client.get(f"/runs/{run.id}/").status_code == 404
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    text = read(client, f"/runs/{run.id}/")
    assert "Started by" not in text  # the log names machines
    board = read(client, run.split.get_absolute_url().partition("?")[0])
    assert f'href="/runs/{run.id}/">a GPU, 5.0 frames per second</a>' in board


def test_own_runs_are_listed_beside_own_submissions(page: Client, alice: User) -> None:
    assert "No run yet" in read(page, "/runs/")
    run, other = make_run(alice), make_run()
    text = read(page, "/runs/")
    assert f"/runs/{run.id}/" in text
    assert f"/runs/{other.id}/" not in text
    assert 'href="/runs/"' in read(page, "/submissions/")
