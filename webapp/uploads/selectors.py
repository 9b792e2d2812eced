"""Reads of uploads. Somebody else's upload does not exist."""

from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.utils import timezone

from evaluator.files.words import counted
from webapp.accounts.models import User
from webapp.blobs.models import Blob
from webapp.checkpoints.models import Checkpoint
from webapp.refusal import Refused
from webapp.submissions.models import Submission
from webapp.uploads.kinds import UploadKind
from webapp.uploads.models import Upload


def uploads_of(user: User) -> QuerySet[Upload]:
    return Upload.objects.filter(owner=user).select_related("blob")


def upload_get(*, user: User, id: UUID) -> Upload:
    """Return an upload of this user. Raises Upload.DoesNotExist, or Refused (410) once it has expired."""
    upload = uploads_of(user).get(pk=id)
    if not upload.is_complete and upload.expires_at <= timezone.now():
        raise Refused(
            "upload-expired",
            f"This upload expired at {upload.expires_at:%Y-%m-%d %H:%M} UTC.",
            "Create a new one and send the file again.",
            status=410,
        )
    return upload


def upload_finished(*, user: User, id: UUID, kind: UploadKind) -> tuple[Upload, Blob]:
    """A finished upload of this user with its file. Raises Refused where it is not, or is too large."""
    try:
        upload = upload_get(user=user, id=id)
    except Upload.DoesNotExist:
        raise Refused(
            "unknown-upload", f"You have no upload {id}.", "POST /api/v1/uploads makes one (tus 1.0)."
        ) from None
    if upload.blob is None:
        raise Refused(
            "upload-unfinished",
            f"The upload has {upload.offset:,} of {counted(upload.length, 'byte')}.",
            "Send the rest first.",
            status=409,
        )
    kind.check(upload.length)  # it may have been announced as another kind
    return upload, upload.blob


def upload_room_used(owner: User) -> int:
    """Bytes that a person's uploads take which became neither a checkpoint nor a submission that counts."""
    same_file = {"blob": OuterRef("blob")}
    submitted = Submission.objects.filter(author=owner, **same_file).exclude(status__in=Submission.LET_GO)
    checkpoints = Checkpoint.objects.filter(owner=owner, source=OuterRef("blob"))
    uploads = uploads_of(owner).filter(expires_at__gt=timezone.now())
    idle = uploads.exclude(Exists(submitted)).exclude(Exists(checkpoints))
    return int(idle.aggregate(total=Sum("length"))["total"] or 0)


def upload_room_reserved() -> int:
    """Bytes that all people have announced and not yet sent."""
    open_now = Upload.objects.filter(blob=None, expires_at__gt=timezone.now())
    return int(open_now.aggregate(total=Sum(F("length") - F("offset")))["total"] or 0)
