"""The commands of `dvis-bench`."""

import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from webapp.client import checkpoints, credentials, runs, show, upload
from webapp.client.asking import AsJson, Server, Token, check_split, connection_of, followed, last_part
from webapp.client.connection import Connection
from webapp.client.errors import ClientError, Exit

app = typer.Typer(
    help="Submit to a DVIS-Bench server and read its results.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(runs.app, name="runs")
app.add_typer(checkpoints.app, name="checkpoints")
UNFINISHED = ("received", "queued", "running")
ENDED = {"rejected": Exit.REJECTED, "withdrawn": Exit.REJECTED, "failed": Exit.FAILED}


@app.callback()
def common(context: typer.Context, server: Server = None, token: Token = None) -> None:
    """Submit to a DVIS-Bench server and read its results."""
    context.obj = {"server": server, "token": token}


@app.command()
def login(context: typer.Context, server: Server = None, token: Token = None) -> None:
    """Keep the server's address and your API token for later commands (in a file that only you can read)."""
    server = server or context.obj["server"] or typer.prompt("Server", default="http://localhost:8000")
    token = (
        token or context.obj["token"] or typer.prompt("API token (from your account's page)", hide_input=True)
    )
    given = credentials.Credentials(server=credentials.tidy(server or ""), token=(token or "").strip())
    Connection(given).get("/submissions", params={"limit": 1})
    path = credentials.store(given)
    show.plain(f"Logged in to {given.server}; kept in {path}.", show.err)


@app.command()
def submit(
    context: typer.Context,
    benchmark: Annotated[str, typer.Argument(metavar="SLUG", help="The benchmark's part of its address")],
    file: Annotated[
        Path,
        typer.Argument(help="results.json, a zip with it, or a zip of maps", exists=True, dir_okay=False),
    ],
    method: Annotated[str, typer.Option(help="Name of your method; made where missing")],
    split: Annotated[str, typer.Option(help="Such as val")] = "val",
    variant: Annotated[str, typer.Option(help="Name of its variant")] = "default",
    factor: Annotated[
        list[str] | None, typer.Option(help="Such as backbone=ResNet-50; may be repeated")
    ] = None,
    note: Annotated[str, typer.Option(help="Shown with the submission")] = "",
    private: Annotated[bool, typer.Option("--private", help="Only you and the organisers see it")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is scored or rejected")] = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Upload predictions and submit them. An interrupted upload resumes when the command is run again."""
    body = {
        "benchmark": benchmark,
        "split": split,
        "method": method,
        "variant": variant,
        "factors": _factors(factor or []),
        "note": note,
        "public": not private,
    }
    connection = connection_of(context, server, token)
    # Before the file is sent: an unknown name must not cost the time of an upload.
    check_split(connection, benchmark, split)
    with show.upload_bar(file.name) as progress:
        body["upload"] = upload.send(connection, file, progress)
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    document = connection.call("POST", "/submissions", json=body, headers=headers).json()
    upload.forget(connection, file)
    if wait:
        document = _waited(connection, document)
    _finish(document, as_json)


@app.command()
def status(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The submission's id, as `submit` printed it")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is scored or rejected")] = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Show the status of a submission."""
    connection = connection_of(context, server, token)
    document = connection.get(f"/submissions/{last_part(id)}", missing=f"submission {id}").json()
    _finish(_waited(connection, document) if wait else document, as_json)


@app.command()
def receipt(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The submission's id")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write it to this file")] = None,
    server: Server = None,
    token: Token = None,
) -> None:
    """Download the signed receipt of a submission; `python -m evaluator verify` checks it offline."""
    connection = connection_of(context, server, token)
    answer = connection.get(f"/submissions/{last_part(id)}/receipt", missing=f"submission {id}")
    if out is None:
        sys.stdout.write(answer.text + "\n")
        return
    try:
        out.write_text(answer.text + "\n", encoding="utf-8")
    except OSError as error:
        raise ClientError(f"Cannot write {out}: {error.strerror}.", Exit.USAGE) from error
    show.plain(f"Written to {out}.", show.err)


@app.command()
def leaderboard(
    context: typer.Context,
    benchmark: Annotated[str, typer.Argument(metavar="SLUG")],
    split: Annotated[str, typer.Option(help="Default: the benchmark's own default")] = "",
    subset: Annotated[str, typer.Option(help="Numbers of some of the videos alone, such as long")] = "",
    format: Annotated[str, typer.Option(help="table, json, csv, latex or markdown")] = "table",
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Print a leaderboard."""
    if format not in ("table", "json", "csv", "latex", "markdown"):
        raise typer.BadParameter(
            f"{format!r} is not table, json, csv, latex or markdown", param_hint="--format"
        )
    connection = connection_of(context, server, token)
    wanted = "json" if as_json or format == "table" else format
    address = f"/benchmarks/{last_part(benchmark)}/leaderboard"
    missing = f"leaderboard {benchmark} {split}".rstrip()
    response = connection.get(
        address, missing=missing, params={"split": split, "subset": subset, "format": wanted}
    )
    if wanted != "json":
        sys.stdout.write(response.text)
    elif as_json or format == "json":
        show.as_json(response.json())
    else:
        show.leaderboard(response.json())


@app.command()
def compare(
    context: typer.Context,
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID ID...", help="Ids or addresses of two to five submissions to one split"),
    ],
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Compare the first submission with each of the others: differences, 95 % intervals and p."""
    query = {"submissions": ",".join(last_part(id) for id in ids)}
    document = connection_of(context, server, token).get("/compare", params=query).json()
    if as_json:
        show.as_json(document)
    else:
        show.comparison(document)


def main() -> None:
    """Run the command line; every way to end has its exit status."""
    try:
        app()
    except ClientError as error:
        if "--json" in sys.argv and error.document is not None:
            show.as_json(error.document)
        show.plain(str(error), show.err)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        show.plain("Interrupted. The same command goes on where it stopped.", show.err)
        sys.exit(130)


def _factors(pairs: list[str]) -> dict[str, str]:
    factors = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--factor")
        factors[name.strip()] = value.strip()
    return factors


def _waited(connection: Connection, document: dict[str, Any]) -> dict[str, Any]:
    """Ask until the submission has an end."""
    path = f"/submissions/{document['id']}"
    return followed(connection, document, path, lambda now: now["status"] in UNFINISHED)


def _finish(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show.as_json(document)
    else:
        show.submission(document)
    raise typer.Exit(ENDED.get(document["status"], Exit.OK))
