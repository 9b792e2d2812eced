"""Stored files by content, and uploads on their way to become one."""

import uuid

from django.db import models
from django.utils import timezone

from webapp.blobs.models import Blob as Blob


class Upload(models.Model):
    """A resumable upload (tus 1.0). `offset` bytes lie in UPLOAD_ROOT/<id>; complete ones have a blob."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="uploads")
    filename = models.CharField(max_length=255, blank=True)
    length = models.BigIntegerField(help_text="bytes, declared when it was created")
    offset = models.BigIntegerField(default=0, help_text="bytes safely on disk")
    blob = models.ForeignKey(Blob, null=True, blank=True, on_delete=models.PROTECT, related_name="uploads")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(offset__gte=0) & models.Q(offset__lte=models.F("length")),
                name="upload_offset_within_length",
            )
        ]

    def __str__(self) -> str:
        return f"{self.filename} {self.offset}/{self.length}"

    @property
    def is_complete(self) -> bool:
        return self.blob_id is not None
