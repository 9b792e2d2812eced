"""Stored files by their content."""

from django.db import models
from django.utils import timezone


class Blob(models.Model):
    """A file stored once, under its SHA-256. Never changed; the bytes live in the default storage."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    saved_at = models.DateTimeField(
        default=timezone.now, db_index=True, help_text="last time that somebody stored this content"
    )

    class Meta:
        app_label = "uploads"  # whose table it has been from the start

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.size} bytes)"

    @property
    def key(self) -> str:
        """Name in the storage."""
        return f"{self.sha256[:2]}/{self.sha256}"
