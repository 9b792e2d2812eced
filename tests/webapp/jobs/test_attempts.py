"""What becomes of a job: claimed, finished, tried again, taken away."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests.support.factories import claim, make_report, make_submission, make_user
from webapp.accounts.audit import AuditEvent
from webapp.jobs.failures import FAILURES
from webapp.jobs.models import Attempt, Job
from webapp.jobs.services import (
    job_cancel,
    job_claim,
    job_finish_failed,
    job_heartbeat,
    job_progress,
    job_release,
    job_retry,
)
from webapp.jobs.sweep import jobs_sweep
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome, result_read

pytestmark = pytest.mark.django_db
Status = Submission.Status


def expire(token: object) -> None:
    """Let the lease of an attempt run out."""
    past = timezone.now() - timedelta(seconds=1)
    Attempt.objects.filter(token=token).update(lease_expires_at=past)


def reload(submission: Submission) -> Submission:
    return Submission.objects.select_related("job", "result").get(pk=submission.pk)


def test_a_claim_starts_an_attempt_with_a_lease() -> None:
    submission = make_submission()
    before = timezone.now()
    taken = claim(worker="celery@gpu1")
    attempt = submission.job.attempts.get()
    assert taken.token == attempt.token
    assert (attempt.number, attempt.worker, attempt.outcome) == (1, "celery@gpu1", "running")
    lease_s = (attempt.lease_expires_at - before).total_seconds()
    assert lease_s == pytest.approx(settings.JOB_LEASE_S, abs=2)
    assert reload(submission).status == Status.RUNNING


def test_a_claimed_job_is_not_given_to_a_second_worker() -> None:
    make_submission()
    claim()
    assert job_claim(kind=Job.Kind.EVALUATE, worker="second") is None


def test_a_score_is_stored_with_its_report_in_one_go() -> None:
    submission = make_submission()
    report = make_report(AP=0.25, AP_ho=None)
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(report))
    submission = reload(submission)
    assert submission.status == Status.SCORED
    assert dict(submission.scores.values_list("metric", "value")) == {"AP": 0.25, "AP_ho": None}
    assert (submission.digest, submission.evaluator) == (report["digest"], report["evaluator"])
    assert submission.ground_truth == submission.split.ground_truth
    assert result_read(submission) == report
    assert submission.job.status == Job.Status.SUCCEEDED
    assert submission.finished_at is not None


def test_a_result_is_dropped_when_the_lease_was_lost_to_another_worker() -> None:
    submission = make_submission()
    slow = claim(worker="slow")
    expire(slow.token)
    jobs_sweep()
    fast = claim(worker="fast")
    assert evaluation_finish_scored(token=fast.token, outcome=Outcome(make_report(AP=0.5)))
    assert not evaluation_finish_scored(token=slow.token, outcome=Outcome(make_report(AP=0.1)))
    assert submission.scores.get().value == 0.5
    assert [a.outcome for a in submission.job.attempts.all()] == ["lost", "succeeded"]


def test_storing_a_result_twice_changes_nothing_the_second_time() -> None:
    submission = make_submission()
    token = claim().token
    assert evaluation_finish_scored(token=token, outcome=Outcome(make_report(AP=0.5)))
    assert not evaluation_finish_scored(token=token, outcome=Outcome(make_report(AP=0.5)))
    assert submission.scores.count() == 1


def test_an_expired_lease_that_nobody_swept_can_still_be_renewed() -> None:
    make_submission()
    token = claim().token
    expire(token)
    assert job_heartbeat(token=token)
    assert jobs_sweep().leases_expired == 0


def test_a_heartbeat_after_the_sweep_tells_that_the_lease_is_lost() -> None:
    make_submission()
    token = claim().token
    expire(token)
    assert jobs_sweep().leases_expired == 1
    assert not job_heartbeat(token=token)
    assert not job_progress(token=token, done=1, total=2)


def test_progress_is_kept_on_the_job() -> None:
    submission = make_submission()
    assert job_progress(token=claim().token, done=3, total=140)
    job = reload(submission).job
    assert (job.progress_done, job.progress_total) == (3, 140)


def test_a_job_whose_worker_is_lost_three_times_fails_honestly() -> None:
    submission = make_submission()
    for _ in range(settings.JOB_MAX_ATTEMPTS):
        expire(claim().token)
        jobs_sweep()
    submission = reload(submission)
    assert submission.status == Status.FAILED
    assert submission.job.failure_code == "worker-lost"
    assert submission.job.failure_message == FAILURES["worker-lost"].message
    assert submission.job.attempts.count() == settings.JOB_MAX_ATTEMPTS


def test_a_worker_killed_at_the_time_limit_is_not_given_the_job_again() -> None:
    submission = make_submission()
    token = claim().token
    long_ago = timezone.now() - timedelta(seconds=settings.JOB_TIME_LIMIT_S + 60)
    Attempt.objects.filter(token=token).update(started_at=long_ago)
    expire(token)
    jobs_sweep()
    submission = reload(submission)
    assert (submission.status, submission.job.failure_code) == (Status.FAILED, "time-limit")


@pytest.mark.parametrize("code", [code for code, spec in FAILURES.items() if not spec.is_retried])
def test_what_would_fail_again_fails_at_once(code: str) -> None:
    submission = make_submission()
    assert job_finish_failed(token=claim().token, code=code, detail="secret detail")
    submission = reload(submission)
    assert (submission.status, submission.job.failure_code) == (Status.FAILED, code)
    assert "secret" not in submission.job.failure_message
    assert submission.job.attempts.get().detail == "secret detail"


@pytest.mark.parametrize("code", ["internal-error", "disk-full"])
def test_an_error_of_ours_is_tried_again_after_a_pause(code: str) -> None:
    submission = make_submission()
    job_finish_failed(token=claim().token, code=code)
    assert reload(submission).status == Status.QUEUED
    assert job_claim(kind=Job.Kind.EVALUATE, worker="eager") is None
    Job.objects.update(not_before=timezone.now())
    assert claim().submission_id == submission.id


def test_a_rejected_file_keeps_all_its_problems() -> None:
    submission = make_submission()
    problems = [{"code": "score-missing", "severity": "error", "count": 1}]
    assert evaluation_finish_rejected(token=claim().token, problems=problems)
    submission = reload(submission)
    assert (submission.status, submission.problems) == (Status.REJECTED, problems)
    assert submission.job.status == Job.Status.SUCCEEDED


def test_a_released_job_is_queued_again_and_has_lost_no_try() -> None:
    submission = make_submission()
    for _ in range(settings.JOB_MAX_ATTEMPTS + 1):
        assert job_release(token=claim().token)
    submission = reload(submission)
    assert (submission.status, submission.job.attempts_made) == (Status.QUEUED, 0)
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))


def test_withdrawing_takes_the_lease_from_the_worker() -> None:
    author = make_user()
    submission = make_submission(author)
    token = claim().token
    assert job_cancel(job=submission.job, actor=author)
    assert not evaluation_finish_scored(token=token, outcome=Outcome(make_report()))
    submission = reload(submission)
    assert (submission.status, submission.job.status) == (Status.WITHDRAWN, Job.Status.CANCELLED)
    assert submission.job.attempts.get().outcome == "cancelled"


def test_a_scored_submission_cannot_be_withdrawn() -> None:
    submission = make_submission()
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    assert not job_cancel(job=submission.job, actor=submission.author)
    assert reload(submission).status == Status.SCORED


def test_a_failed_job_gets_all_its_tries_again() -> None:
    staff = make_user(is_staff=True)
    submission = make_submission()
    job_finish_failed(token=claim().token, code="time-limit")
    assert job_retry(job=submission.job, actor=staff)
    submission = reload(submission)
    assert (submission.status, submission.job.attempts_made) == (Status.QUEUED, 0)
    assert submission.finished_at is None
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    assert [a.number for a in submission.job.attempts.all()] == [1, 2]


def test_every_change_of_status_is_in_the_audit_trail() -> None:
    submission = make_submission()
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    events = AuditEvent.objects.filter(subject=f"submission:{submission.id}").order_by("at")
    actions = ["received", "queued", "running", "scored"]
    assert [event.action for event in events] == [f"submission.{action}" for action in actions]
    assert [event.actor for event in events] == [submission.author, submission.author, None, None]


@pytest.mark.django_db(transaction=True)
def test_many_workers_rung_at_once_make_one_attempt() -> None:
    submission = make_submission()
    start, taken = Barrier(4), []

    def work(name: str) -> None:
        start.wait()
        try:
            taken.append(job_claim(kind=Job.Kind.EVALUATE, worker=name))
        finally:
            connection.close()

    workers = [Thread(target=work, args=(f"worker{n}",)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(one is not None for one in taken) == 1
    assert submission.job.attempts.count() == 1
