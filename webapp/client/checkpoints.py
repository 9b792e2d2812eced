"""`dvis-bench checkpoints`: weights for runs of the reference model on the server."""

import hashlib
import uuid
from pathlib import Path
from typing import Annotated

import httpx
import typer

from webapp.client import show, upload
from webapp.client.asking import AsJson, Document, Server, Token, connection_of, followed, last_part
from webapp.client.connection import Connection
from webapp.client.errors import ClientError, Exit, problems_text

app = typer.Typer(help="Weights for runs on the server.", no_args_is_help=True)

UNCHECKED = ("received", "checking")
ENDED = {"refused": Exit.REJECTED, "failed": Exit.FAILED}


@app.command("upload")
def upload_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=".pth, .pkl or .safetensors", exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help="What it is called; default: the file's name")] = "",
    public: Annotated[bool, typer.Option("--public", help="Everybody may see and run it")] = False,
    share: Annotated[
        list[str] | None, typer.Option(metavar="USER", help="Who may see and run it, too; may be repeated")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is checked")] = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Upload a checkpoint, which is then checked. Run again, the command resumes an interrupted upload."""
    connection = connection_of(context, server, token)
    visibility = "public" if public else "private"
    body: Document = {"name": name or file.stem, "visibility": visibility, "shared_with": share or []}
    document = _sent(connection, file, body)
    if wait:
        document = _checked(connection, document)
    if as_json:
        show.as_json(document)
    else:
        show.checkpoint(document)
    raise typer.Exit(ENDED.get(document["status"], Exit.OK))


@app.command("list")
def list_command(
    context: typer.Context,
    mine: Annotated[bool, typer.Option("--mine", help="Yours alone")] = False,
    model: Annotated[str, typer.Option(help="Those that fit this model, such as ovis/DVIS_Offline_R50")] = "",
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """List checkpoints that you may run: yours, those shared with you, and public ones."""
    connection = connection_of(context, server, token)
    wanted = {"mine": str(mine).lower(), "model": model}
    answer = connection.get("/checkpoints", params=wanted).json()
    rows: list[Document] = answer["results"]
    while answer["next"]:
        # The cursor alone: behind a proxy, a server may not know its own address.
        wanted["cursor"] = httpx.URL(answer["next"]).params["cursor"]
        answer = connection.get("/checkpoints", params=wanted).json()
        rows += answer["results"]
    if as_json:
        show.as_json(rows)
    else:
        show.checkpoints(rows)


def checkpoint_id(connection: Connection, given: str) -> str:
    """The id of a checkpoint that can be run: one of the server, or one made of a file.

    A file that the person has uploaded before is not sent again.
    """
    path = Path(given)
    if not path.is_file():
        return last_part(given)
    known = connection.get("/checkpoints", params={"sha256": _sha256(path), "mine": "true"}).json()["results"]
    document = _checked(connection, known[0] if known else _sent(connection, path, {"name": path.stem}))
    if document["status"] != "ready":
        text = problems_text(document["problems"]) or document["status_text"]
        raise ClientError(text, ENDED[document["status"]], document)
    return str(document["id"])


def _sent(connection: Connection, path: Path, body: Document) -> Document:
    """Upload a file, and make a checkpoint of it."""
    with show.upload_bar(path.name) as progress:
        sent = upload.send(connection, path, progress, kind="checkpoint")
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answer = connection.call("POST", "/checkpoints", json=body | {"upload": sent}, headers=headers)
    upload.forget(connection, path, kind="checkpoint")
    document: Document = answer.json()
    return document


def _checked(connection: Connection, document: Document) -> Document:
    """Ask until the checkpoint is ready, refused or failed."""
    path = f"/checkpoints/{document['id']}"
    return followed(connection, document, path, lambda now: now["status"] in UNCHECKED)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
