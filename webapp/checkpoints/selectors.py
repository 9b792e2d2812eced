"""Reads of checkpoints: who may see and run them, and where their weights lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from webapp.accounts.models import User
from webapp.blobs.storage import blob_path
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.problems import CHECKPOINT_PROBLEMS
from webapp.jobs.models import Job
from webapp.jobs.selectors import queued_sentence

Status = Checkpoint.Status


def checkpoints_visible_to(user: User | AnonymousUser) -> QuerySet[Checkpoint]:
    """Everything to staff; their own to owners; others' once they are ready, if public or shared.

    Whoever sees a checkpoint that is ready may run it.
    """
    rows = Checkpoint.objects.select_related("owner", "source", "weights", "job")
    ready = Q(weights__isnull=False)
    public = Q(visibility=Checkpoint.Visibility.PUBLIC)
    if not user.is_authenticated:
        return rows.filter(ready & public)
    if user.is_staff:
        return rows
    # By a subquery: a join would give a row for each person that it is shared with.
    shared = Q(pk__in=user.shared_checkpoints.values("pk"))
    return rows.filter(Q(owner=user) | (ready & (public | shared)))


def checkpoint_get(*, user: User | AnonymousUser, id: UUID | str) -> Checkpoint:
    """Raises Checkpoint.DoesNotExist also for one that `user` must not see."""
    return checkpoints_visible_to(user).get(pk=id)


def checkpoint_sentence(checkpoint: Checkpoint) -> str:
    """Return the status of a checkpoint as a sentence."""
    job: Job | None = getattr(checkpoint, "job", None)
    match checkpoint.status:
        case Status.RECEIVED if job:
            return queued_sentence(job)
        case Status.CHECKING if job:
            return f"Being checked, {job.stage}"
        case Status.REFUSED:
            return f"Refused: {CHECKPOINT_PROBLEMS[checkpoint.problems[0]['code']].title}"
        case Status.FAILED if job:
            return f"Failed on our side: {job.failure_message}"
    return str(checkpoint.status.label)


@contextmanager
def checkpoint_weights(checkpoint: Checkpoint) -> Iterator[Path]:
    """A local path of the weights, safetensors to be read only. Raises ValueError where it is not ready."""
    if checkpoint.weights is None:
        raise ValueError(f"Expected a checkpoint that is ready, but {checkpoint.id} is {checkpoint.status}")
    with blob_path(checkpoint.weights) as path:
        yield path
