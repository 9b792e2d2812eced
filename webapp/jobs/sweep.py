"""The sweeper: what was lost is found again. Run every JOB_SWEEP_S by any number of workers at once."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from webapp.jobs import queue
from webapp.jobs.models import Attempt, Job, WorkerNode
from webapp.jobs.selectors import jobs_due, workers_alive
from webapp.jobs.services import attempt_expire

# An idle worker takes a job within a second; a doorbell this old was lost or rang while all were busy.
DOORBELL_S = 10
# How long a worker that is gone can still be looked up by operators.
NODE_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Counts of one sweep."""

    leases_expired: int
    doorbells_rung: int


def jobs_sweep() -> Sweep:
    """Take jobs from silent workers, ring for jobs that nobody took, forget workers long gone."""
    expired = Attempt.objects.filter(outcome=Attempt.Outcome.RUNNING, lease_expires_at__lt=Now())
    found = sum(attempt_expire(attempt_id=pk) for pk in expired.values_list("pk", flat=True))
    rung = sum(_ring_again(kind) for kind in Job.Kind)
    WorkerNode.objects.filter(seen_at__lt=Now() - NODE_KEPT).delete()
    return Sweep(leases_expired=found, doorbells_rung=rung)


@transaction.atomic
def _ring_again(kind: Job.Kind) -> int:
    """Ring once a worker: each goes on with the next job until none is left."""
    quiet = Q(rung_at=None) | Q(rung_at__lt=Now() - timedelta(seconds=DOORBELL_S))
    waiting = list(jobs_due(kind).filter(quiet).values_list("pk", flat=True))
    Job.objects.filter(pk__in=waiting).update(rung_at=Now())
    count = min(len(waiting), max(1, workers_alive(kind)))
    for _ in range(count):
        queue.ring(kind)
    return count
