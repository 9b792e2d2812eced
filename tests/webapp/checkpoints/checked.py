"""Checkpoints in each state, as the worker leaves them."""

from typing import Any

from tests.support.factories import make_blob, make_user
from webapp.accounts.models import User
from webapp.checkpoints.attempts import Check, check_claim, check_finish_ready, check_finish_refused
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.problems import checkpoint_problems
from webapp.checkpoints.services import checkpoint_create


def make_checkpoint(owner: User | None = None, **fields: Any) -> Checkpoint:
    """One that waits for its check."""
    fields = {"name": "DVIS", "filename": "dvis.pth", "source": make_blob(), **fields}
    return checkpoint_create(owner=owner or make_user(), **fields)


def claimed() -> Check:
    """The check that is next in line, taken by a worker."""
    check = check_claim(worker="worker@test")
    assert check is not None, "no check was due"
    return check


def make_ready(owner: User | None = None, **fields: Any) -> Checkpoint:
    """One that can be run."""
    checkpoint = make_checkpoint(owner, **fields)
    weights, names = make_blob(), ["ovis/DVIS_Offline_R50", "ovis/DVIS_Offline_R50_720p"]
    assert check_finish_ready(
        token=claimed().token, weights=weights, configurations=names, parameters=51_234_567
    )
    return Checkpoint.objects.get(pk=checkpoint.pk)


def make_refused(
    owner: User | None = None, lines: tuple[str, ...] = ("backbone: 3 missing: a, b, c",)
) -> Checkpoint:
    """One that fits no model."""
    checkpoint = make_checkpoint(owner)
    problems = checkpoint_problems("checkpoint-mismatch", lines)
    assert check_finish_refused(token=claimed().token, problems=problems)
    return Checkpoint.objects.get(pk=checkpoint.pk)
