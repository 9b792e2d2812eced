"""HEAD is GET without its body."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["benchmarks", "models", "problems", "openapi.json"])
def test_head_answers_as_get_without_a_body(path: str) -> None:
    got = Client().get(f"/api/v1/{path}")
    head = Client().head(f"/api/v1/{path}")
    assert (head.status_code, head["Content-Type"]) == (200, got["Content-Type"])
    assert (got["Content-Length"], head.content) == (head["Content-Length"], b"")


def test_head_needs_the_same_access_as_get() -> None:
    assert (
        Client().head("/api/v1/submissions").status_code
        == Client().get("/api/v1/submissions").status_code
        == 401
    )
    assert Client().head("/api/v1/benchmarks/none").status_code == 404


def test_robots_are_asked_to_stay_out_of_what_is_not_for_them() -> None:
    answer = Client().get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode().splitlines()[1:] == [
        "Disallow: /api/v1/",
        "Disallow: /accounts/",
        "Disallow: /admin/",
    ]
