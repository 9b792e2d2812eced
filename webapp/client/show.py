"""Output of the terminal: results on standard output, the rest on standard error."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn
from rich.table import Table

from evaluator.catalog import METRICS
from evaluator.files.words import counted
from webapp.client.errors import problems_text
from webapp.client.upload import Progress as ToldProgress

# Columns of text in the terminal that a leaderboard's names and each of its numbers take.
NAMES_WIDTH, NUMBER_WIDTH = 52, 8
# The words of the site for where a number came from.
HIDDEN_SCORES = "Scores of this split are hidden until its organisers show them."
ORIGINS = {"upload": "scored here", "run": "reference run"}

out = Console()
err = Console(stderr=True)


def as_json(document: Any) -> None:
    """The API's object, alone on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def plain(text: str, console: Console = out) -> None:
    """Text as it is: names may hold what rich would take for markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def problems(found: list[dict[str, Any]]) -> None:
    """Problems, on standard error."""
    if found:
        plain(problems_text(found), err)


def submission(document: dict[str, Any]) -> None:
    """Status, problems, numbers and address of a submission."""
    title = f"{document['method']} ({document['variant']}), {document['benchmark']} {document['split']}"
    plain(f"{title}: {document['status_text']}")
    if document.get("hidden"):  # servers before 2026-12 do not say
        plain("Hidden by the organisers: only they can publish it.", err)
    problems(document["problems"])
    if document["status"] == "scored" and document["metrics"] is None:
        plain(HIDDEN_SCORES)
    if document["metrics"]:
        out.print(_metrics(document["metrics"]))
        plain(document["digest"] or "")
    plain(document["links"]["page"])


def run(document: dict[str, Any]) -> None:
    """Status, speed and addresses of a run."""
    title = f"{document['model']}, {document['benchmark']} {document['split']}"
    plain(f"{title}: {document['status_text']}")
    speed = document["frames_per_second"]
    if document["device"] and speed:
        done = f"{document['videos_done']} of {counted(document['videos_total'], 'video')}"
        plain(f"{done} on {document['device']}, {speed:.1f} frames per second")
    plain(document["links"]["page"])


def checkpoint(document: dict[str, Any]) -> None:
    """Status, problems, what it fits, and address of a checkpoint."""
    plain(f"{document['name']}: {document['status_text']}")
    problems(document["problems"])
    if document["configurations"]:
        plain(f"{document['parameters']:,} parameters, fits {', '.join(document['configurations'])}")
    plain(f"sha256:{document['sha256']}")
    plain(document["links"]["page"])


def checkpoints(rows: list[dict[str, Any]]) -> None:
    """A line for each, with the id that `runs start --checkpoint` takes."""
    table = Table("Id", "Name", "Status", "Fits", "Owner")
    for row in rows:
        fits = row["configurations"][:1]
        more = len(row["configurations"]) - 1
        shown = f"{fits[0]} and {more} more" if more > 0 else "".join(fits)
        table.add_row(row["id"], _escaped(row["name"]), row["status"], shown, _escaped(row["owner"]))
    out.print(table)


def leaderboard(document: dict[str, Any]) -> None:
    """Ranked rows with percentages; the best of each column is bold."""
    fitting = max(1, (out.width - NAMES_WIDTH) // NUMBER_WIDTH)
    columns = document["columns"][:fitting]
    best = {column["key"]: _best(document["rows"], column) for column in columns}
    table = Table("Rank", "Method", "Variant", "Origin")
    for column in columns:
        table.add_column(column["label"], justify="right", no_wrap=True)
    for row in document["rows"]:
        numbers = [_percent(row["values"][key], best[key]) for key in best]
        rank = "-" if row["rank"] is None else str(row["rank"])
        origin = ORIGINS.get(row["origin"], row["origin"])
        origin += (", outdated" if row["stale"] else "") + ("" if row["public"] else ", only you")
        table.add_row(rank, _escaped(row["method"]), _escaped(row["variant"]), origin, *numbers)
    out.print(table)
    if document["scores_hidden"]:
        plain(f"{HIDDEN_SCORES} Published numbers stay visible.", err)
    if document.get("pages", 1) > 1:  # servers before 2026-12 give all rows
        rows = f"{len(document['rows'])} of {counted(document['matching'], 'row')}"
        plain(f"The first {rows}; --format csv gives all.", err)
    hidden = len(document["columns"]) - len(columns)
    if hidden:
        plain(f"{counted(hidden, 'more column')} in a wider terminal, or with --format csv.", err)


def comparison(document: dict[str, Any]) -> None:
    """A sentence and a table of the headline metrics for each pair; percent, differences in points."""
    methods = {one["id"]: f"{one['method']} ({one['variant']})" for one in document["submissions"]}
    for pair in document["comparisons"]:
        plain(pair["sentence"])
        columns = (methods[pair["first"]], methods[pair["other"]], "Difference", "95 %", "p")
        table = Table("Metric")
        for column in columns:
            table.add_column(_escaped(column), justify="right")
        for key in document["headline"]:
            one = pair["metrics"][key]
            spec = METRICS.get(key)
            bounds = "-" if one["low"] is None else f"{_points(one['low'])} to {_points(one['high'])}"
            p = "-" if one["p"] is None else f"{one['p']:.3f}"
            numbers = (_percent(one["first"]), _percent(one["other"]), _change(one), bounds, p)
            table.add_row(spec.label if spec else key, *numbers)
        out.print(table)


@contextmanager
def upload_bar(name: str) -> Iterator[ToldProgress]:
    """A progress bar on standard error; nothing where that is not a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), SpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task(_escaped(f"Uploading {name}"), total=None)
        yield lambda sent, total: bar.update(task, completed=sent, total=total)


def _metrics(metrics: dict[str, float | None]) -> Table:
    table = Table("Metric", "Value", "Meaning")
    for key, value in metrics.items():
        spec = METRICS.get(key)
        table.add_row(spec.label if spec else key, _percent(value), spec.title if spec else "")
    return table


def _best(rows: list[dict[str, Any]], column: dict[str, Any]) -> float | None:
    values = [value for row in rows if (value := row["values"][column["key"]]) is not None]
    choose = max if column["higher_is_better"] else min
    return choose(values) if values else None


def _percent(value: float | None, best: float | None = None) -> str:
    if value is None:
        return "-"
    text = f"{100 * value:.1f}"
    return f"[bold]{text}[/bold]" if value == best else text


def _points(end: float) -> str:
    return f"{100 * end:+.1f}"


def _change(one: dict[str, Any]) -> str:
    """Return the difference of the two numbers as they are shown beside it."""
    if one["first"] is None or one["other"] is None:
        return "-"
    return f"{Decimal(_percent(one['first'])) - Decimal(_percent(one['other'])):+.1f}"


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
