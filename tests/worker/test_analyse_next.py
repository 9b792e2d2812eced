"""The analyse task, called as a worker calls it, on real files: what the evaluator finds, behind scoring."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluator import analyse
from tests.support.factories import make_blob, make_split, make_submission
from tests.support.slow_benchmark import write_slow_benchmark
from webapp.blobs.storage import blob_save_copy
from webapp.jobs.models import Attempt, Job
from webapp.jobs.queue import producer
from webapp.submissions.analyses.models import Analysis
from webapp.submissions.analyses.services import REQUEST_TASK
from webapp.submissions.models import Submission
from worker import tasks_analysis
from worker.housekeeping import request_analyses
from worker.tasks import evaluate_next
from worker.tasks_analysis import analyse_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_slow_benchmark(tmp_path, videos=3, tracklets=4)


@pytest.fixture
def submission(files: tuple[Path, Path]) -> Submission:
    split = make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(files[0]))
    made = make_submission(split=split, blob=blob_save_copy(files[1]))
    evaluate_next.apply(throw=True)
    return Submission.objects.get(pk=made.pk)


def waiting_job() -> Job:
    request_analyses.apply(throw=True)
    return Job.objects.get(kind=Job.Kind.ANALYSE)


def test_a_score_rings_the_housekeeper_who_rings_a_worker(files: tuple[Path, Path]) -> None:
    split = make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(files[0]))
    make_submission(split=split, blob=blob_save_copy(files[1]))
    with producer.connection_for_read() as broker:
        queues: Any = broker.default_channel.client
        broker.default_channel.queue_purge("housekeeping")
        broker.default_channel.queue_purge("evaluate")
        evaluate_next.apply(throw=True)
        rung = [REQUEST_TASK.encode() in message for message in queues.lrange("housekeeping", 0, -1)]
        assert any(rung)
        waiting_job()
        assert [b"worker.analyse_next" in message for message in queues.lrange("evaluate", 0, -1)] == [True]
        broker.default_channel.queue_purge("housekeeping")
        broker.default_channel.queue_purge("evaluate")


def test_an_analysis_is_exactly_what_the_evaluator_gives(
    submission: Submission, files: tuple[Path, Path]
) -> None:
    job = waiting_job()
    analyse_next.apply(throw=True)
    job.refresh_from_db()
    found = analyse("ytvis2019", *files)
    kept = Analysis.objects.get(submission=submission)
    assert (job.status, kept.findings, kept.evaluator) == (
        Job.Status.SUCCEEDED,
        found.whole.to_json(),
        found.evaluator,
    )
    assert kept.numbers["HOTA"] == found.whole.tracking["det_averaged"]["HOTA"]


def test_it_does_not_begin_while_a_submission_waits_for_its_score(submission: Submission) -> None:
    job = waiting_job()
    new = make_submission(split=submission.split, blob=make_blob(b"[]"))
    analyse_next.apply(throw=True)
    assert not job.attempts.exists()
    evaluate_next.apply(throw=True)
    analyse_next.apply(throw=True)
    new.refresh_from_db()
    job.refresh_from_db()
    assert (new.status, job.status) == (Submission.Status.SCORED, Job.Status.SUCCEEDED)


def test_begun_already_it_goes_back_within_two_seconds_when_one_comes_and_is_done_afterwards(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = waiting_job()
    begun: list[float] = []

    def long_analysis(*words: Any, progress: Callable[[int, int], None], **options: Any) -> Any:
        make_submission(split=submission.split, blob=make_blob(b"[]"))
        begun.append(time.monotonic())
        time.sleep(20)  # of a large file: calls no progress
        raise AssertionError("it was not interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(tasks_analysis, "analyse", long_analysis)
        analyse_next.apply(throw=True)
    assert time.monotonic() - begun[0] < 2
    attempt = Attempt.objects.get(job=job)
    job.refresh_from_db()
    assert (attempt.outcome, job.status, job.attempts_made) == (
        Attempt.Outcome.RELEASED,
        Job.Status.QUEUED,
        0,
    )
    evaluate_next.apply(throw=True)
    analyse_next.apply(throw=True)
    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
