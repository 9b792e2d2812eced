"""/submissions: from a finished upload to its result."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from tests.support.rest import Api, Tus
from webapp.accounts.models import User
from webapp.methods.models import Method
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return make_user("alice")


@pytest.fixture
def api(user: User) -> Api:
    make_split("ovis")
    return Api(user)


def body(user: User, **fields: Any) -> dict[str, Any]:
    upload = fields.pop("upload", None) or Tus(user).upload(b"[]")
    return {"benchmark": "ovis", "split": "val", "upload": upload, "method": "DVIS", **fields}


def test_a_finished_upload_is_submitted_and_queued(user: User, api: Api) -> None:
    factors = {"backbone": "ResNet-50", "mode": "online"}
    answer = api.post(
        "/submissions", body(user, variant="R50", factors=factors | {"backbone": "R50"}, note="first try")
    )
    document = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == document["links"]["self"]
    assert {name: document[name] for name in ("status", "method", "variant", "origin", "note", "public")} == {
        "status": "queued",
        "method": "DVIS",
        "variant": "R50",
        "origin": "upload",
        "note": "first try",
        "public": True,
    }
    assert document["factors"] == factors
    assert document["queue_position"] == 1
    assert document["progress"] == {"done": 0, "total": 0, "stage": document["progress"]["stage"]}
    assert document["metrics"] is document["digest"] is document["links"]["result"] is None
    assert document["quota"]["left_today"] is document["quota"]["give_backs_left"] is None
    assert api.http.get(document["links"]["self"], headers=api.headers).json()["id"] == document["id"]


def test_a_scored_one_has_fractions_and_a_result(user: User, api: Api) -> None:
    id = api.post("/submissions", body(user)).json()["id"]
    assert api.get(f"/submissions/{id}/result").status_code == 409
    report = make_report(AP=0.625, AP_ho=None)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(report))
    document = api.get(f"/submissions/{id}").json()
    assert (document["status"], document["status_text"]) == ("scored", "Scored")
    assert document["metrics"] == {"AP": 0.625, "AP_ho": None}
    assert document["digest"] == report["digest"]
    assert api.http.get(document["links"]["result"]).json() == report


def test_a_rejected_one_has_its_problems(user: User, api: Api) -> None:
    id = api.post("/submissions", body(user)).json()["id"]
    problem = {
        "code": "video-unknown",
        "severity": "error",
        "where": {"file": "results.json", "entry": 3},
        "message": "Video 99 is not in the ground truth.",
        "hint": "Use the ids of the annotation file.",
        "count": 1,
    }
    evaluation_finish_rejected(token=claim().token, problems=[problem])
    document = api.get(f"/submissions/{id}").json()
    assert (document["status"], document["problems"]) == ("rejected", [problem])


def test_one_that_is_withdrawn_says_so_and_cannot_be_again(user: User, api: Api) -> None:
    id = api.post("/submissions", body(user)).json()["id"]
    assert api.send("DELETE", f"/submissions/{id}").json()["status"] == "withdrawn"
    assert api.send("DELETE", f"/submissions/{id}").status_code == 409


def test_the_same_key_submits_once(user: User, api: Api) -> None:
    wanted = body(user)
    first, second = (api.post("/submissions", wanted, Idempotency_Key="k") for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert Submission.objects.count() == 1


def test_without_a_key_what_is_under_way_answers_and_what_is_scored_is_submitted_again(
    user: User, api: Api
) -> None:
    wanted = body(user)
    first, same = (api.post("/submissions", wanted) for _ in range(2))
    assert (first.status_code, same.status_code) == (201, 200)
    assert first.json()["id"] == same.json()["id"]
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    again = api.post("/submissions", wanted)
    assert (again.status_code, again.json()["status"]) == (201, "scored")
    assert again.json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"benchmark": "unknown"}, 422, "unknown-split"),
        ({"split": "unknown"}, 422, "unknown-split"),
        ({"upload": str(uuid.uuid4())}, 422, "unknown-upload"),
        ({"factors": {"Back bone": "R50"}}, 422, "factor-name"),
        ({"factors": {"backbone": "R" * 101}}, 422, "factor-value"),
    ],
)
def test_what_cannot_be_submitted_is_refused_by_name(
    user: User, api: Api, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = api.post("/submissions", body(user, **fields))
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (status, code)


def test_a_refused_submission_leaves_no_method_behind(user: User, api: Api) -> None:
    make_split("closed", ground_truth=None)
    assert api.post("/submissions", body(user, benchmark="closed")).status_code == 409
    assert not Method.objects.exists()


def test_an_unfinished_upload_is_refused_with_what_is_missing(user: User, api: Api) -> None:
    upload = Tus(user).create(10)["Location"].rpartition("/")[2]
    answer = api.post("/submissions", body(user, upload=upload))
    assert answer.status_code == 409
    assert "has 0 of 10 bytes" in answer.json()["detail"]


def test_somebody_elses_upload_cannot_be_submitted(user: User, api: Api) -> None:
    theirs = Tus(make_user()).upload(b"[]")
    assert api.post("/submissions", body(user, upload=theirs)).status_code == 422


def test_a_variant_keeps_the_factors_it_was_scored_with(user: User, api: Api) -> None:
    assert api.post("/submissions", body(user, factors={"mode": "online"})).status_code == 201
    answer = api.post("/submissions", body(user, factors={"mode": "offline"}))
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (409, "variant-factors")


def test_a_used_up_quota_is_told_with_its_end(user: User, api: Api) -> None:
    make_split("daily", quota_per_day=1)
    first = api.post("/submissions", body(user, benchmark="daily", upload=Tus(user).upload(b"[1]")))
    assert first.json()["quota"]["left_today"] == 0
    second = api.post("/submissions", body(user, benchmark="daily", upload=Tus(user).upload(b"[2]")))
    assert second.status_code == 429
    assert int(second["Retry-After"]) > 0
    assert second.json()["problems"]
    evaluation_finish_rejected(token=claim().token, problems=[])
    quota = api.get(f"/submissions/{first.json()['id']}").json()["quota"]
    assert (quota["left_today"], quota["give_backs_left"]) == (1, 19)


def test_a_list_is_filtered_by_benchmark_and_status(user: User, api: Api) -> None:
    make_split("ytvis")
    for number, benchmark in enumerate(("ovis", "ovis", "ytvis")):
        api.post("/submissions", body(user, benchmark=benchmark, upload=Tus(user).upload(bytes([number]))))
    assert len(api.get("/submissions").json()["results"]) == 3
    assert len(api.get("/submissions", benchmark="ytvis").json()["results"]) == 1
    assert api.get("/submissions", status="scored").json()["results"] == []


def test_a_list_asks_as_many_queries_for_many_queued_rows_as_for_one() -> None:
    author, split = make_user(), make_split()
    api = Api(author)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            rows = api.get("/submissions").json()["results"]
        assert [row["queue_position"] for row in rows] == list(range(len(rows), 0, -1))
        assert all(row["status_text"].startswith("Queued, ") for row in rows)
        return len(captured)

    make_submission(author, split)
    few = queries()
    for _ in range(10):
        make_submission(author, split)
    assert queries() == few < 20
