"""The demo: a synthetic occlusion benchmark with three methods, submitted as anybody would.

Everything in it is made on this machine, by `python -m evaluator synth`; nothing is inserted as a score:
the workers evaluate the submissions. Safe to repeat: what is there already is left alone.
"""

import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import
from webapp.methods.services import method_get_or_create, variant_get_or_create
from webapp.refusal import Refused
from webapp.storage import blob_save_copy
from webapp.submissions.models import Submission
from webapp.submissions.services import submission_create

SLUG = "demo-occlusion"
SUMMARY = "Textured shapes that move and hide each other, with exact masks and occlusion levels."
DESCRIPTION = """\
A synthetic benchmark in the OVIS format, made on this server by `python -m evaluator synth vis`: shapes move
over a textured background and hide one another. Since whole shapes are known, so are the masks and the
occlusion level of every object in every frame. Its three methods are simulated, too: ground truth with the
mistakes that trackers make, more of them for the weaker ones. Use it to try everything out.
"""


@dataclass(frozen=True, slots=True)
class DemoEntry:
    """One simulated method: `predictions` is the folder that `synth` writes for it."""

    predictions: str
    method: str
    variant: str
    factors: dict[str, str]


ENTRIES = (
    DemoEntry(
        "weak",
        "Frame matching (synthetic)",
        "online",
        {"segmenter": "simulated", "tracker": "frame matching", "refiner": "none", "mode": "online"},
    ),
    DemoEntry(
        "medium",
        "Referring tracker (synthetic)",
        "online",
        {"segmenter": "simulated", "tracker": "referring", "refiner": "none", "mode": "online"},
    ),
    DemoEntry(
        "strong",
        "Referring tracker (synthetic)",
        "with refiner",
        {"segmenter": "simulated", "tracker": "referring", "refiner": "temporal", "mode": "offline"},
    ),
)


def demo_load() -> list[str]:
    """Load all of the demo; returns the log-ins as lines to print."""
    lines = [_admin_line(), "Researcher: demo, password demo"]
    user = _user("demo", password="demo")
    files = _files()
    split = _split(files)
    for entry in ENTRIES:
        _submit(user, split, entry, files / "predictions" / entry.predictions / "results.json")
    return lines


def _user(username: str, *, password: str, is_staff: bool = False) -> User:
    user = User.objects.filter(username=username).first()
    return user or User.objects.create_user(
        username,
        email=f"{username}@users.invalid",
        password=password,
        is_staff=is_staff,
        is_superuser=is_staff,
    )


def _admin_line() -> str:
    """Make the administrator where missing. A password that we chose is kept where only we can read it."""
    kept = Path(settings.VAR) / "admin_password"
    if not User.objects.filter(username="admin").exists():
        password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
        _user("admin", password=password, is_staff=True)
        if not settings.ADMIN_PASSWORD:
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{password}\n")
            return f"Organiser: admin, password {password} (also in {kept})"
    if kept.exists():
        return f"Organiser: admin, password in {kept}"
    return "Organiser: admin, password as you set it"


def _files() -> Path:
    """The folder of the synthetic benchmark, made where missing; it appears complete or not at all."""
    folder = Path(settings.VAR) / "demo"
    if folder.exists():
        return folder
    draft = folder.with_name("demo.new")
    shutil.rmtree(draft, ignore_errors=True)  # of a start that was stopped
    # A process of its own: the site never loads the numeric parts of the evaluator.
    command = [sys.executable, "-m", "evaluator", "synth", "vis", "--out", str(draft)]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused("demo-failed", f"The demo could not be made: {done.stderr.strip()[-1000:]}")
    draft.rename(folder)
    return folder


def _split(files: Path) -> Split:
    split = Split.objects.filter(benchmark__slug=SLUG, name="val", ground_truth__isnull=False).first()
    if split is not None:
        return split
    return benchmark_import(
        slug=SLUG,
        evaluator="ovis",
        split="val",
        ground_truth=files / "annotations.json",
        frames=files / "frames",
        public_ground_truth=True,
        name="Occlusion Demo",
        summary=SUMMARY,
        description=DESCRIPTION,
        licence="CC0: synthetic",
        licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
        position=0,
    ).split


def _submit(user: User, split: Split, entry: DemoEntry, results: Path) -> None:
    """Submit the predictions unless they were, whatever has become of it."""
    method = method_get_or_create(
        owner=user,
        name=entry.method,
        team="Demo",
        description="Simulated: ground truth of the demo with the typical mistakes of such a method.",
    )
    variant = variant_get_or_create(method=method, name=entry.variant, factors=entry.factors)
    if Submission.objects.filter(variant=variant, split=split).exists():
        return
    submission_create(
        author=user,
        split=split,
        variant=variant,
        blob=blob_save_copy(results),
        filename="results.json",
        note="Loaded with the demo.",
    )
