"""Holding a job: heartbeats, progress, hearing of its loss, and a database that goes away."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.support.factories import claim, make_report, make_submission
from webapp.jobs.models import Attempt, Job
from webapp.jobs.services import job_cancel
from webapp.jobs.sweep import jobs_sweep
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from worker.lease import STOPPING, Lease, LeaseLost, WorkerStopping, store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stopping() -> Iterator[None]:
    """A worker that has been told to stop."""
    STOPPING.value = 1
    yield
    STOPPING.value = 0


def eventually(is_so: Callable[[], Any], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def is_lost(lease: Lease) -> bool:
    try:
        lease.progress(2, 100)
    except LeaseLost:
        return True
    return False


def cut_connections() -> None:
    """Have PostgreSQL close every connection to this database, ours among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


def test_the_lease_is_renewed_while_the_work_goes_on(settings: Any) -> None:
    settings.JOB_HEARTBEAT_S = 1
    make_submission()
    token = claim().token
    before = Attempt.objects.get(token=token)
    with Lease(token):
        assert eventually(lambda: Attempt.objects.get(token=token).heartbeat_at > before.heartbeat_at)
    after = Attempt.objects.get(token=token)
    assert after.lease_expires_at > before.lease_expires_at


def test_progress_reaches_the_database_within_a_second() -> None:
    make_submission()
    with Lease(claim().token) as lease:
        lease.progress(57, 140)
        assert eventually(lambda: Job.objects.get().progress_done == 57, seconds=2)


def test_ten_thousand_calls_of_progress_cost_next_to_nothing() -> None:
    make_submission()
    with Lease(claim().token) as lease:
        begin = time.perf_counter()
        for done in range(10_000):
            lease.progress(done, 10_000)
        assert time.perf_counter() - begin < 0.5


def test_work_that_was_withdrawn_is_interrupted_within_two_seconds() -> None:
    submission = make_submission()
    with Lease(claim().token) as lease:
        lease.progress(1, 100)
        job_cancel(job=submission.job, actor=None)
        assert eventually(lambda: is_lost(lease), seconds=2)


def test_reading_a_large_file_is_interrupted_too_when_its_submission_is_withdrawn() -> None:
    submission = make_submission()
    begin = time.monotonic()
    with Lease(claim().token) as lease:
        job_cancel(job=submission.job, actor=None)
        with pytest.raises(LeaseLost), lease.interruptible():
            time.sleep(10)  # calls no progress
    assert time.monotonic() - begin < 3


def test_what_follows_the_work_is_not_interrupted() -> None:
    submission = make_submission()
    with Lease(claim().token) as lease:
        with lease.interruptible():
            pass
        job_cancel(job=submission.job, actor=None)
        time.sleep(1.5)
        assert is_lost(lease)


def test_a_worker_told_to_stop_leaves_its_work_at_once(stopping: None) -> None:
    make_submission()
    with Lease(claim().token) as lease, pytest.raises(WorkerStopping), lease.interruptible():
        time.sleep(10)


def test_the_lease_outlives_its_connection(settings: Any) -> None:
    settings.JOB_HEARTBEAT_S = 1
    make_submission()
    token = claim().token
    with Lease(token) as lease:
        lease.progress(1, 100)
        assert eventually(lambda: Job.objects.get().progress_done == 1)
        cut_connections()
        cut_at = timezone.now()
        assert eventually(lambda: Attempt.objects.get(token=token).heartbeat_at > cut_at)
        lease.progress(2, 100)


def test_a_result_is_stored_though_the_connection_was_cut() -> None:
    submission = make_submission()
    token = claim().token
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [own])
    other.close()
    assert store(partial(evaluation_finish_scored, token=token, outcome=Outcome(make_report())))
    assert Submission.objects.get(pk=submission.pk).status == "scored"


def test_a_result_that_comes_after_the_lease_was_taken_away_is_dropped() -> None:
    submission = make_submission()
    token = claim().token
    Attempt.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    jobs_sweep()
    assert not store(partial(evaluation_finish_scored, token=token, outcome=Outcome(make_report())))
    assert Submission.objects.get(pk=submission.pk).status == "queued"
