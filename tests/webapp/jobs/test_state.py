"""The state of the server, on its page and in the API."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.support.factories import claim, make_submission, make_user
from webapp.jobs.models import Attempt, Job
from webapp.jobs.presence import worker_seen
from webapp.jobs.services import attempt_expire, job_finish_failed
from webapp.jobs.state import Line, server_state

pytestmark = pytest.mark.django_db


def line(kind: Job.Kind = Job.Kind.EVALUATE) -> Line:
    return next(one for one in server_state(with_hosts=False).lines if one.kind == kind)


def fail(code: str) -> None:
    make_submission()
    assert job_finish_failed(token=claim().token, code=code, detail="/secret/place of the ground truth")


def test_a_quiet_server_is_well() -> None:
    state = server_state(with_hosts=False)
    assert (state.is_well, state.workers, state.failures, state.tries_lost) == (True, (), (), 0)
    assert (line().queued, line().mean_wait_s, line().mean_run_s) == (0, None, None)


def test_something_that_waits_without_a_worker_is_not_well() -> None:
    make_submission()
    assert line().is_stuck
    assert not server_state(with_hosts=False).is_well
    worker_seen(name="worker@secret-host", queues="evaluate", slots=2)
    assert not line().is_stuck
    assert (line().queued, line().at_once) == (1, 2)
    assert not line(Job.Kind.RUN).is_stuck


def test_means_are_those_of_the_last_day() -> None:
    now = timezone.now()
    for ago in (timedelta(hours=1), timedelta(days=2)):
        submission = make_submission()
        claim()
        started = now - ago
        Job.objects.filter(submission=submission).update(created_at=started - timedelta(seconds=20))
        Attempt.objects.filter(job__submission=submission).update(
            outcome=Attempt.Outcome.SUCCEEDED, started_at=started, finished_at=started + timedelta(seconds=10)
        )
    assert (line().done_lately, line().mean_wait_s, line().mean_run_s) == (1, 20, 10)


def test_failures_are_counted_by_reason_and_say_nothing_else() -> None:
    fail("out-of-memory")
    fail("out-of-memory")
    fail("ground-truth-unusable")
    found = {failure.code: failure.count for failure in server_state(with_hosts=False).failures}
    assert found == {"out-of-memory": 2, "ground-truth-unusable": 1}
    page = Client().get("/status/").content.decode()
    assert "needed more memory" in page
    assert "secret" not in page
    Job.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert server_state(with_hosts=False).failures == ()


def test_a_try_that_was_lost_with_its_worker_is_told() -> None:
    make_submission()
    claim()
    attempt = Attempt.objects.get()
    Attempt.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    attempt_expire(attempt_id=attempt.pk)
    assert server_state(with_hosts=False).tries_lost == 1


def test_the_names_of_machines_are_for_staff_alone() -> None:
    worker_seen(name="worker@secret-host", queues="evaluate", slots=1)
    staff = Client()
    staff.force_login(make_user(is_staff=True))
    assert "secret-host" in staff.get("/status/").content.decode()
    assert "secret-host" not in Client().get("/status/").content.decode()
    assert "secret-host" not in Client().get("/api/v1/status").content.decode()


def test_the_api_tells_the_same() -> None:
    fail("time-limit")
    answer = Client().get("/api/v1/status").json()
    assert answer["is_well"] is True
    assert [one["kind"] for one in answer["lines"]] == [
        "evaluate",
        "run",
        "check",
        "reevaluate",
        "analyse",
        "play",
    ]
    assert [(one["code"], one["count"]) for one in answer["failures"]] == [("time-limit", 1)]
