"""/models and /runs of the REST API."""

from typing import Any

import pytest

from tests.support.factories import make_blob, make_user
from tests.support.rest import Api
from tests.support.runs import claim_run, make_checkpoint, make_run, make_run_split, store_video
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.jobs.services import job_finish_failed
from webapp.runs.attempts import run_finish
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def split() -> Split:
    return make_run_split(videos=2, frames=10)


SYNTHETIC = ("MinVIS", "DVIS_Online", "DVIS_Offline")


def body(of: Split, **fields: Any) -> dict[str, Any]:
    return {"benchmark": of.benchmark.slug, "split": of.name, "model": "tiny_shapes", **fields}


def test_models_are_listed_for_anybody_and_for_a_benchmark(split: Split) -> None:
    names = [model["name"] for model in Api().get("/models").json()]
    assert {"ovis/DVIS_Offline_R50", "tiny_shapes"} <= set(names)
    listed = Api().get("/models", benchmark=split.benchmark.slug).json()
    fitting = {model["name"]: model["modes"] for model in listed}
    assert set(fitting) == {"tiny_shapes", *(f"synthetic/vis/{one}" for one in SYNTHETIC)}
    assert fitting["tiny_shapes"] == ["offline", "online", "minvis"]


def test_a_post_starts_a_run_and_says_where_to_follow_it(alice: User, split: Split) -> None:
    given = body(split, options={"mode": "online"}, method="Mine", public=False)
    answer = Api(alice).post("/runs", given)
    document = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == f"http://testserver/api/v1/runs/{document['id']}"
    assert document["status"] == "queued"
    assert (document["method"], document["options"]["mode"]) == ("Mine", "online")
    assert (document["videos_total"], document["frames_total"], document["submission"]) == (2, 20, None)
    assert not Run.objects.get().is_public


def test_a_repeated_post_with_the_same_key_starts_one_run(alice: User, split: Split) -> None:
    api = Api(alice)
    answers = [api.post("/runs", body(split), Idempotency_Key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Run.objects.count() == 1


def test_starting_needs_a_token_with_the_scope_run(alice: User, split: Split) -> None:
    assert Api().post("/runs", body(split)).status_code == 401
    refused = Api(alice, "read", "submit").post("/runs", body(split))
    assert (refused.status_code, "scope 'run'" in refused.json()["detail"]) == (403, True)
    assert Api(alice, "run").post("/runs", body(split)).status_code == 202


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("benchmark", "nothing", "unknown-benchmark"),
        ("split", "nothing", "unknown-split"),
        ("model", "nothing", "unknown-model"),
        ("checkpoint", "00000000-0000-0000-0000-000000000000", "unknown-checkpoint"),
        ("options", {"window": 1000}, "bad-option"),
        ("note", "two\nlines", "unseen-character"),
    ],
)
def test_what_is_not_there_is_named_with_what_to_do(
    alice: User, split: Split, field: str, value: Any, code: str
) -> None:
    answer = Api(alice).post("/runs", body(split, **{field: value}))
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["code"]) == (422, code)
    assert problem["hint"]


def test_a_checkpoint_of_somebody_else_is_as_if_it_were_not_there(alice: User, split: Split) -> None:
    theirs = make_checkpoint(make_user(), "tiny_shapes")
    answer = Api(alice).post("/runs", body(split, checkpoint=str(theirs.id)))
    assert answer.json()["problems"][0]["code"] == "unknown-checkpoint"


def test_too_many_runs_at_once_are_429(alice: User, split: Split, settings: Any) -> None:
    settings.RUNS_PER_USER = 1
    make_run(alice, split)
    assert Api(alice).post("/runs", body(split)).status_code == 429


