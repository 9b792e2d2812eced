"""What every answer of the API has in common: errors, pages, limits, repeated requests."""

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as BrokerAwayError

from tests.support.factories import make_user
from tests.support.rest import Api
from webapp.api import methods as methods_api
from webapp.methods.models import Method
from webapp.methods.services import method_get_or_create, variant_get_or_create

pytestmark = pytest.mark.django_db
LISTS = ("/benchmarks", "/methods", "/variants", "/submissions")


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("GET", "/benchmarks/unknown", None, 404),
        ("GET", "/submissions/not-an-id", None, 404),
        ("PUT", "/benchmarks", None, 405),
        ("GET", "/benchmarks?cursor=forged", None, 400),
        ("GET", "/methods?q=%00", None, 422),
        ("GET", "/submissions?status=%00", None, 422),
        ("GET", "/methods/%00", None, 404),
        ("GET", "/benchmarks/%00/leaderboard", None, 404),
        ("POST", "/methods", {"name": "\x00"}, 422),
        ("POST", "/methods", {"name": "DVIS", "team": "\x00"}, 422),
        ("POST", "/methods", {"name": "DVIS\x1b[2J"}, 422),
        ("POST", "/runs", {"benchmark": "\ud800", "split": "val", "model": "tiny_shapes"}, 422),
        ("POST", "/runs", {"benchmark": "\ud83d\ude00", "split": "val", "model": "tiny_shapes"}, 422),
        ("POST", "/variants", {"method": "dvis", "factors": {"mode\x00": "online"}}, 422),
        ("GET", "/benchmarks?limit=0", None, 422),
        ("POST", "/methods", {"name": 3}, 422),
        ("POST", "/methods", {"name": "x" * 101}, 422),
        ("POST", "/methods", {"name": "DVIS", "paper_url": "javascript:alert(1)"}, 422),
        ("POST", "/submissions", {"benchmark": "unknown"}, 422),
    ],
)
def test_every_error_is_a_problem_document(method: str, path: str, body: Any, status: int) -> None:
    answer = Api(make_user()).send(method, path, body)
    document = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert document.keys() == {"type", "title", "status", "detail", "problems"}
    assert document["status"] == status
    for problem in document["problems"]:
        assert problem.keys() == {"code", "severity", "where", "message", "hint", "count"}


def test_a_body_that_is_no_json_is_said_so() -> None:
    api = Api(make_user())
    answer = api.http.post(
        "/api/v1/methods", b'{"name": ', content_type="application/json", headers=api.headers
    )
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith("The body is not JSON: ")


def test_all_wrong_fields_are_named_at_once() -> None:
    document = Api(make_user()).post("/submissions", {"benchmark": 3, "upload": "x"}).json()
    fields = {problem["where"]["field"] for problem in document["problems"]}
    assert fields == {"benchmark", "split", "upload", "method"}


def test_an_unknown_method_names_those_that_are_known() -> None:
    assert "GET" in Api().send("DELETE", "/benchmarks")["Allow"]


def test_a_fault_of_ours_is_logged_and_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret detail")

    # A fault of ours, which no request is known to cause.
    monkeypatch.setattr(methods_api, "method_get_or_create", broken)
    with caplog.at_level(logging.ERROR):
        answer = Api(make_user()).post("/methods", {"name": "DVIS"})
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert b"secret detail" not in answer.content
    assert "secret detail" in caplog.text


def test_lists_are_read_page_by_page_without_gaps_while_rows_are_added() -> None:
    owner = make_user()
    api = Api(owner)
    for number in range(5):
        method_get_or_create(owner=owner, name=f"M{number}")
    page = api.get("/methods", limit=2).json()
    method_get_or_create(owner=owner, name="later")
    seen = [row["name"] for row in page["results"]]
    while page["next"]:
        page = api.http.get(page["next"], headers=api.headers).json()
        seen += [row["name"] for row in page["results"]]
    assert seen == ["M4", "M3", "M2", "M1", "M0"]


def test_a_cursor_of_another_list_is_refused() -> None:
    owner = make_user()
    api = Api(owner)
    for number in range(2):
        method = method_get_or_create(owner=owner, name=f"M{number}")
        variant_get_or_create(method=method)
    cursor = parse_qs(urlsplit(api.get("/methods", limit=1).json()["next"]).query)["cursor"]
    statuses = {path: api.get(path, cursor=cursor).status_code for path in LISTS}
    assert statuses == {path: 200 if path == "/methods" else 400 for path in LISTS}


