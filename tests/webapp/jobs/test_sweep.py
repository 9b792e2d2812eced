"""The sweeper: doorbells that were lost, workers long gone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.support.factories import claim, make_submission
from webapp.jobs.models import Job, WorkerNode
from webapp.jobs.presence import worker_seen
from webapp.jobs.queue import producer
from webapp.jobs.services import job_finish_failed
from webapp.jobs.sweep import jobs_sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def bell() -> Iterator[Any]:
    """Counts the doorbells that are in the broker."""
    with producer.connection_for_read() as broker:
        channel = broker.default_channel
        channel.queue_purge("evaluate")
        yield lambda: channel.client.llen("evaluate")
        channel.queue_purge("evaluate")


def ring_long_ago() -> None:
    Job.objects.update(rung_at=timezone.now() - timedelta(minutes=1))


def test_a_job_whose_doorbell_was_lost_is_rung_again(
    bell: Any, django_capture_on_commit_callbacks: Any
) -> None:
    make_submission()
    ring_long_ago()
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs_sweep().doorbells_rung == 1
    assert bell() == 1
    assert jobs_sweep().doorbells_rung == 0


def test_however_many_wait_each_worker_is_rung_once() -> None:
    worker_seen(name="w", queues="evaluate", slots=2)
    for _ in range(5):
        make_submission()
    ring_long_ago()
    assert jobs_sweep().doorbells_rung == 2


def test_running_jobs_are_not_rung_for() -> None:
    make_submission()
    claim()
    ring_long_ago()
    assert jobs_sweep().doorbells_rung == 0


def test_a_job_that_pauses_after_an_error_is_rung_when_its_time_has_come() -> None:
    make_submission()
    job_finish_failed(token=claim().token, code="internal-error")
    assert jobs_sweep().doorbells_rung == 0
    Job.objects.update(not_before=timezone.now())
    assert jobs_sweep().doorbells_rung == 1


def test_workers_not_heard_of_for_a_day_are_forgotten() -> None:
    worker_seen(name="old", queues="evaluate", slots=1)
    WorkerNode.objects.update(seen_at=timezone.now() - timedelta(days=2))
    worker_seen(name="new", queues="evaluate", slots=1)
    jobs_sweep()
    assert [node.name for node in WorkerNode.objects.all()] == ["new"]
