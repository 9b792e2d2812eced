"""Reads of uploads. Somebody else's upload does not exist."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from webapp.accounts.models import User
from webapp.refusal import Refused
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
