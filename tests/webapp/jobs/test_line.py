"""Who is next, and what people are told while they wait."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from webapp.jobs.models import Attempt, Job
from webapp.jobs.presence import worker_gone, worker_seen
from webapp.jobs.selectors import job_expected_s, job_position, queue_state
from webapp.jobs.services import job_finish_failed, job_progress
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.submissions.sentences import status_sentence

pytestmark = pytest.mark.django_db


def fresh(submission: Submission) -> Submission:
    return Submission.objects.select_related("job").get(pk=submission.pk)


def one_worker() -> None:
    worker_seen(name="worker@test", queues="evaluate", slots=1)


def took(submission: Submission, seconds: float) -> None:
    """Make the finished attempt of a submission one that took so long."""
    finished = timezone.now()
    started = finished - timedelta(seconds=seconds)
    Attempt.objects.filter(job__submission=submission).update(started_at=started, finished_at=finished)


def test_jobs_of_one_author_run_in_the_order_they_came() -> None:
    author = make_user()
    submissions = [make_submission(author) for _ in range(3)]
    assert [claim().submission_id for _ in range(3)] == [s.id for s in submissions]


def test_a_newcomer_waits_for_one_job_of_a_busy_author_and_not_for_all() -> None:
    busy = [make_submission(author) for author in [make_user()] * 4]
    assert claim().submission_id == busy[0].id
    newcomer = make_submission()
    assert job_position(newcomer.job) == 1
    assert [job_position(s.job) for s in busy] == [None, 2, 3, 4]
    assert claim().submission_id == newcomer.id
    assert claim().submission_id == busy[1].id


def test_authors_with_several_jobs_take_turns() -> None:
    alice, bob = make_user("alice"), make_user("bob")
    for author in (alice, alice, alice, bob, bob):
        make_submission(author)
    order = [Submission.objects.get(pk=claim().submission_id).author for _ in range(5)]
    assert order == [alice, bob, alice, bob, alice]


def test_position_foretells_the_order_of_claims() -> None:
    alice, bob = make_user("alice"), make_user("bob")
    rows = [make_submission(author) for author in (bob, alice, alice, bob, alice)]
    foretold = sorted(rows, key=lambda row: job_position(row.job) or 0)
    assert [claim().submission_id for _ in rows] == [row.id for row in foretold]


def test_queue_state_counts_workers_by_the_jobs_they_run_at_once() -> None:
    worker_seen(name="a", queues="evaluate", slots=3)
    worker_seen(name="b", queues="evaluate", slots=1)
    worker_seen(name="c", queues="housekeeping", slots=1)
    make_submission()
    make_submission()
    claim()
    state = queue_state()
    assert (state.workers_alive, state.queued, state.running) == (4, 1, 1)
    assert state.oldest_wait_s == pytest.approx(0, abs=5)
    worker_gone(name="a")
    assert queue_state().workers_alive == 1


def test_a_worker_not_heard_of_for_three_heartbeats_is_not_counted() -> None:
    one_worker()
    assert queue_state().workers_alive == 1
    from webapp.jobs.models import WorkerNode

    silent = timezone.now() - timedelta(seconds=3 * settings.JOB_HEARTBEAT_S + 1)
    WorkerNode.objects.update(seen_at=silent)
    assert queue_state().workers_alive == 0


def test_the_time_expected_comes_from_the_history_of_the_split() -> None:
    one_worker()
    split = make_split()
    for seconds in (10, 20, 90):
        done = make_submission(split=split)
        evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
        took(done, seconds)
    first, second = make_submission(split=split), make_submission(split=split)
    assert job_expected_s(first.job) == pytest.approx(20)
    assert job_expected_s(second.job) == pytest.approx(40)
    assert status_sentence(fresh(first)) == "Queued, next in line, about 20 s"
    assert status_sentence(fresh(second)) == "Queued, 2nd in line, about 40 s"


def test_without_history_no_time_is_promised() -> None:
    one_worker()
    assert status_sentence(fresh(make_submission())) == "Queued, next in line"


def test_without_a_worker_the_sentence_says_so() -> None:
    assert status_sentence(fresh(make_submission())) == (
        "Queued, next in line, waiting for a worker to start"
    )


def test_a_running_job_tells_its_video_and_the_time_left() -> None:
    submission = make_submission()
    token = claim().token
    assert status_sentence(fresh(submission)) == "Evaluating, reading the files"
    job_progress(token=token, done=56, total=140)
    started = timezone.now() - timedelta(seconds=28)
    Job.objects.update(started_at=started)
    assert status_sentence(fresh(submission)) == "Evaluating video 57 of 140, about 42 s left"
    job_progress(token=token, done=140, total=140)
    assert (
        status_sentence(fresh(submission)) == "Every video is evaluated, resampling them for 95 % intervals"
    )


def test_a_job_tried_again_says_which_try_it_waits_for() -> None:
    one_worker()
    submission = make_submission()
    job_finish_failed(token=claim().token, code="internal-error")
    assert status_sentence(fresh(submission)) == "Queued again, attempt 2 of 3, next in line"


def test_the_end_is_told_in_one_sentence() -> None:
    scored, rejected, failed = (make_submission() for _ in range(3))
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    problems = [
        {"code": "score-nan", "severity": "error", "count": 1},
        {"code": "score-nan", "severity": "error", "count": 4},
        {"code": "category-unknown", "severity": "warning", "count": 7},
    ]
    evaluation_finish_rejected(token=claim().token, problems=problems)
    job_finish_failed(token=claim().token, code="ground-truth-unusable", detail="annotation 7: no occlusion")
    assert status_sentence(fresh(scored)) == "Scored"
    assert status_sentence(fresh(rejected)) == "Rejected: 5 problems"
    assert status_sentence(fresh(failed)) == (
        "Failed on our side: the ground truth of this split cannot be used. Your file is not the cause; "
        "the organisers have to fix it."
    )
