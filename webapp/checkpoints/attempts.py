"""The interface of workers that check checkpoints; the job's side is `webapp.jobs.services`."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp.accounts.audit import audit
from webapp.blobs.models import Blob
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import Job
from webapp.jobs.services import job_claim, job_succeed


@dataclass(frozen=True, slots=True)
class Check:
    """A claimed job. `token` proves its lease; whoever lost it stores nothing."""

    token: UUID
    job_id: UUID
    source: Blob
    filename: str


@transaction.atomic
def check_claim(*, worker: str) -> Check | None:
    """Take the checkpoint that is next in line; None where there is nothing to do."""
    claim = job_claim(kind=Job.Kind.CHECK, worker=worker)
    if claim is None:
        return None
    checkpoint = Checkpoint.objects.select_related("source").get(pk=claim.job.subject_id)
    return Check(claim.token, claim.job.id, checkpoint.source, checkpoint.filename)


def check_finish_ready(*, token: UUID, weights: Blob, configurations: list[str], parameters: int) -> bool:
    """Store what is to be run. False where the lease is lost."""
    found = {"weights": weights, "configurations": configurations, "parameters": parameters}
    return job_succeed(token=token, write=partial(_store, action="ready", found=found))


def check_finish_refused(*, token: UUID, problems: list[dict[str, Any]]) -> bool:
    """Store why a file cannot be run. False where the lease is lost."""
    return job_succeed(token=token, write=partial(_store, action="refused", found={"problems": problems}))


def _store(job: Job, *, action: str, found: dict[str, Any]) -> None:
    Checkpoint.objects.filter(pk=job.subject_id).update(**found)
    audit(f"checkpoint.{action}", f"checkpoint:{job.subject_id}", actor=None)
