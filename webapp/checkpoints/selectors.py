"""Who may see and run which checkpoints, and where their weights lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from webapp.accounts.models import User
from webapp.checkpoints.models import Checkpoint
from webapp.storage import blob_path


def checkpoints_visible_to(user: User | AnonymousUser) -> QuerySet[Checkpoint]:
    """Everything to staff; their own to owners; others' once they are ready, if public or shared.

    Whoever sees a checkpoint that is ready may run it.
    """
    rows = Checkpoint.objects.select_related("owner", "source", "weights")
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


@contextmanager
def checkpoint_weights(checkpoint: Checkpoint) -> Iterator[Path]:
    """A local path of the weights, safetensors to be read only. Raises ValueError where it is not ready."""
    if checkpoint.weights is None:
        raise ValueError(f"Expected a checkpoint that is ready, but {checkpoint.id} is {checkpoint.status}")
    with blob_path(checkpoint.weights) as path:
        yield path
