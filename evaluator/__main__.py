"""The command line: `python -m evaluator score | compare | analyse | validate | verify | synth`.

Exit status: 0 scored (or valid, or verified), 1 the submission is rejected (or is not what its receipt says),
2 wrong usage, 3 the ground truth is unusable.
"""

from __future__ import annotations

import importlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from evaluator import (
    GroundTruthError,
    SubmissionRejected,
    SubsetInvalid,
    __version__,
    analyse,
    evaluate,
    validate,
)
from evaluator.catalog import BENCHMARKS, METRICS, Task
from evaluator.command_line.analysis_tables import print_analysis
from evaluator.command_line.comparison_tables import print_comparison
from evaluator.command_line.metric_pages import print_metric, print_metrics, to_markdown
from evaluator.command_line.report_tables import print_report
from evaluator.files.words import counted
from evaluator.problems import Problem, text_of
from evaluator.receipts import Receipt, ReceiptInvalid, differences, other_files, read_receipt
from evaluator.statistics.report_comparison import compare_reports

# What `synth` can make, and the module that writes it.
DRAWINGS = {
    **{task: f"evaluator.synthetic.clips.{task}" for task in get_args(Task)},
    **{f"demo-{task}": f"evaluator.synthetic.{task}" for task in get_args(Task)},
}
REJECTED, USAGE, BAD_GROUND_TRUTH = 1, 2, 3
MISMATCH = REJECTED

