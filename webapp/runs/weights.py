"""The weights of runs, as far as a person may know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from webapp.accounts.models import User
from webapp.checkpoints.selectors import checkpoints_visible_to
from webapp.runs.models import Run

BUILT_IN = "built-in weights"
UNSEEN = "a private checkpoint"


@dataclass(frozen=True, slots=True)
class Weights:
    """`sha256` is empty for built-in weights, `address` for a checkpoint that the person must not see."""

    name: str
    sha256: str = ""
    address: str = ""


def run_weights(*, user: User | AnonymousUser, run: Run) -> Weights:
    return runs_weights(user=user, runs=[run])[run.pk]


def runs_weights(*, user: User | AnonymousUser, runs: Sequence[Run]) -> dict[UUID, Weights]:
    """The weights of each run by its id; one query for all names."""
    used = {run.checkpoint_id for run in runs if run.checkpoint_id}
    seen = checkpoints_visible_to(user).in_bulk(used) if used else {}

    def weights(run: Run) -> Weights:
        if run.checkpoint is None:
            return Weights(BUILT_IN)
        checkpoint = seen.get(run.checkpoint.pk)
        if checkpoint is None:
            return Weights(UNSEEN, run.checkpoint.sha256)
        return Weights(checkpoint.name, checkpoint.sha256, checkpoint.get_absolute_url())

    return {run.pk: weights(run) for run in runs}
