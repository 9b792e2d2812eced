"""Shared by the commands: options, the connection, and following work on the server."""

import time
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import typer

from webapp.client import credentials, show
from webapp.client.connection import Connection
from webapp.client.errors import ClientError, Exit

POLL_S = (0.5, 5.0)

Server = Annotated[
    str | None, typer.Option("--server", help=f"Address of the server (or {credentials.SERVER_VARIABLE})")
]
Token = Annotated[str | None, typer.Option("--token", help=f"API token (or {credentials.TOKEN_VARIABLE})")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's object and nothing else")]
Document = dict[str, Any]


def connection_of(context: typer.Context, server: str | None, token: str | None) -> Connection:
    """Options count before and after the name of the command."""
    given: dict[str, str | None] = context.obj
    return Connection(credentials.resolve(server or given["server"], token or given["token"]))


def last_part(text: str) -> str:
    """Take an id or slug also where the whole address of the page was pasted."""
    path = httpx.URL(text).path if "://" in text else text
    return path.strip("/").rpartition("/")[2]


def check_split(connection: Connection, slug: str, split: str) -> None:
    """Raise ClientError where the benchmark has no such split."""
    answer = connection.get(f"/benchmarks/{last_part(slug)}", missing=f"benchmark {slug}")
    known: Document = answer.json()
    names = [one["name"] for one in known["splits"]]
    if split not in names:
        message = (
            f"{slug} has no split {split!r}. It has {', '.join(names) or 'none'}: give one with --split."
        )
        raise ClientError(message, Exit.USAGE)


def followed(
    connection: Connection, document: Document, path: str, is_unfinished: Callable[[Document], bool]
) -> Document:
    """Ask for `path` until what is there has an end, saying what happens meanwhile on standard error."""
    pause = POLL_S[0]
    with show.err.status(document["status_text"]) as line:
        while is_unfinished(document):
            time.sleep(pause)
            pause = min(POLL_S[1], pause * 1.3)
            document = connection.get(path).json()
            line.update(document["status_text"])
    return document