def test_answers_tell_what_is_left_of_the_limit(settings: Any) -> None:
    settings.API_THROTTLE_USER = "3/h"
    api = Api(make_user())
    left = [api.get("/benchmarks")["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = api.get("/benchmarks")
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert refused["RateLimit-Limit"] == "3"
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert Api(make_user()).get("/benchmarks").status_code == 200


def test_visitors_are_counted_by_address_and_cannot_make_up_another(settings: Any) -> None:
    settings.API_THROTTLE_ANONYMOUS = "1/h"
    settings.DEMO_SITE = False  # which answers nothing that came through a proxy
    visitor = Client()
    assert visitor.get("/api/v1/benchmarks").status_code == 200
    forged = visitor.get("/api/v1/benchmarks", headers={"X-Forwarded-For": "8.8.8.8"})
    assert forged.status_code == 429
    assert visitor.get("/api/v1/benchmarks", REMOTE_ADDR="10.0.0.7").status_code == 200


def test_without_the_broker_requests_are_answered_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise BrokerAwayError("nobody listens")

    # The broker of all other tests stays; one that went away for good is in tests/chaos.
    monkeypatch.setattr(cache, "add", away)
    answer = Api().get("/benchmarks")
    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer


def test_a_repeated_post_gets_the_first_answer_and_is_done_once() -> None:
    api = Api(make_user())
    first = api.post("/methods", {"name": "DVIS"}, Idempotency_Key="a-key")
    Method.objects.update(team="changed since")
    second = api.post("/methods", {"name": "DVIS"}, Idempotency_Key="a-key")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"


def test_a_key_is_for_one_request_of_one_person() -> None:
    api = Api(make_user())
    api.post("/methods", {"name": "DVIS"}, Idempotency_Key="a-key")
    other_body = api.post("/methods", {"name": "MinVIS"}, Idempotency_Key="a-key")
    assert other_body.status_code == 422
    assert other_body.json()["problems"][0]["code"] == "idempotency-key"
    other_person = Api(make_user()).post("/methods", {"name": "MinVIS"}, Idempotency_Key="a-key")
    assert other_person.json()["name"] == "MinVIS"


def test_a_refusal_is_not_remembered() -> None:
    api = Api(make_user())
    body = {"method": "dvis", "name": "R50"}
    assert api.post("/variants", body, Idempotency_Key="a-key").status_code == 422
    api.post("/methods", {"name": "DVIS"})
    assert api.post("/variants", body, Idempotency_Key="a-key").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    assert Api(make_user()).post("/methods", {"name": "DVIS"}, Idempotency_Key=key).status_code == 400


def test_answers_are_not_kept_by_caches() -> None:
    answer = Api().get("/benchmarks")
    assert answer["Cache-Control"] == "no-store"
    assert {"Authorization", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}


def test_the_table_of_problem_codes_is_the_evaluators() -> None:
    codes = {row["code"] for row in Api().get("/problems").json()}
    assert {"archive-damaged", "file-empty"} <= codes


def test_the_description_lists_every_address() -> None:
    paths = set(Api().get("/openapi.json").json()["paths"])
    assert {
        *("/api/v1/uploads", "/api/v1/uploads/{id}", "/api/v1/benchmarks", "/api/v1/benchmarks/{slug}"),
        *("/api/v1/benchmarks/{slug}/leaderboard", "/api/v1/methods", "/api/v1/methods/{slug}"),
        *("/api/v1/variants", "/api/v1/variants/{id}", "/api/v1/submissions", "/api/v1/submissions/{id}"),
        *("/api/v1/submissions/{id}/result", "/api/v1/submissions/{id}/receipt", "/api/v1/compare"),
        *("/api/v1/models", "/api/v1/runs", "/api/v1/runs/estimate", "/api/v1/runs/{id}"),
        *("/api/v1/runs/{id}/log", "/api/v1/runs/{id}/cancel", "/api/v1/runs/{id}/retry"),
        *("/api/v1/benchmarks/{slug}/ablations", "/api/v1/methods/{slug}/ablations"),
        "/api/v1/benchmarks/{slug}/history",
        *("/api/v1/benchmarks/{slug}/masks/{digest}", "/api/v1/benchmarks/{slug}/events/{digest}"),
        *(f"/api/v1/benchmarks/{{slug}}/videos/{{id}}{part}" for part in ("", "/poster.jpg")),
        "/api/v1/benchmarks/{slug}/videos/{id}/frames/{size}/{index}.jpg",
        *("/api/v1/methods/{slug}/ablations/{key}", "/api/v1/submissions/{id}/cost"),
        *("/api/v1/checkpoints", "/api/v1/checkpoints/{id}", "/api/v1/status", "/api/v1/problems"),
    } == paths
