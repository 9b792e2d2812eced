"""Who may do what over the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from tests.support.rest import Api, make_token
from webapp.accounts.models import ApiToken, User
from webapp.accounts.services import token_revoke
from webapp.methods.models import Variant
from webapp.methods.services import variant_get_or_create
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


def make_scored(**fields: Any) -> Submission:
    submission = make_submission(**fields)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    submission.refresh_from_db()
    return submission


@pytest.fixture
def people() -> dict[str, Api]:
    owner = make_user("owner")
    return {
        "nobody": Api(),
        "other": Api(make_user("other")),
        "owner": Api(owner),
        "staff": Api(make_user("staff", is_staff=True)),
    }


def statuses(people: dict[str, Api], path: str) -> dict[str, int]:
    return {name: api.get(path).status_code for name, api in people.items()}


def owner() -> User:
    return User.objects.get(username="owner")


def test_a_public_scored_submission_is_everybodys_to_read(people: dict[str, Api]) -> None:
    row = make_scored(author=owner())
    for path in (f"/submissions/{row.id}", f"/submissions/{row.id}/result"):
        assert statuses(people, path) == {"nobody": 200, "other": 200, "owner": 200, "staff": 200}


def test_a_private_or_unfinished_submission_does_not_exist_for_others(people: dict[str, Api]) -> None:
    private, queued = make_scored(author=owner(), is_public=False), make_submission(author=owner())
    for row in (private, queued):
        path = f"/submissions/{row.id}"
        assert statuses(people, path) == {"nobody": 404, "other": 404, "owner": 200, "staff": 200}


def test_a_private_benchmark_does_not_exist_for_others(people: dict[str, Api]) -> None:
    split = make_split("secret", benchmark={"is_public": False})
    split.benchmark.members.add(owner())
    for path in ("/benchmarks/secret", "/benchmarks/secret/leaderboard"):
        assert statuses(people, path) == {"nobody": 404, "other": 404, "owner": 200, "staff": 200}
    listed = {name: len(api.get("/benchmarks").json()["results"]) for name, api in people.items()}
    assert listed == {"nobody": 0, "other": 0, "owner": 1, "staff": 1}


def test_a_list_of_submissions_is_ones_own(people: dict[str, Api]) -> None:
    row = make_submission(author=owner())
    assert people["nobody"].get("/submissions").status_code == 401
    listed = {
        name: people[name].get("/submissions").json()["results"] for name in ("other", "owner", "staff")
    }
    assert {name: [item["id"] for item in items] for name, items in listed.items()} == {
        "other": [],
        "owner": [str(row.id)],
        "staff": [],
    }


def test_only_the_owner_and_staff_withdraw(people: dict[str, Api]) -> None:
    for name, expected in {"nobody": 401, "other": 404, "owner": 200, "staff": 200}.items():
        row = make_submission(author=owner())
        answer = people[name].send("DELETE", f"/submissions/{row.id}")
        assert answer.status_code == expected, name
        row.refresh_from_db()
        assert (row.status == "withdrawn") == (expected == 200)


def test_only_the_owner_and_staff_change_a_method(people: dict[str, Api]) -> None:
    slug = people["owner"].post("/methods", {"name": "DVIS"}).json()["slug"]
    variant = people["owner"].post("/variants", {"method": slug, "name": "R50"}).json()["id"]
    make_scored(author=owner(), variant=Variant.objects.get())  # so that others see it at all
    for name, expected in {"nobody": 401, "other": 403, "owner": 200, "staff": 200}.items():
        assert people[name].send("PATCH", f"/methods/{slug}", {"team": "T"}).status_code == expected
        answer = people[name].send("PATCH", f"/variants/{variant}", {"factors": {"mode": "online"}})
        assert answer.status_code == expected
    assert people["other"].post("/variants", {"method": slug, "name": "Swin"}).status_code == 422


@pytest.mark.parametrize("hidden", ["unfinished", "private", "private benchmark", "blind"])
def test_a_name_without_a_number_to_be_seen_does_not_exist_for_others(
    hidden: str, people: dict[str, Api]
) -> None:
    split = make_split(
        benchmark={"is_public": hidden != "private benchmark"}, scores_visible=hidden != "blind"
    )
    split.benchmark.members.add(owner())
    fields = {"author": owner(), "split": split, "is_public": hidden != "private"}
    row = make_submission(**fields) if hidden == "unfinished" else make_scored(**fields)
    variant, method = row.variant, row.variant.method
    for path in (f"/methods/{method.slug}", f"/variants/{variant.pk}"):
        assert statuses(people, path) == {"nobody": 404, "other": 404, "owner": 200, "staff": 200}
        assert people["other"].send("PATCH", path, {}).status_code == 404
    for path in ("/methods", "/variants"):
        listed = {name: len(api.get(path).json()["results"]) for name, api in people.items()}
        assert listed == {"nobody": 0, "other": 0, "owner": 1, "staff": 1}


def test_of_a_public_method_others_see_the_variants_with_public_numbers(people: dict[str, Api]) -> None:
    shown = make_scored(author=owner())
    hidden = variant_get_or_create(method=shown.variant.method, name="hidden")
    make_scored(author=owner(), variant=hidden, is_public=False)
    path = f"/methods/{shown.variant.method.slug}"
    seen = {name: len(api.get(path).json()["variants"]) for name, api in people.items()}
    assert seen == {"nobody": 1, "other": 1, "owner": 2, "staff": 2}


@pytest.mark.parametrize("spoil", ["expired", "revoked", "deactivated", "unknown", "not bearer", "empty"])
def test_a_token_that_is_no_good_is_never_taken_for_a_visitor(spoil: str) -> None:
    user = make_user()
    secret = make_token(user)
    header = f"Bearer {secret}"
    if spoil == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif spoil == "revoked":
        token_revoke(token=ApiToken.objects.get())
    elif spoil == "deactivated":
        User.objects.update(is_active=False)
    else:
        header = {"unknown": "Bearer dvb_x", "not bearer": f"Basic {secret}", "empty": "Bearer "}[spoil]
    answer = Client().get("/api/v1/benchmarks", headers={"Authorization": header})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert "unknown, revoked or expired" in answer.json()["detail"]


def test_scopes_decide_what_a_token_does() -> None:
    user = make_user()
    row = make_submission(author=user)
    read, submit = Api(user, "read"), Api(user, "submit")
    assert read.get(f"/submissions/{row.id}").status_code == 200
    assert read.send("DELETE", f"/submissions/{row.id}").status_code == 403
    assert submit.get("/submissions").status_code == 403
    # What needs no token is seen as without one.
    assert submit.get(f"/submissions/{row.id}").status_code == 404
    assert submit.get("/benchmarks").status_code == 200
    denied = read.post("/methods", {"name": "DVIS"})
    assert denied.json()["detail"] == "This needs a token with the scope 'submit'; this one has read."


def test_a_browsers_session_needs_the_csrf_token_to_change_something() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user())
    assert browser.get("/api/v1/submissions").status_code == 200
    post = {"data": '{"name": "DVIS"}', "content_type": "application/json"}
    refused = browser.post("/api/v1/methods", **post)
    assert refused.status_code == 403
    assert "X-CSRFToken" in refused.json()["detail"]
    browser.cookies["csrftoken"] = "a" * 32
    assert browser.post("/api/v1/methods", **post, headers={"X-CSRFToken": "a" * 32}).status_code == 201


def test_scores_of_a_blind_phase_are_for_staff(people: dict[str, Api]) -> None:
    row = make_scored(author=owner(), split=make_split(scores_visible=False))
    for name, shown in {"nobody": False, "other": False, "owner": False, "staff": True}.items():
        document = people[name].get(f"/submissions/{row.id}").json()
        assert (document["metrics"] is not None, document["digest"] is not None) == (shown, shown)
        result = people[name].get(f"/submissions/{row.id}/result")
        assert result.status_code == (200 if shown else 403)