def test_a_run_is_followed_by_its_author_and_nobody_else(alice: User) -> None:
    run = make_run(alice)
    assert Api(alice).get(f"/runs/{run.id}").json()["queue_position"] == 1
    store_video(claim_run(), 0, seconds=2, device="a GPU")
    document = Api(alice).get(f"/runs/{run.id}").json()
    assert (document["status"], document["videos_done"], document["device"]) == ("running", 1, "a GPU")
    assert document["frames_per_second"] == 5.0
    for other in (Api(make_user()), Api()):
        assert other.get(f"/runs/{run.id}").status_code == 404


def test_a_finished_run_names_its_submission(alice: User) -> None:
    run = make_run(alice)
    run_finish(token=claim_run().token, blob=make_blob(), filename="submission.zip", provenance={"a": 1})
    document = Api(alice).get(f"/runs/{run.id}").json()
    assert (document["status"], document["submission_status"]) == ("succeeded", "queued")
    assert document["links"]["submission"].endswith(document["submission"])
    assert Api(alice).get(f"/submissions/{document['submission']}").json()["origin"] == "run"


def test_own_runs_are_listed_by_benchmark_and_status(alice: User, split: Split) -> None:
    run = make_run(alice, split)
    make_run()
    api = Api(alice)
    assert [found["id"] for found in api.get("/runs").json()["results"]] == [str(run.id)]
    assert api.get("/runs", benchmark="other").json()["results"] == []
    assert len(api.get("/runs", status="queued").json()["results"]) == 1


def test_the_log_is_read_bit_by_bit_and_as_text(alice: User) -> None:
    run = make_run(alice)
    api = Api(alice)
    first = api.get(f"/runs/{run.id}/log").json()
    assert [event["text"] for event in first["events"]] == ["Queued."]
    claim_run("model@gpu")
    rest = api.get(f"/runs/{run.id}/log", after=first["next"]).json()
    assert [event["text"] for event in rest["events"]] == ["Started by model@gpu, attempt 1."]
    assert api.get(f"/runs/{run.id}/log", after=rest["next"]).json() == {"events": [], "next": rest["next"]}
    text = api.get(f"/runs/{run.id}/log", format="text")
    assert text["Content-Type"].startswith("text/plain")
    assert text.content.decode().endswith("Started by model@gpu, attempt 1.\n")
    assert Api(make_user()).get(f"/runs/{run.id}/log").status_code == 404


def test_a_run_is_cancelled_once_and_by_its_author(alice: User) -> None:
    run = make_run(alice)
    assert Api(make_user()).post(f"/runs/{run.id}/cancel").status_code == 404
    assert Api(alice, "read").post(f"/runs/{run.id}/cancel").status_code == 403
    assert Api(alice).post(f"/runs/{run.id}/cancel").json()["status"] == "cancelled"
    again = Api(alice).post(f"/runs/{run.id}/cancel")
    assert (again.status_code, again.json()["problems"][0]["code"]) == (409, "run-finished")


def test_a_failed_run_goes_on_behind_its_last_video_and_another_does_not(alice: User) -> None:
    run = make_run(alice)
    early = Api(alice).post(f"/runs/{run.id}/retry")
    assert (early.status_code, early.json()["problems"][0]["code"]) == (409, "run-not-failed")
    claim = claim_run()
    store_video(claim, 0)
    job_finish_failed(token=claim.token, code="not-finite")
    assert Api(alice).get(f"/runs/{run.id}").json()["failure"] == "not-finite"
    answer = Api(alice).post(f"/runs/{run.id}/retry")
    document = answer.json()
    assert (answer.status_code, document["status"], document["failure"]) == (202, "queued", None)
    assert document["videos_done"] == len(claim_run().done) == 1


def test_an_estimate_is_for_anybody_who_sees_the_benchmark(split: Split) -> None:
    document = Api().get("/runs/estimate", **body(split)).json()
    assert (document["videos"], document["frames"], document["ms_per_frame"]) == (2, 20, None)
    assert "no model worker is running" in document["text"]
    split.benchmark.is_public = False
    split.benchmark.save()
    assert Api().get("/runs/estimate", **body(split)).status_code == 422
