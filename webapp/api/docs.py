"""The page that describes the API, drawn on the server from its OpenAPI document: it needs no script."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from webapp.rest.auth import Access

Document = dict[str, Any]
# JSON Schema's words for bounds, and the noun with which the page writes them.
BOUNDS = (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"))
VERBS = ("get", "head", "options", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or one field of an object. `schema` names the object of the page that it holds, if any."""

    name: str
    kind: str
    schema: str
    is_required: bool
    rules: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status, its meaning, and the object that comes with it."""

    status: str
    text: str
    kind: str
    schema: str


@dataclass(frozen=True, slots=True)
class Call:
    """One operation. `access` says who may call it; `scope` is what a token needs, "" where none does."""

    anchor: str
    verb: str
    path: str
    title: str
    text: str
    access: str
    scope: str
    parameters: list[Field]
    body: list[Field]
    answers: list[Answer]
    curl: str


class Docs(DocsBase):
    """The page at /api/v1/docs, in the frame of the site."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        document = api.get_openapi_schema(path_params=kwargs)
        server = request.build_absolute_uri("/").rstrip("/")
        context = {
            "text": document["info"]["description"],
            "address": self.get_openapi_url(api, kwargs),
            "groups": list(groups(document, access_by_operation(api), server)),
            "objects": objects(document),
        }
        return render(request, "api_docs.html", context)


def access_by_operation(api: NinjaAPI) -> dict[str, Access]:
    """Return who may call each operation, by its id. OpenAPI has no place for the scopes of a token."""
    found = {}
    for _, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                for auth in operation.auth_callbacks:
                    if isinstance(auth, Access):
                        found[api.get_openapi_operation_id(operation)] = auth
    return found


def groups(document: Document, access: dict[str, Access], server: str) -> Iterator[tuple[str, list[Call]]]:
    """Yield each tag with its calls, in the order of the document."""
    calls: dict[str, list[Call]] = {}
    every = (
        (path, verb) for path, operations in document["paths"].items() for verb in VERBS if verb in operations
    )
    for path, verb in every:
        operation = document["paths"][path][verb]
        who = access.get(operation["operationId"])
        calls.setdefault(operation.get("tags", ["other"])[0], []).append(
            _call(document, path, verb, operation, who, server)
        )
    yield from calls.items()


def objects(document: Document) -> list[tuple[str, str, list[Field]]]:
    """Return each named object with its description and fields, in alphabetical order."""
    schemas = document["components"]["schemas"]
    return [
        (name, schema.get("description", ""), _fields(schema))
        for name, schema in sorted(schemas.items())
        if schema.get("properties")
    ]


def _call(
    document: Document, path: str, verb: str, operation: Document, who: Access | None, server: str
) -> Call:
    content = operation.get("requestBody", {}).get("content", {})
    body = _resolved(document, next(iter(content.values()))["schema"]) if content else {}
    parameters = [
        _field(one["name"], one.get("schema", {}), one.get("required", False), one.get("description", ""))
        for one in operation.get("parameters", [])
    ]
    answers = []
    for status, answer in operation.get("responses", {}).items():
        media: Document = next(iter(answer.get("content", {}).values()), {})
        kind, schema = _kind(media.get("schema", {})) if media else ("", "")
        answers.append(Answer(str(status), answer.get("description", ""), kind, schema))
    return Call(
        anchor=operation["operationId"],
        verb=verb.upper(),
        path=path,
        title=operation.get("summary", ""),
        text=operation.get("description", ""),
        access=_access_sentence(who),
        scope=who.scope.value if who and not who.public else "",
        parameters=parameters,
        body=_fields(body),
        answers=answers,
        curl=_curl(f"{server}{path}", verb, operation, body, who),
    )


def _access_sentence(who: Access | None) -> str:
    if who is None:
        return "Anybody may call it."
    if who.public:
        return (
            f"Anybody may call it; with a token of the scope {who.scope.value}, it shows what its owner sees."
        )
    return f"It needs a token with the scope {who.scope.value}."


def _curl(address: str, verb: str, operation: Document, body: Document, who: Access | None) -> str:
    """Return a command to copy; what is to be replaced is in capitals."""
    required = [one for one in operation.get("parameters", []) if one.get("required")]
    queries = [f"{one['name']}={one['name'].upper()}" for one in required if one["in"] == "query"]
    address = re.sub(r"{(\w+)}", lambda found: found[1].upper(), address) + ("?" if queries else "")
    url = address + "&".join(queries)
    method = {"get": "", "head": "--head "}.get(verb, f"-X {verb.upper()} ")
    lines = [f'curl {method}"{url}"']
    if who and not who.public:
        lines.append('-H "Authorization: Bearer $DVIS_BENCH_TOKEN"')
    for one in required:
        if one["in"] == "header":
            lines.append(f'-H "{one["name"]}: {one["schema"].get("const") or "NUMBER"}"')
    media = next(iter(operation.get("requestBody", {}).get("content", {})), "")
    if media == "application/json":
        example = {name: _example(body["properties"][name]) for name in body.get("required", [])}
        lines += [f'-H "Content-Type: {media}"', f"-d '{json.dumps(example)}'"]
    elif media:
        lines += [f'-H "Content-Type: {media}"', "--data-binary @FILE"]
    return " \\\n  ".join(lines)


def _example(schema: Document) -> Any:
    """Return a value to replace, of the right type."""
    if "enum" in schema:
        return schema["enum"][0]
    examples = {"integer": 1, "number": 0.5, "boolean": True, "array": [], "object": {}}
    return examples.get(schema.get("type", ""), "TEXT")


def _resolved(document: Document, schema: Document) -> Document:
    """Return a schema with its reference followed."""
    if "$ref" in schema:
        found: Document = document["components"]["schemas"][_name(schema)]
        return found
    return schema


def _name(schema: Document) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[-1]


def _fields(schema: Document) -> list[Field]:
    required = schema.get("required", [])
    return [
        _field(name, one, name in required, one.get("description", ""))
        for name, one in schema.get("properties", {}).items()
    ]


def _field(name: str, schema: Document, is_required: bool, text: str) -> Field:
    kind, held = _kind(schema)
    return Field(name, kind, held, is_required, _rules(schema), text)


def _kind(schema: Document) -> tuple[str, str]:
    """Return the type in words, and the name of the object that it holds (empty for plain values)."""
    if "$ref" in schema:
        return "", _name(schema)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            parts = [_kind(part) for part in schema[word]]
            kinds = [kind for kind, _ in parts if kind]
            return " or ".join(kinds), next((held for _, held in parts if held), "")
    if "const" in schema:
        return json.dumps(schema["const"]), ""
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"]), ""
    if schema.get("type") == "array":
        kind, held = _kind(schema.get("items", {}))
        return f"list of {kind}".strip(), held
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        kind, held = _kind(schema["additionalProperties"])
        return f"object by name of {kind}".strip(), held
    return str(schema.get("format") or schema.get("type", "anything")), ""


def _rules(schema: Document) -> str:
    rules = []
    for low, high, noun in BOUNDS:
        if low in schema and high in schema:
            rules.append(f"{schema[low]} to {schema[high]}{noun}")
        elif low in schema or high in schema:
            rules.append(
                f"at least {schema[low]}{noun}" if low in schema else f"at most {schema[high]}{noun}"
            )
    if schema.get("default") not in (None, "", [], {}):
        rules.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(rules)
