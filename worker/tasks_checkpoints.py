"""Checking checkpoints: on the queue `model`, whose workers alone load torch."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from celery import Task

from dvis_model import CheckpointHoldsCode, CheckpointRefused
from dvis_model.inspection import Inspection, as_safetensors, inspect_weights
from dvis_model.memory import is_out_of_memory
from webapp.blobs.storage import blob_path, blob_save, sha256_of
from webapp.checkpoints.attempts import Check, check_claim, check_finish_ready, check_finish_refused
from webapp.checkpoints.problems import checkpoint_problems
from webapp.jobs.models import Job
from worker.app import app
from worker.lease import Lease
from worker.turn import Failure, Turn, Write, failure_code
from worker.workdir import plain_name

# Of the size of the file that was uploaded: its tensors, and them again until they are in the storage.
ROOM = 2


@app.task(name="worker.check_next", bind=True)
def check_next(self: "Task[[], None]") -> None:
    """Check the checkpoint that is next in line."""
    CHECK.take(self)


def _check(claim: Check, lease: Lease, worker: str) -> Write:
    """Look through a claimed checkpoint; what is to be written about it."""
    try:
        with lease.interruptible(), _files(claim) as (source, scratch):
            weights = as_safetensors(source, scratch)
            lease.progress(1, 2, "comparing with known models")
            found = inspect_weights(weights)
            if found.broken or not found.configurations:
                return _unfit(claim, found)
            blob = claim.source if weights == source else blob_save(weights, sha256=sha256_of(weights))
    except CheckpointHoldsCode as error:
        return _refused(claim, "checkpoint-code", [error.reason])
    except CheckpointRefused as error:
        about = f"{error.advice}." if error.advice else ""
        return _refused(claim, "checkpoint-unreadable", [error.reason], about)
    configurations = list(found.configurations)
    return partial(
        check_finish_ready,
        token=claim.token,
        weights=blob,
        configurations=configurations,
        parameters=found.parameters,
    )


@contextmanager
def _files(claim: Check) -> Iterator[tuple[Path, Path]]:
    """The file under the name that people gave it, and a path for its tensors, both for a while."""
    with blob_path(claim.source) as blob, tempfile.TemporaryDirectory(prefix="dvis-bench-check-") as folder:
        if shutil.disk_usage(folder).free < ROOM * claim.source.size:
            # Otherwise the process that reads it would get the error, and its file would be blamed.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
        source = Path(folder, plain_name(claim.filename))
        source.symlink_to(blob.resolve())
        yield source, Path(folder, "converted")


def _refused(claim: Check, code: str, lines: Iterable[str], about: str = "") -> Write:
    problems = checkpoint_problems(code, lines, about)
    return partial(check_finish_refused, token=claim.token, problems=problems)


def _unfit(claim: Check, found: Inspection) -> Write:
    if found.broken:
        lines = (f"{name} holds NaN or infinity." for name in found.broken)
        return _refused(claim, "checkpoint-not-finite", lines)
    nearest = f"The nearest of them is {found.nearest}, with which it is compared here."
    return _refused(claim, "checkpoint-mismatch", found.differences, nearest)


def _failure(error: Exception) -> Failure:
    return ("out-of-memory" if is_out_of_memory(error) else failure_code(error)), ""


CHECK = Turn(kinds=(Job.Kind.CHECK,), claim=check_claim, work=_check, failure=_failure)
