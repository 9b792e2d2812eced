"""The demo: a synthetic benchmark of each task with three methods, submitted as anybody would.

Everything in it is made on this machine, by `python -m evaluator synth`; nothing is inserted as a score:
the workers evaluate the submissions. Safe to repeat: what is there already is left alone.
"""

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from webapp.accounts.models import User
from webapp.benchmarks.archive import write_archive
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_save_copy, blob_save_written
from webapp.demo.accounts import NOTE, RESEARCHER, demo_log_ins
from webapp.demo.benchmarks import DEMOS, ENTRIES, DemoBenchmark, DemoEntry
from webapp.methods.services import method_get_or_create, variant_get_or_create
from webapp.refusal import Refused
from webapp.submissions.models import Submission
from webapp.submissions.services import submission_create


def demo_load() -> list[str]:
    """Load all of the demo; returns the log-ins as lines to print."""
    lines = demo_log_ins()
    user = User.objects.get(username=RESEARCHER)
    for demo in DEMOS:
        _load(user, demo)
    return lines


def _load(user: User, demo: DemoBenchmark) -> None:
    """Make what is missing of a benchmark and its submissions; where nothing is, no file is touched."""
    split = Split.objects.filter(benchmark__slug=demo.slug, name="val", ground_truth__isnull=False).first()
    missing = [entry for entry in ENTRIES if not _is_submitted(demo, entry)]
    if split is not None and not missing:
        return
    folder = _files(demo)
    split = split or _split(demo, folder)
    for entry in missing:
        _submit(user, split, entry, _predictions(demo, entry.files(folder)))


def _is_submitted(demo: DemoBenchmark, entry: DemoEntry) -> bool:
    """Return whether the entry was sent, whatever has become of it."""
    return Submission.objects.filter(
        split__benchmark__slug=demo.slug,
        split__name="val",
        variant__name=entry.variant,
        variant__method__name=entry.method,
        variant__method__owner__username=RESEARCHER,
    ).exists()


def _files(demo: DemoBenchmark) -> Path:
    """The folder of a synthetic benchmark, made where missing; it appears complete or not at all."""
    folder = Path(settings.VAR) / demo.folder
    if folder.exists():
        return folder
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)  # of a start that was stopped
    # A process of its own: the site never loads the numeric parts of the evaluator.
    command = [sys.executable, "-m", "evaluator", "synth", *demo.synth, "--out", str(draft)]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused("demo-failed", f"The demo could not be made: {done.stderr.strip()[-1000:]}")
    draft.rename(folder)
    return folder


def _split(demo: DemoBenchmark, folder: Path) -> Split:
    return benchmark_import(
        slug=demo.slug,
        evaluator=demo.evaluator,
        split="val",
        ground_truth=folder / demo.ground_truth,
        frames=folder / "frames",
        rules={"ground_truth_public": True, "frames_public": True, "opens_at": timezone.now()},
        subsets=demo.subsets(folder),
        name=demo.name,
        summary=demo.summary,
        description=demo.description,
        licence="CC0: synthetic",
        licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
        position=demo.position,
    ).split


def _predictions(demo: DemoBenchmark, folder: Path) -> tuple[Blob, str]:
    """Store what a method has predicted, and the name of that file."""
    if demo.predictions:
        return blob_save_copy(folder / demo.predictions), demo.predictions
    paths = [path for path in folder.rglob("*") if path.is_file()]
    files = [(path.relative_to(folder).as_posix(), path) for path in paths]
    return blob_save_written(partial(write_archive, files)), "predictions.zip"


def _submit(user: User, split: Split, entry: DemoEntry, predictions: tuple[Blob, str]) -> None:
    method = method_get_or_create(
        owner=user,
        name=entry.method,
        team="Demo",
        description="Simulated: ground truth of the demo with the typical mistakes of such a method.",
    )
    blob, filename = predictions
    submission_create(
        author=user,
        split=split,
        variant=variant_get_or_create(method=method, name=entry.variant, factors=entry.factors),
        blob=blob,
        filename=filename,
        note=NOTE,
    )