app = typer.Typer(
    help="Score submissions to video segmentation benchmarks as the official evaluations do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
output = Console(highlight=False)

Benchmark = Annotated[str, typer.Argument(help=f"One of {', '.join(BENCHMARKS)}.", show_default=False)]
Predictions = Annotated[Path, typer.Option("--pred", help="A results.json, a zip archive or a folder.")]
Subsets = Annotated[
    list[str] | None,
    typer.Option(
        "--subset",
        metavar="NAME=FILE",
        help="Also for the videos of a list: an id or name a line. Repeatable.",
    ),
]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the result as JSON to this file.")]


def _fail(message: str, status: int = USAGE) -> NoReturn:
    errors.print(_plain(message), markup=False)
    raise typer.Exit(status)


def _plain(text: str) -> str:
    """Text from files of strangers without what drives a terminal."""
    return "".join(
        mark if mark.isprintable() or mark == "\n" else "\N{REPLACEMENT CHARACTER}" for mark in text
    )


def _check_benchmark(benchmark: str) -> None:
    if benchmark not in BENCHMARKS:
        _fail(f"There is no benchmark {benchmark!r}. Choose one of: {', '.join(BENCHMARKS)}.")


def _check_ground_truth(benchmark: str, path: Path) -> None:
    _check_exists("--gt", path, folder=BENCHMARKS[benchmark].task != "vis")


def _check_exists(option: str, path: Path, *, folder: bool) -> None:
    if not path.exists():
        _fail(f"{option}: there is no file {str(path)!r}. Check the spelling and the current folder.")
    if path.is_dir() and not folder:
        _fail(f"{option}: {str(path)!r} is a folder. Give the file itself.")


def _write_json(path: Path | None, value: object) -> None:
    if path is None:
        return
    try:
        path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        _fail(f"--json: cannot write {str(path)!r}: {error.strerror}. Choose a file in a writable folder.")


def _print_problems(title: str, problems: Sequence[Problem]) -> None:
    errors.print(title, markup=False)
    if problems:
        errors.print(text_of(problems), markup=False)


@app.command()
def score(
    benchmark: Benchmark,
    ground_truth: Annotated[
        Path, typer.Option("--gt", help="The official annotation JSON, or the folder with its PNG maps.")
    ],
    predictions: Predictions,
    json_out: JsonOut = None,
    workers: Annotated[int, typer.Option(min=1, help="Videos that are scored at the same time.")] = 1,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Draw the videos again so often, for 95 % intervals.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    subset: Subsets = None,
    prepared: Annotated[
        Path | None, typer.Option(help="Folder that keeps prepared ground truth for the next call.")
    ] = None,
) -> None:
    """Score a submission and print its metrics in percent."""
    _check_benchmark(benchmark)
    _check_ground_truth(benchmark, ground_truth)
    _check_exists("--pred", predictions, folder=True)
    with _telling_problems(ground_truth, predictions, json_out), _progress() as bar:
        task = bar.add_task("videos", total=None)
        report = evaluate(
            benchmark,
            ground_truth,
            predictions,
            workers=workers,
            prepared_dir=prepared,
            bootstrap=bootstrap,
            seed=seed,
            subsets=_subset_files(subset or []),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _print_warnings(report.warnings)
    _write_json(json_out, report.to_json())
    print_report(output, report)


@app.command("compare")
def compare_command(
    benchmark: Benchmark,
    ground_truth: Annotated[
        Path, typer.Option("--gt", help="The official annotation JSON, or the folder with its PNG maps.")
    ],
    predictions: Annotated[
        list[Path], typer.Option("--pred", help="Twice: submission A, then B; each as `score` takes it.")
    ],
    json_out: JsonOut = None,
    workers: Annotated[int, typer.Option(min=1, help="Videos that are scored at the same time.")] = 1,
    bootstrap: Annotated[int, typer.Option(min=1, help="Draw the videos again so often.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
) -> None:
    """Tell which of two submissions to a split is better, and how surely."""
    _check_benchmark(benchmark)
    _check_ground_truth(benchmark, ground_truth)
    if len(predictions) != 2:
        _fail(f"--pred is given {len(predictions)} times. Give it twice: submission A, then submission B.")
    for path in predictions:
        _check_exists("--pred", path, folder=True)
    reports = []
    with _progress() as bar, tempfile.TemporaryDirectory(prefix="dvis-bench-") as prepared:
        for name, path in zip("AB", predictions, strict=True):
            task = bar.add_task(name, total=None)
            with _telling_problems(ground_truth, path, json_out):
                report = evaluate(
                    benchmark,
                    ground_truth,
                    path,
                    workers=workers,
                    prepared_dir=Path(prepared),
                    bootstrap=bootstrap,
                    seed=seed,
                    progress=partial(_advance, bar, task),
                )
            reports.append(report)
    for name, path, report in zip("AB", predictions, reports, strict=True):
        output.print(f"{name}: {path}", markup=False, soft_wrap=True)
        _print_warnings(report.warnings)
    comparison = compare_reports(*reports)
    _write_json(json_out, comparison.to_json())
    print_comparison(output, comparison)


@app.command("analyse")
def analyse_command(
    benchmark: Benchmark,
    ground_truth: Annotated[Path, typer.Option("--gt", help="The official annotation JSON.")],
    predictions: Predictions,
    json_out: JsonOut = None,
    subset: Subsets = None,
    min_score: Annotated[
        float | None, typer.Option(help="Leave predictions below it out of HOTA and IDF1.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Videos that are compared at the same time.")] = 1,
    prepared: Annotated[
        Path | None, typer.Option(help="Folder that keeps prepared ground truth for the next call.")
    ] = None,
) -> None:
    """Show HOTA, IDF1 and what each kind of error costs, for tracklets."""
    tracklets = [spec.key for spec in BENCHMARKS.values() if spec.task == "vis"]
    if benchmark not in tracklets:
        _fail(f"There is no analysis for {benchmark!r}. Choose one of: {', '.join(tracklets)}.")
    _check_ground_truth(benchmark, ground_truth)
    _check_exists("--pred", predictions, folder=True)
    with _telling_problems(ground_truth, predictions, json_out), _progress() as bar:
        task = bar.add_task("comparisons", total=None)
        analysis = analyse(
            benchmark,
            ground_truth,
            predictions,
            subsets=_subset_files(subset or []),
            min_score=min_score,
            workers=workers,
            prepared_dir=prepared,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _print_warnings(analysis.warnings)
    _write_json(json_out, analysis.to_json())
    print_analysis(output, analysis)


def _subset_files(options: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for option in options:
        name, separator, file = option.partition("=")
        if not (name and separator and file):
            _fail(f"--subset is {option!r}. Write NAME=FILE, for example long=long-videos.txt.")
        if name in files:
            _fail(f"--subset: the name {name!r} is used twice. Give every subset a name of its own.")
        _check_exists("--subset", Path(file), folder=False)
        files[name] = Path(file)
    return files


@contextmanager
def _telling_problems(ground_truth: Path, predictions: Path, json_out: Path | None) -> Iterator[None]:
    """End the program with the right status and words if the submission or the ground truth is refused."""
    try:
        yield
    except SubsetInvalid as error:
        _fail(f"--subset: {error}")
    except SubmissionRejected as rejected:
        _write_json(json_out, {"problems": [problem.to_json() for problem in rejected.problems]})
        _print_problems(f"Rejected: {predictions} cannot be scored.", rejected.problems)
        raise typer.Exit(REJECTED) from rejected
    except GroundTruthError as unusable:
        _print_problems(f"The ground truth {ground_truth} is unusable.", unusable.problems)
        raise typer.Exit(BAD_GROUND_TRUTH) from unusable
    except OSError as error:
        _fail(f"Cannot read {error.filename!r}: {error.strerror}.")


def _print_warnings(warnings: Sequence[Problem]) -> None:
    for warning in warnings:
        errors.print(f"warning: {warning}", markup=False)


def _advance(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


@app.command("validate")
def validate_command(
    benchmark: Benchmark,
    predictions: Predictions,
    ground_truth: Annotated[
        Path | None, typer.Option("--gt", help="The annotation JSON: checks ids, lengths and sizes as well.")
    ] = None,
    json_out: JsonOut = None,
) -> None:
    """Check a submission without scoring it."""
    _check_benchmark(benchmark)
    _check_exists("--pred", predictions, folder=True)
    if ground_truth is not None:
        _check_ground_truth(benchmark, ground_truth)
    try:
        problems = validate(benchmark, predictions, ground_truth)
    except OSError as error:
        _fail(f"Cannot read {error.filename!r}: {error.strerror}.")
    _write_json(json_out, {"problems": [problem.to_json() for problem in problems]})
    fatal = [problem for problem in problems if problem.severity == "error"]
    if problems:
        _print_problems(f"{predictions}: {'not valid' if fatal else 'valid, with warnings'}.", problems)
    else:
        output.print(f"{predictions}: valid.", markup=False, soft_wrap=True)
    if any(problem.is_of_ground_truth for problem in fatal):
        raise typer.Exit(BAD_GROUND_TRUTH)
    if fatal:
        raise typer.Exit(REJECTED)


@app.command("verify")
def verify_command(
    receipt: Annotated[Path, typer.Argument(help="A receipt as the server gave it.", show_default=False)],
    ground_truth: Annotated[
        Path, typer.Option("--gt", help="The official annotation JSON, or the folder with its PNG maps.")
    ],
    predictions: Predictions,
    key: Annotated[
        str | None,
        typer.Option(
            help="The server's public key: hexadecimal, or a file with it or with the server's list."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Videos that are scored at the same time.")] = 1,
) -> None:
    """Check a receipt's signature, then score again and compare the digest and every metric."""
    for option, path in (("RECEIPT", receipt), ("--gt", ground_truth), ("--pred", predictions)):
        _check_exists(option, path, folder=option != "RECEIPT")
    signed = _check_signature(receipt, key)
    statement = signed.statement
    if statement.evaluator != __version__:
        _fail(
            f"These numbers are of evaluator {statement.evaluator}, and this is {__version__}: "
            "run the same command with that version."
        )
    _check_benchmark(statement.benchmark.evaluator)
    _check_ground_truth(statement.benchmark.evaluator, ground_truth)
    with _telling_problems(ground_truth, predictions, None), _progress() as bar:
        task = bar.add_task("videos", total=None)
        report = evaluate(
            statement.benchmark.evaluator,
            ground_truth,
            predictions,
            workers=workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    different = differences(statement, report)
    if different:
        lines = [*different, *other_files(statement, ground_truth, predictions)]
        _fail("\n  ".join(["Not verified: these files do not give what the receipt says.", *lines]), MISMATCH)
    output.print(f"Digest and {len(report.metrics)} metrics: the same.")
    submission, benchmark = statement.submission, statement.benchmark
    verified = (
        f"Verified: {submission.method} ({submission.variant}) on {benchmark.slug} {benchmark.split}, "
        f"scored {submission.scored_at} by {statement.server.name}, {statement.server.url}"
    )
    output.print(
        _plain(verified.replace("\n", " ")),
        markup=False,
        soft_wrap=True,
    )


def _check_signature(path: Path, key: str | None) -> Receipt:
    """Return the receipt if its signature is good; say by which key."""
    try:
        signatures = importlib.import_module("evaluator.receipts.signatures")
    except ImportError:
        _fail("Checking signatures needs the library cryptography: pip install cryptography")
    try:
        receipt = read_receipt(path)
        fault = signatures.signature_fault(receipt, key)
    except ReceiptInvalid as invalid:
        _fail(str(invalid))
    except OSError as error:
        _fail(f"Cannot read {error.filename!r}: {error.strerror}.")
    if fault:
        _fail(f"Not verified: {path}: {fault}", MISMATCH)
    output.print(f"Signature: good, by the key {receipt.signature.key_id}.", highlight=False)
    if key is None:
        errors.print(signatures.SELF_SIGNED)
    return receipt


@app.command()
def synth(
    task: Annotated[str, typer.Argument(help=f"One of {', '.join(DRAWINGS)}.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder to write to; it must not exist or be empty.")],
    videos: Annotated[int, typer.Option(help="Number of videos.")] = 12,
    frames: Annotated[int, typer.Option(help="Frames of each video.")] = 30,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH in pixels.")] = "96x160",
    seed: Annotated[int, typer.Option(help="The same seed makes the same videos.")] = 0,
) -> None:
    """Make a benchmark with exact ground truth: things that hide one another for long (docs/synthetic.md).

    Those of the demo, demo-vis, demo-vps and demo-vss, are drawn shapes with three noisy copies of the ground
    truth as predictions.
    """
    if task not in DRAWINGS:
        _fail(f"There is no task {task!r} to make a benchmark of. Choose one of: {', '.join(DRAWINGS)}.")
    sizes = re.fullmatch(r"(\d{2,4})x(\d{2,4})", size)
    if sizes is None or not all(32 <= int(side) <= 8192 for side in sizes.groups()):
        _fail(f"--size is {size!r}. Write HEIGHTxWIDTH, from 32 to 8192 pixels each, for example 96x160.")
    for option, value, low, high in (
        ("--videos", videos, 1, 100_000),
        ("--frames", frames, 2, 100_000),
        ("--seed", seed, 0, 2**32 - 1),
    ):
        if not low <= value <= high:
            _fail(f"{option} is {value}. Choose a number from {low} to {high}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        _fail(f"--out: {str(out)!r} exists and is not an empty folder. Choose another name.")
    drawing = importlib.import_module(DRAWINGS[task])  # Pillow loads only for those who draw
    with _progress() as bar:
        item = bar.add_task("videos", total=videos)
        drawing.write_benchmark(
            out,
            videos=videos,
            frames=frames,
            height=int(sizes[1]),
            width=int(sizes[2]),
            seed=seed,
            progress=lambda done, total: bar.update(item, completed=done, total=total),
        )
    output.print(f"Wrote {counted(videos, 'video')} to {out}.", markup=False, soft_wrap=True)


@app.command("metrics")
def metrics_command(
    key: Annotated[
        str | None, typer.Argument(help="A metric; without one, all of them in a line each.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/metrics.md.")] = False,
) -> None:
    """Explain the metrics: formula, quirks, source and an example."""
    if markdown:
        typer.echo(to_markdown(), nl=False)
    elif key is None:
        print_metrics(output)
    elif key in METRICS:
        print_metric(output, METRICS[key])
    else:
        _fail(f"There is no metric {key!r}. Choose one of: {', '.join(METRICS)}.")


def _print_version(wanted: bool) -> None:
    if wanted:
        output.print(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Score submissions to video segmentation benchmarks as the official evaluations do."""


if __name__ == "__main__":
    app(prog_name="python -m evaluator")
