"""`dvis-bench runs`: the reference model on the server."""

import uuid
from typing import Annotated, Any

import typer

from webapp.client import show
from webapp.client.asking import (
    AsJson,
    Document,
    Server,
    Token,
    check_split,
    connection_of,
    followed,
    last_part,
)
from webapp.client.checkpoints import checkpoint_id
from webapp.client.connection import Connection
from webapp.client.errors import Exit

app = typer.Typer(help="Run the reference model on the server.", no_args_is_help=True)

UNFINISHED = ("queued", "running")
UNSCORED = ("received", "queued", "running")
ENDED = {"failed": Exit.FAILED, "cancelled": Exit.REJECTED}
ENDED_SUBMISSION = {"rejected": Exit.REJECTED, "withdrawn": Exit.REJECTED, "failed": Exit.FAILED}

RunId = Annotated[str, typer.Argument(metavar="ID", help="The run's id, as `runs start` printed it")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until its submission is scored")]


@app.command()
def start(
    context: typer.Context,
    benchmark: Annotated[str, typer.Argument(metavar="SLUG", help="The benchmark's part of its address")],
    model: Annotated[str, typer.Option(help="Name of the model, such as ovis/DVIS_Offline_R50")],
    checkpoint: Annotated[
        str, typer.Option(metavar="ID|PATH", help="A checkpoint of the server, or a file to upload as one")
    ] = "",
    split: Annotated[str, typer.Option(help="Such as val")] = "val",
    mode: Annotated[str | None, typer.Option(help="offline, online or minvis")] = None,
    precision: Annotated[str | None, typer.Option(help="float32, float16 or bfloat16")] = None,
    window: Annotated[int | None, typer.Option(help="Frames segmented together")] = None,
    short_side: Annotated[int | None, typer.Option(help="Pixels to which frames are resized")] = None,
    method: Annotated[str, typer.Option(help="Published under this name; default: the model's")] = "",
    variant: Annotated[str, typer.Option(help="Name of its variant")] = "",
    note: Annotated[str, typer.Option(help="Shown with the submission")] = "",
    private: Annotated[bool, typer.Option("--private", help="Only you and the organisers see it")] = False,
    wait: Wait = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Start the model on a benchmark's frames; its results are submitted in your name and scored."""
    connection = connection_of(context, server, token)
    # Before a file is sent: an unknown name must not cost the time of an upload.
    check_split(connection, benchmark, split)
    options = {"mode": mode, "precision": precision, "window": window, "short_side": short_side}
    body = {
        "benchmark": last_part(benchmark),
        "split": split,
        "model": model,
        "checkpoint": checkpoint_id(connection, checkpoint) if checkpoint else None,
        "options": {name: value for name, value in options.items() if value is not None},
        "method": method,
        "variant": variant,
        "note": note,
        "public": not private,
    }
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    document = connection.call("POST", "/runs", json=body, headers=headers).json()
    _finish(_watched(connection, document) if wait else document, as_json)


@app.command()
def watch(
    context: typer.Context, id: RunId, as_json: AsJson = False, server: Server = None, token: Token = None
) -> None:
    """Follow a run until its submission is scored."""
    connection = connection_of(context, server, token)
    document = connection.get(f"/runs/{last_part(id)}", missing=f"run {id}").json()
    _finish(_watched(connection, document), as_json)


@app.command()
def cancel(
    context: typer.Context, id: RunId, as_json: AsJson = False, server: Server = None, token: Token = None
) -> None:
    """Stop a run."""
    connection = connection_of(context, server, token)
    document = connection.call("POST", f"/runs/{last_part(id)}/cancel", missing=f"run {id}").json()
    _show(document, as_json)


@app.command()
def retry(
    context: typer.Context,
    id: RunId,
    wait: Wait = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Let a run go on that failed on the server; its finished videos are kept."""
    connection = connection_of(context, server, token)
    document = connection.call("POST", f"/runs/{last_part(id)}/retry", missing=f"run {id}").json()
    _finish(_watched(connection, document) if wait else document, as_json)


def _watched(connection: Connection, document: Document) -> Document:
    """Ask until the run, and then its submission, has an end."""

    def is_unfinished(now: dict[str, Any]) -> bool:
        return now["status"] in UNFINISHED or now["submission_status"] in UNSCORED

    return followed(connection, document, f"/runs/{document['id']}", is_unfinished)


def _show(document: Document, as_json: bool) -> None:
    if as_json:
        show.as_json(document)
    else:
        show.run(document)


def _finish(document: Document, as_json: bool) -> None:
    _show(document, as_json)
    submission = ENDED_SUBMISSION.get(document["submission_status"] or "", Exit.OK)
    raise typer.Exit(ENDED.get(document["status"], submission))
