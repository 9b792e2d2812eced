"""The site without its broker: pages answer, people log in, nothing is counted."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client
from redis.exceptions import RedisError

from tests.support.factories import make_user
from webapp.cache import OptionalRedisCache, made_once

NOBODY = "unix:///nonexistent/valkey.sock"


@pytest.fixture
def away(settings: Any) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": NOBODY}}


@pytest.mark.django_db
def test_pages_and_log_in_answer_without_the_broker(away: None) -> None:
    make_user("alice", password="correct horse 9")
    client = Client()
    assert client.get("/").status_code == 200
    wrong = client.post("/accounts/login/", {"login": "alice", "password": "wrong"})
    assert wrong.status_code == 200
    right = client.post("/accounts/login/", {"login": "alice", "password": "correct horse 9"})
    assert (right.status_code, "_auth_user_id" in client.session) == (302, True)
    answer = client.get("/api/v1/benchmarks")
    assert (answer.status_code, "RateLimit-Limit" in answer) == (200, False)


def test_without_the_broker_nothing_is_kept_and_counting_says_so(away: None) -> None:
    cache = caches["default"]
    cache.set("key", 1)
    assert cache.get("key", "nothing") == "nothing"
    assert cache.add("lock", True)
    assert not cache.delete("lock")
    with pytest.raises(RedisError):
        cache.incr("key")


@pytest.mark.usefixtures("servers")
def test_a_broker_that_came_back_is_used_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    # The pause of five seconds is not sat out.
    monkeypatch.setattr("webapp.cache.time.monotonic", lambda: now)
    cache = OptionalRedisCache(NOBODY, {})
    cache.set("came-back", 1)
    cache._servers = [settings.CACHES["default"]["LOCATION"]]
    cache.__dict__.pop("_cache", None)
    cache.set("came-back", 2)
    assert cache.get("came-back") is None
    now = 106.0
    cache.set("came-back", 3)
    assert cache.get("came-back") == 3
    cache.delete("came-back")


def test_what_twelve_ask_for_at_once_is_made_once(servers: Any) -> None:
    made: list[int] = []

    def make() -> str:
        made.append(1)
        time.sleep(0.2)
        return "drawn"

    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(lambda _: made_once("twelve", make, kept_s=1), range(12)))
    assert (found, len(made)) == (["drawn"] * 12, 1)


def test_an_error_of_the_one_who_makes_it_leaves_it_to_the_next(servers: Any) -> None:
    def fail() -> str:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        made_once("error", fail, kept_s=1)
    assert made_once("error", lambda: "drawn", kept_s=1) == "drawn"


def test_without_the_broker_everybody_makes_it(away: None) -> None:
    assert [made_once("alone", lambda: "drawn", kept_s=1) for _ in range(2)] == ["drawn"] * 2
