"""The API's description of itself (OpenAPI): what ninja cannot know of statuses, headers and parameters."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation

from webapp.rest.auth import Access
from webapp.rest.idempotency import KEY_CHARACTERS, is_idempotent
from webapp.rest.problems import CONTENT_TYPE, TITLES, ProblemDocument

Details = dict[str, Any]
# What a status means on every address that can answer it. The problems in the answer say more.
MEANINGS = {
    400: "The request, its body or the cursor cannot be read.",
    401: "The API token is missing, unknown, revoked or expired.",
    403: "The token lacks the scope, the CSRF token is missing, or this is not yours or not shown yet.",
    404: "There is nothing at this address, or nothing that you may see.",
    405: "This address does not know that method.",
    409: "The state of things forbids it: see the problem's code.",
    410: "The upload has expired: send the file again.",
    411: "Content-Length is missing.",
    412: "The header Tus-Resumable is missing or names another version.",
    413: "The body is too large, or goes beyond the announced length.",
    416: "The file has none of the bytes that Range asks for; Content-Range says how many it has.",
    415: "The body has the wrong Content-Type.",
    422: "A field is wrong: `problems` name each.",
    423: "Another request is writing to this upload.",
    429: "Too many requests, wrong tokens or submissions. Retry-After has the seconds to wait.",
    460: "The bytes do not fit the checksum; they were thrown away.",
    503: "A server behind the site is away for a moment. Try again.",
    507: "The disk is full, or your open uploads take all the room that they may.",
}
WHOLE_NUMBER = {"type": "string", "pattern": "^[0-9]+$"}
RATE_HEADERS = {
    "RateLimit-Limit": ("Requests in a window.", WHOLE_NUMBER),
    "RateLimit-Remaining": ("Requests that are left in this window.", WHOLE_NUMBER),
    "RateLimit-Reset": ("Seconds until the next window.", WHOLE_NUMBER),
}


def problems(*statuses: int) -> Details:
    """Return what `openapi_extra` takes: statuses with which an address refuses, besides the usual ones."""
    return {"responses": {status: _problem(status) for status in statuses}}


def made(status: int, *refusals: int) -> Details:
    """Return what `openapi_extra` takes: the status of something new, which has an address, and refusals."""
    address = {"Location": _header("Its address.", {"type": "string", "format": "uri"})}
    return {"responses": {status: {"headers": address}, **problems(*refusals)["responses"]}}


def headers(**named: tuple[str, Details]) -> Details:
    """Return headers by name (_ for -), each with its meaning and schema."""
    return {name.replace("_", "-"): _header(*one) for name, one in named.items()}


def header_parameter(name: str, text: str, schema: Details, *, required: bool = False) -> Details:
    """Return a parameter that is sent as a header."""
    return {"in": "header", "name": name, "description": text, "schema": schema, "required": required}


def query_parameter(name: str, text: str, schema: Details) -> Details:
    """Return a parameter of the address that the view reads by itself."""
    return {"in": "query", "name": name, "description": text, "schema": schema, "required": False}


def _header(text: str, schema: Details) -> Details:
    return {"description": text, "schema": schema}


def _problem(status: int) -> Details:
    title = TITLES.get(status) or HTTPStatus(status).phrase
    content = {CONTENT_TYPE: {"schema": {"$ref": REF_TEMPLATE.format(model="ProblemDocument")}}}
    answer: Details = {"description": f"{title}. {MEANINGS[status]}", "content": content}
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": _header("Always Bearer.", {"const": "Bearer"})}
    if status == 429:
        answer["headers"] = {"Retry-After": _header("Seconds to wait.", WHOLE_NUMBER)}
    return answer


class DescribedApi(NinjaAPI):
    """Names its operations after their summaries, and describes all that they can answer."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return _Document(self, prefix)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the summary as a name, such as `list_your_submissions`."""
        words = (operation.summary or operation.view_func.__name__).lower().split()
        return "_".join(word for word in words if word not in ("a", "an", "the"))


class _Document(OpenAPISchema):
    def operation_details(self, operation: Operation) -> Details:
        details: Details = super().operation_details(operation)
        access = [auth for auth in operation.auth_callbacks if isinstance(auth, Access)]
        if any(auth.public for auth in access):
            details["security"] = [{}, *details["security"]]
        self.add_schema_definitions(_definitions())
        found = {status: _problem(status) for status in _usual(operation, details)}
        details["responses"] = dict(sorted({**found, **details["responses"]}.items()))
        for status, answer in details["responses"].items():
            if operation.throttle_objects and status < 500:
                for name, (text, schema) in RATE_HEADERS.items():
                    answer.setdefault("headers", {})[name] = _header(text, schema)
        if is_idempotent(operation.view_func):
            _add_idempotency(details)
        return details


def _definitions() -> Details:
    schema = ProblemDocument.model_json_schema(ref_template=REF_TEMPLATE)
    return {**schema.pop("$defs"), "ProblemDocument": schema}


def _usual(operation: Operation, details: Details) -> Iterable[int]:
    """Yield the statuses of refusals that follow from what an operation takes."""
    yield from (400, 403)
    if operation.auth_callbacks:
        yield from (401, 429)
    if any(one["in"] == "path" for one in details["parameters"]):
        yield 404
    if details["parameters"] or "requestBody" in details:
        yield 422
    if "requestBody" in details:
        yield 413


def _add_idempotency(details: Details) -> None:
    key = {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS, "pattern": "^[ -~]+$"}
    text = (
        "A UUID of yours: the same request with the same key is done once, and answered the same, for a day."
    )
    details["parameters"].append(header_parameter("Idempotency-Key", text, key))
    for status, answer in details["responses"].items():
        if status < 300:
            replayed = _header("There where this is the answer to the first request.", {"const": "true"})
            answer.setdefault("headers", {})["Idempotency-Replayed"] = replayed
