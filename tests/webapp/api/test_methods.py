"""Changing methods by the API: what is given changes, what is left out stays."""

from typing import Any

import pytest

from tests.support.factories import make_user, make_variant
from tests.support.rest import Api
from webapp.methods.models import Method
from webapp.methods.services import method_get_or_create
from webapp.refusal import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def method() -> Method:
    variant = make_variant(make_user("alice"))
    Method.objects.filter(pk=variant.method_id).update(year=2023, team="The team", venue="ICCV")
    return Method.objects.get()


def patched(method: Method, body: dict[str, Any]) -> dict[str, Any]:
    answer = Api(method.owner).send("PATCH", f"/methods/{method.slug}", body)
    document: dict[str, Any] = answer.json()
    return document | {"http": answer.status_code}


@pytest.mark.parametrize(
    ("field", "empty"), [("year", None), ("team", ""), ("venue", ""), ("paper_url", ""), ("description", "")]
)
def test_what_was_known_is_taken_away_and_the_rest_stays(method: Method, field: str, empty: Any) -> None:
    before = {"http": 200, "name": method.name, "year": 2023, "team": "The team", "venue": "ICCV"}
    after = patched(method, {field: empty})
    assert after[field] == empty
    assert {key: after[key] for key in before if key != field} == {
        key: before[key] for key in before if key != field
    }


@pytest.mark.parametrize("name", [None, "", " ", "two\nlines\u202e"])
def test_a_name_cannot_be_taken_away(method: Method, name: str | None) -> None:
    assert patched(method, {"name": name})["http"] == 422
    method.refresh_from_db()
    assert method.name.isprintable()
    assert method.name.strip()


def test_a_description_has_a_limit_that_the_api_and_the_service_both_hold() -> None:
    owner = make_user()
    assert Api(owner).post("/methods", {"name": "DVIS", "description": "x" * 5001}).status_code == 422
    with pytest.raises(Refused, match="description"):
        method_get_or_create(owner=owner, name="DVIS", description="x" * 5001)
    assert Api(owner).post("/methods", {"name": "DVIS", "description": "x" * 5000}).status_code == 201
