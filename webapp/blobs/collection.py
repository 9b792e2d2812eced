"""Files that nobody needs any more: found by the rows that could refer to them, and deleted."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import CASCADE, Exists, ForeignObjectRel, OuterRef, QuerySet
from django.utils import timezone

from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_delete

# Whoever has just stored a file refers to it within a moment, or within a transaction.
UNREFERENCED_KEPT: Final = timedelta(days=1)
_AT_ONCE: Final = 1000


def blobs_collect(*, now: datetime | None = None) -> int:
    """Delete the blobs that no row has referred to for a day. Returns how many."""
    before = (now or timezone.now()) - UNREFERENCED_KEPT
    garbage = blobs_unreferenced().filter(saved_at__lt=before)[:_AT_ONCE]
    return sum(blob_delete(blob, saved_before=before) for blob in list(garbage))


def blobs_unreferenced() -> QuerySet[Blob]:
    """Return the blobs that no row needs: no foreign key leads to them but of rows that go with them."""
    blobs = Blob.objects.all()
    for relation in Blob._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.on_delete is CASCADE:
            continue
        if relation.related_model is not Blob:
            holders = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            blobs = blobs.exclude(Exists(holders))
    return blobs
