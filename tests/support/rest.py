"""Speaking to the REST API in tests: as a person with a token, or as a tus client."""

import base64
import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from webapp.accounts.models import Scope, User
from webapp.accounts.services import token_create

UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}


def make_token(user: User, *scopes: str, days: int = 1) -> str:
    """The text of a token; with all scopes unless some are named."""
    return token_create(user=user, scopes=scopes or Scope.values, days=days)[1]


def bearer(user: User, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(user, *scopes)}"}


class Api:
    """The API as one person (nobody without a user) sees it."""

    def __init__(self, user: User | None = None, *scopes: str) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = bearer(user, *scopes) if user else {}

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"/api/v1{path}", query, headers=self.headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request with a JSON body."""
        return self.http.generic(
            method,
            f"/api/v1{path}",
            data=b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=self.headers | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)


class Tus:
    """A tus client that does exactly what it is told."""

    def __init__(self, user: User) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = TUS | bearer(user)

    def create(self, length: int, filename: str = "results.json", data: bytes = b"", **headers: str) -> Any:
        name = base64.b64encode(filename.encode()).decode()
        extra = {"Upload-Length": str(length), "Upload-Metadata": f"filename {name}"}
        return self.request("POST", UPLOADS, data, extra | _named(headers))

    def append(self, address: str, offset: int, data: bytes, **headers: str) -> Any:
        return self.request("PATCH", address, data, {"Upload-Offset": str(offset)} | _named(headers))

    def state(self, address: str) -> Any:
        return self.http.head(address, headers=self.headers)

    def delete(self, address: str) -> Any:
        return self.http.delete(address, headers=self.headers)

    def request(self, method: str, address: str, data: bytes, headers: dict[str, str]) -> HttpResponse:
        kind = "application/offset+octet-stream" if data else ""
        return self.http.generic(
            method, address, data, headers={"Content-Type": kind} | self.headers | headers, content_type=kind
        )

    def upload(self, data: bytes, filename: str = "results.json") -> str:
        """Send a whole file; returns the upload's id."""
        created = self.create(len(data), filename, data)
        assert created.status_code == 201, created.content
        return str(created["Location"]).rpartition("/")[2]


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
