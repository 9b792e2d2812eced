"""Long work that cannot be lost: jobs, their attempts, and the audit trail.

PostgreSQL is the truth and the broker only a doorbell: a job is created in the transaction of what it
works for, claimed under a row lock as a new attempt with a lease, and swept when the lease runs out.
"""

import uuid
from dataclasses import dataclass

from django.db import models
from django.utils import timezone

from webapp.accounts.audit import AuditEvent as AuditEvent


@dataclass(frozen=True, slots=True)
class Forecast:
    """The queue as an unfinished job sees it at one moment; see `webapp.jobs.selectors.jobs_foresee`.

    Attributes:
        position: in the queue, 1 = next; None where the job is not queued.
        usual_s: median seconds of the latest jobs like this one; None where there are none.
        running: jobs of its kind that run.
        workers_alive: jobs of its kind that can run at the same time.
    """

    position: int | None
    usual_s: float | None
    running: int
    workers_alive: int


SUBJECTS = {
    "evaluate": "submission",
    "run": "run",
    "check": "checkpoint",
    "reevaluate": "reevaluation",
    "analyse": "analysis",
    "play": "mask_store",
}
"""What a job of each kind works for: the name of its field."""


def _works_for_one_thing() -> models.Q:
    condition = models.Q()
    for kind, field in SUBJECTS.items():
        others = dict.fromkeys((one for one in SUBJECTS.values() if one != field), None)
        condition |= models.Q(kind=kind, **{f"{field}__isnull": False}) & models.Q(**others)
    return condition


class Job(models.Model):
    """One piece of long work, for exactly one thing. `status` is written by `webapp.jobs.services` alone."""

    class Kind(models.TextChoices):
        EVALUATE = "evaluate", "score a submission"
        RUN = "run", "run the reference model"
        CHECK = "check", "check a checkpoint"
        REEVALUATE = "reevaluate", "score a submission again"
        ANALYSE = "analyse", "analyse a scored submission"
        PLAY = "play", "prepare masks for viewing"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    # Not in the database: for a list, asked once for all of its jobs.
    forecast: Forecast | None = None

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    submission = models.OneToOneField(
        "submissions.Submission", null=True, blank=True, on_delete=models.CASCADE, related_name="job"
    )
    run = models.OneToOneField(
        "runs.Run", null=True, blank=True, on_delete=models.CASCADE, related_name="job"
    )
    checkpoint = models.OneToOneField(
        "checkpoints.Checkpoint", null=True, blank=True, on_delete=models.CASCADE, related_name="job"
    )
    reevaluation = models.OneToOneField(
        "errata.Reevaluation", null=True, blank=True, on_delete=models.CASCADE, related_name="job"
    )
    analysis = models.OneToOneField(
        "analyses.Analysis", null=True, blank=True, on_delete=models.CASCADE, related_name="job"
    )
    mask_store = models.OneToOneField(
        "playback.MaskStore", null=True, blank=True, on_delete=models.CASCADE, related_name="job"
    )
    stage = models.CharField(max_length=40, blank=True, help_text="what it does now, in words")
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0, help_text="0: not known yet")
    attempts_made = models.PositiveSmallIntegerField(
        default=0, help_text="that count: not those a stopped worker gave back"
    )
    not_before = models.DateTimeField(null=True, blank=True, help_text="waits until then after an error")
    failure_code = models.CharField(max_length=40, blank=True)
    failure_message = models.TextField(
        blank=True, help_text="said to people; the traceback is in the attempt"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, help_text="of the latest attempt")
    finished_at = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True, help_text="when its doorbell was last sent")

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["status", "kind", "created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=_works_for_one_thing(),
                name="job_works_for_what_its_kind_says",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.status})"

    @property
    def subject(self) -> models.Model | None:
        """Return the object that the job works for."""
        found: models.Model | None = getattr(self, SUBJECTS[self.kind])
        return found

    @property
    def subject_id(self) -> uuid.UUID:
        found: uuid.UUID | None = getattr(self, f"{SUBJECTS[self.kind]}_id")
        if found is None:
            raise ValueError(f"Expected job {self.id} to work for something, but it does for nothing")
        return found


class Attempt(models.Model):
    """One try at a job, by one worker, for as long as its lease is renewed."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "running"
        SUCCEEDED = "succeeded", "succeeded"
        LOST = "lost", "its worker went silent"
        ERROR = "error", "it raised an error"
        CANCELLED = "cancelled", "cancelled"
        RELEASED = "released", "its worker was stopped and gave it back"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="proof of the lease")
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    lease_expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    detail = models.TextField(blank=True, help_text="traceback or reason, for operators only")

    class Meta:
        ordering = ["job", "number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="attempt_number_unique"),
            models.UniqueConstraint(
                fields=["job"], condition=models.Q(outcome="running"), name="attempt_one_running_per_job"
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.job_id} ({self.outcome})"


class WorkerNode(models.Model):
    """A worker process that has been heard of; alive while `seen_at` is recent. Pages count them."""

    name = models.CharField(max_length=200, unique=True)
    queues = models.CharField(max_length=200)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    info = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name
