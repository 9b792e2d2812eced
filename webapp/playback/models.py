"""Which masks can be looked at: the stores that a browser reads window by window."""

import re
import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:  # jobs refer to stores
    from webapp.jobs.models import Job

DIGEST = re.compile("[0-9a-f]{64}")


class MaskStore(models.Model):
    """A file made by a job from a submission's predictions, or from a ground truth (`evaluator.playback`).

    Masks do not depend on how they are scored, so they are kept whatever evaluator made them. What happens to
    objects does: events by another evaluator than today's are made again, as is everything of a former form.

    The file may be gone (`webapp.playback.files`). Whoever looks then has it made again.
    """

    class Kind(models.TextChoices):
        MASKS = "masks", "masks"
        EVENTS = "events", "what happens to each object"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    split = models.ForeignKey("benchmarks.Split", on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(
        "uploads.Blob", on_delete=models.CASCADE, related_name="+", help_text="predictions, or a ground truth"
    )
    ground_truth = models.ForeignKey(
        "uploads.Blob",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="against which predictions were measured; empty: the source is a ground truth itself",
    )
    requested_by = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="in whose turn it is made: who looked first, else the author",
    )
    evaluator = models.CharField(max_length=20, blank=True, help_text="version that made it")
    form = models.PositiveSmallIntegerField(default=1, help_text="of the file, `evaluator.version.STORES`")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file, and its name")
    index = models.JSONField(null=True, help_text="`evaluator.playback.store.StoreIndex` as JSON")
    size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    job: "Job"

    class Meta:
        indexes = [models.Index(fields=["digest"])]
        constraints = [
            models.UniqueConstraint(
                fields=["split", "source", "ground_truth", "kind"],
                name="mask_store_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(kind="masks") | models.Q(ground_truth__isnull=False),
                name="mask_store_of_events_has_ground_truth",
            ),
            models.CheckConstraint(
                condition=models.Q(finished_at__isnull=True, digest="", index__isnull=True)
                | (~models.Q(digest="") & models.Q(finished_at__isnull=False, index__isnull=False)),
                name="mask_store_is_finished_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.source_id[:12]}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    def offsets(self, video_id: int) -> tuple[int, ...]:
        """Return where the pieces of a video lie in the file; empty where it has none."""
        return tuple((self.index or {"videos": {}})["videos"].get(str(video_id), ()))
