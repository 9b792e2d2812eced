"""The processes that make up a running site: what `manage.py up` starts besides the embedded servers."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from signal import SIGQUIT, SIGTERM, Signals

from webapp.embedded.processes import MARK, Program

ROOT = Path(__file__).resolve().parents[2]


def web(var: Path, listener: int, settings: Mapping[str, str] | None = None) -> Program:
    """The web server on an open socket: while it starts, requests wait there instead of being refused.

    Args:
        listener: the socket's file descriptor.
        settings: environment variables of the site, on top of our own environment; so for all programs here.
    """
    return _python("web", ["django", "serve", "--fd", str(listener)], var, settings, descriptors=(listener,))


def worker(var: Path, processes: int, settings: Mapping[str, str] | None = None) -> Program:
    """The worker that scores submissions, one at a time in each process, and prepares masks between them."""
    return _celery(
        "worker",
        ["--queues", "evaluate,playback", "--concurrency", str(processes), "--prefetch-multiplier", "1"],
        var,
        settings,
    )


def model_worker(var: Path, processes: int, settings: Mapping[str, str] | None = None) -> Program:
    """The worker that runs the reference model; it alone loads torch."""
    return _celery(
        "model",
        [
            *("--queues", "model", "--concurrency", str(processes), "--prefetch-multiplier", "1"),
            # Its processes keep their model, however large.
            *("--include", "worker.tasks_model,worker.tasks_checkpoints", "--max-memory-per-child", "0"),
        ],
        var,
        settings,
    )


def housekeeper(var: Path, settings: Mapping[str, str] | None = None) -> Program:
    """The worker of the short tasks, apart: a sweep must not wait for an hour of scoring."""
    # Ranks are made of products of matrices, whose threads would only wait for one another.
    one_thread = {"OPENBLAS_NUM_THREADS": "1", **(settings or {})}
    return _celery("housekeeper", ["--queues", "housekeeping", "--pool", "solo"], var, one_thread)


def beat(var: Path, settings: Mapping[str, str] | None = None) -> Program:
    """The clock that rings for the housekeeper."""
    return _python(
        "beat",
        ["celery", "--app", "worker.app", "beat", "--schedule", str(var / "beat.schedule")],
        var,
        settings,
    )


def guard(var: Path) -> Program:
    """The program that ends all others when the supervisor is killed: `webapp.embedded.guard`."""
    return _python("guard", ["webapp.embedded.guard", str(var), str(os.getpid())], var, None, orphaned=None)


def manage(var: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> Program:
    """One management command, run to its end."""
    return _python(arguments[0], ["django", *arguments], var, settings)


def _celery(name: str, options: list[str], var: Path, settings: Mapping[str, str] | None) -> Program:
    return _python(
        name,
        [
            *("celery", "--app", "worker.app", "worker", "--hostname", f"{name}@%h", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle", *options),
        ],
        var,
        settings,
        # First "finish your task", then "drop it": its lease runs out and it is scored on the next start.
        signals=((SIGTERM, 6.0), (SIGQUIT, 2.0)),
        orphaned=SIGQUIT,
    )


def _python(
    name: str,
    module_and_options: list[str],
    var: Path,
    settings: Mapping[str, str] | None,
    descriptors: tuple[int, ...] = (),
    signals: tuple[tuple[Signals, float], ...] = ((SIGTERM, 8.0),),
    orphaned: Signals | None = SIGTERM,
) -> Program:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "PYTHONUNBUFFERED": "1",
        "DVIS_BENCH_VAR": str(var),
        MARK: str(var),
        **(settings or {}),
    }
    return Program(
        name=name,
        argv=[sys.executable, "-m", *module_and_options],
        log=var / "log" / f"{name}.log",
        environment=environment,
        cwd=ROOT,
        descriptors=descriptors,
        signals=signals,
        orphaned=orphaned,
    )
