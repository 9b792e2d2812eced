"""Which workers are there, so that pages can tell."""

from django.db.models.functions import Now

from webapp.jobs.models import WorkerNode


def worker_seen(*, name: str, queues: str, slots: int) -> None:
    """A worker is alive, listens to `queues` (comma-separated) and runs up to `slots` jobs at a time."""
    WorkerNode.objects.update_or_create(
        name=name, defaults={"queues": queues, "info": {"slots": slots}, "seen_at": Now()}
    )


def worker_gone(*, name: str) -> None:
    """A worker stopped in good order."""
    WorkerNode.objects.filter(name=name).delete()
