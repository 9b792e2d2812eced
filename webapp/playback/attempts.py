"""The interface of workers that make stores; the job's side is `webapp.jobs.services`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from evaluator.version import STORES
from webapp.blobs.models import Blob
from webapp.jobs.models import Job
from webapp.jobs.services import job_claim, job_succeed
from webapp.playback.models import MaskStore
from webapp.submissions.models import Submission


@dataclass(frozen=True, slots=True)
class Making:
    """A claimed job. `token` proves its lease; whoever lost it stores nothing."""

    token: UUID
    job_id: UUID
    kind: MaskStore.Kind
    evaluator: str
    """Key of the benchmark in `evaluator.catalog`."""
    ground_truth: Blob
    predictions: Blob | None
    """None: the masks of the ground truth itself."""
    filename: str


@transaction.atomic
def mask_store_claim(*, worker: str) -> Making | None:
    """Take the store that is next in line; None where there is nothing to do."""
    claim = job_claim(kind=Job.Kind.PLAY, worker=worker)
    if claim is None:
        return None
    rows = MaskStore.objects.select_related("split__benchmark", "source", "ground_truth")
    store = rows.get(pk=claim.job.subject_id)
    is_of_truth = store.ground_truth is None
    named = Submission.objects.filter(blob=store.source, split=store.split).first()
    return Making(
        token=claim.token,
        job_id=claim.job.id,
        kind=MaskStore.Kind(store.kind),
        evaluator=store.split.benchmark.evaluator,
        ground_truth=store.ground_truth or store.source,
        predictions=None if is_of_truth else store.source,
        filename=named.filename if named and not is_of_truth else "",
    )


def mask_store_finish(*, token: UUID, evaluator: str, digest: str, size: int, index: dict[str, Any]) -> bool:
    """Say that a store is made. False where the lease is lost.

    Args:
        token: proof of the lease.
        evaluator: version that made it.
        digest: of its file, which is in place (`webapp.playback.files.keep`).
        size: in bytes.
        index: `evaluator.playback.store.StoreIndex` as JSON.
    """

    def write(job: Job) -> None:
        MaskStore.objects.filter(pk=job.subject_id).update(
            evaluator=evaluator,
            form=STORES,
            digest=digest,
            index=index,
            size=size,
            finished_at=job.finished_at,
        )

    return job_succeed(token=token, write=write)
