"""Errors of the API: `application/problem+json` (RFC 9457), with the problems that pages show too."""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from webapp.blobs.disk import DiskFull, is_disk_full
from webapp.refusal import Refused

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
TITLES = {460: "Checksum Mismatch"}
DETAILS = {
    401: "This needs an API token (Authorization: Bearer ...) or a log-in.",
    404: "There is nothing at this address, or nothing that you may see.",
    405: "This address does not know that method; the Allow header lists those it knows.",
    429: "Too many requests. Wait for the seconds in Retry-After.",
    500: "Something went wrong on our side. It has been logged; please try again later.",
}


class ProblemItem(Schema):
    """One thing that is wrong, as `python -m evaluator validate --json` writes it."""

    code: str
    severity: str
    where: dict[str, Any]
    message: str
    hint: str
    count: int


class ProblemDocument(Schema):
    """Every error of this API, sent as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[ProblemItem]


def problem_response(
    status: int,
    detail: str = "",
    problems: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    """The one way in which the API says no."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail or DETAILS.get(status) or title,
        "problems": list(problems),
    }
    return JsonResponse(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def refused_response(refused: Refused) -> JsonResponse:
    headers = {}
    if refused.until is not None:
        wait_s = (refused.until - timezone.now()).total_seconds()
        headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
    return problem_response(refused.status, refused.message, [refused.problem], headers)


def install_handlers(api: NinjaAPI) -> None:
    """Make the API answer every exception with a problem document."""
    handlers: dict[type[Exception], Any] = {
        Refused: lambda request, error: refused_response(error),
        Http404: lambda request, error: problem_response(404),
        HttpError: _http_error,
        ValidationError: _validation_error,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, Refused):  # ninja says "Cannot parse request body" for all of them
        return refused_response(error.__cause__)
    own_words = error.status_code in DETAILS and str(error) in ("Unauthorized", "Too many requests.")
    headers = {"WWW-Authenticate": "Bearer"} if error.status_code == 401 else None
    return problem_response(error.status_code, "" if own_words else str(error), headers=headers)


def _validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Return pydantic's errors, one problem per field."""
    problems = [
        Refused("field-value", item["msg"], "See the API's description for what it takes.").problem
        | {"where": {"field": ".".join(str(part) for part in item["loc"][1:] if part != "payload")}}
        for item in error.errors
    ]
    detail = "; ".join(f"{item['where']['field'] or 'request'}: {item['message']}" for item in problems)
    return problem_response(422, detail, problems)


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("%s %s failed", request.method, request.path)
    if is_disk_full(error):
        return refused_response(DiskFull())
    return problem_response(500)
