"""The API answers nothing that its description (OpenAPI) leaves out, whether asked rightly or wrongly."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.boards import make_board, make_row
from tests.support.factories import make_submission, make_user
from tests.support.rest import bearer
from webapp.accounts.models import User
from webapp.api import api as the_api
from webapp.api.tus import CONTENT_TYPE
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    (verb, path) for path, verbs in the_api.get_openapi_schema()["paths"].items() for verb in sorted(verbs)
]


@schemathesis.serializer(CONTENT_TYPE)
def piece(context: Any, value: Any) -> Any:
    """Bytes of an upload, as schemathesis has them or writes them."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture
def headers(settings: Any) -> Iterator[dict[str, str]]:
    """Of a person who may do everything that persons may, on a site that counts no requests."""
    # Requests would close the connection, and with it the transaction of the test.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    settings.API_THROTTLE_USER = settings.API_THROTTLE_ANONYMOUS = "1000000/m"
    cache.clear()
    yield bearer(make_user("alice"))
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def rows(headers: dict[str, str]) -> dict[str, list[str]]:
    """Values for the parameters of addresses that lead to something."""
    split, alice = make_board("shapes"), User.objects.get(username="alice")
    scored = [make_row(split, name, 0.5, author=alice) for name in ("DVIS", "MinVIS")]
    make_submission(alice, split, variant=scored[0].variant)
    return {
        "slug": ["shapes", scored[0].variant.method.slug],
        "id": [str(row.pk) for row in Submission.objects.all()] + [str(scored[0].variant_id)],
    }


def check(verb: str, path: str, headers: dict[str, str], rows: dict[str, list[str]], examples: int) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    operation = schema[path][verb.upper()]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

    @given(case=cases, known=st.booleans(), is_logged_in=st.sampled_from([True, True, False]), data=st.data())
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, known: bool, is_logged_in: bool, data: Any) -> None:
        if known:
            for name in set(case.path_parameters or {}) & set(rows):
                case.path_parameters[name] = data.draw(st.sampled_from(rows[name]))
        response = case.call(headers={"Accept-Encoding": "identity", **(headers if is_logged_in else {})})
        case.validate_response(response, checks=CHECKS)

    ask()


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
def test_it_answers_as_it_is_described(
    verb: str, path: str, headers: dict[str, str], rows: dict[str, list[str]]
) -> None:
    check(verb, path, headers, rows, examples=8)


@pytest.mark.endure
@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
def test_it_answers_as_it_is_described_for_a_long_time(
    verb: str, path: str, headers: dict[str, str], rows: dict[str, list[str]]
) -> None:
    check(verb, path, headers, rows, examples=400)
