"""Writes of checkpoints: upload, rename, share, delete. Results of checks are written in attempts.py."""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError

from evaluator.files.words import counted
from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.blobs.disk import check_not_full
from webapp.blobs.models import Blob
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import Job
from webapp.jobs.services import job_create, job_retry
from webapp.refusal import Refused, check_one_line

Visibility = Checkpoint.Visibility


@transaction.atomic
def checkpoint_create(
    *,
    owner: User,
    name: str,
    source: Blob,
    filename: str,
    visibility: str = Visibility.PRIVATE,
    shared_with: Iterable[str] = (),
) -> Checkpoint:
    """Keep a stored file as a checkpoint, and queue its check.

    Raises Refused: no name, too many checkpoints, an unknown person.
    """
    check_not_full()
    # One at a time for each owner, so that two requests cannot both take the last place.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    _check_count(owner)
    filename = filename[-255:]
    checkpoint = Checkpoint.objects.create(
        owner=owner,
        name=_name(name or filename),
        source=source,
        filename=filename,
        visibility=Visibility(visibility),
    )
    checkpoint.shared_with.set(_people(shared_with, owner))
    _tell(checkpoint, "received", owner, sha256=source.sha256)
    job_create(kind=Job.Kind.CHECK, subject=checkpoint, actor=owner)
    return checkpoint


@transaction.atomic
def checkpoint_update(
    *,
    checkpoint: Checkpoint,
    actor: User,
    name: str | None = None,
    visibility: str | None = None,
    shared_with: Iterable[str] | None = None,
) -> Checkpoint:
    """Change what is given. `shared_with` are the usernames of all who shall see it. Raises Refused."""
    _check_owner(checkpoint, actor)
    if name is not None:
        checkpoint.name = _name(name)
    if visibility is not None:
        checkpoint.visibility = Visibility(visibility)
    # Only these columns: a worker may be storing what it found just now.
    checkpoint.save(update_fields=["name", "visibility"])
    if shared_with is not None:
        checkpoint.shared_with.set(_people(shared_with, checkpoint.owner))
    _tell(checkpoint, "changed", actor, visibility=checkpoint.visibility)
    return checkpoint


@transaction.atomic
def checkpoint_delete(*, checkpoint: Checkpoint, actor: User) -> None:
    """Delete a checkpoint that no run used; one that is being checked is let go of. Raises Refused."""
    _check_owner(checkpoint, actor)
    # Neither a worker may take its check nor a person start a run of it in the meantime.
    Job.objects.select_for_update().filter(checkpoint=checkpoint).first()
    if Checkpoint.objects.select_for_update().filter(pk=checkpoint.pk).first() is None:
        return  # somebody else was faster
    _tell(checkpoint, "deleted", actor, sha256=checkpoint.sha256)
    try:
        with transaction.atomic():
            checkpoint.delete()
    except ProtectedError:
        raise Refused(
            "checkpoint-in-use",
            f"{checkpoint.name} was used in a run, and its results depend on it.",
            "Make it private instead, and only you and the organisers see it.",
            status=409,
        ) from None


def checkpoint_retry(*, checkpoint: Checkpoint, actor: User) -> None:
    """Check again after a failure on our side. For staff, who know whether the cause is fixed."""
    if not actor.is_staff:
        raise Refused("staff-only", "Only the organisers can check a checkpoint again.", status=403)
    job: Job | None = getattr(checkpoint, "job", None)
    if job is None or not job_retry(job=job, actor=actor):
        raise Refused(
            "checkpoint-not-failed",
            "Only a check that failed on our side can be made again; this one is "
            f"{checkpoint.status.label.lower()}.",
            status=409,
        )


def _check_owner(checkpoint: Checkpoint, actor: User) -> None:
    if not actor.is_staff and checkpoint.owner_id != actor.pk:
        raise Refused("not-yours", "This checkpoint belongs to somebody else.", status=403)


def _check_count(owner: User) -> None:
    kept = Checkpoint.objects.filter(owner=owner).count()
    if kept >= settings.CHECKPOINTS_PER_USER:
        raise Refused(
            "too-many-checkpoints",
            f"You have {counted(kept, 'checkpoint')}, and may keep {settings.CHECKPOINTS_PER_USER}.",
            "Delete one that was never run, or ask the organisers for more.",
            status=409,
        )


def _name(text: str) -> str:
    name = " ".join(text.split())[:100]
    if not name:
        raise Refused("checkpoint-name", "A checkpoint needs a name.", "Such as DVIS offline R50, 160k.")
    check_one_line("name", name)
    return name


def _people(usernames: Iterable[str], owner: User) -> list[User]:
    wanted = {name.strip() for name in usernames if name.strip()} - {owner.get_username()}
    found = list(User.objects.filter(username__in=wanted, is_active=True))
    missing = sorted(wanted - {user.get_username() for user in found})
    if missing:
        raise Refused(
            "unknown-user",
            f"There is no user {', '.join(missing)}.",
            "Write usernames, as people see them on their account's page.",
        )
    return found


def _tell(checkpoint: Checkpoint, action: str, actor: User, **data: str) -> None:
    audit(f"checkpoint.{action}", f"checkpoint:{checkpoint.pk}", actor=actor, **data)
