"""Submitting a file: who may, when, how often, and what an identical file answers."""

from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from evaluator.statistics.comparison import pack_samples
from tests.support.factories import (
    claim,
    make_blob,
    make_report,
    make_split,
    make_submission,
    make_user,
    make_variant,
)
from webapp.benchmarks.models import Split
from webapp.jobs.models import Job
from webapp.jobs.queue import producer
from webapp.jobs.services import job_cancel, job_finish_failed
from webapp.refusal import Refused
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.submissions.selectors import quota_for
from webapp.submissions.services import SubmissionRefused

pytestmark = pytest.mark.django_db
Status = Submission.Status


def make_scored(**fields: Any) -> Submission:
    submission = make_submission(**fields)
    report = make_report(AP=0.5) | {"intervals": {"AP": [0.4, 0.6]}}
    evaluation_finish_scored(
        token=claim().token, outcome=Outcome(report, samples={"AP": pack_samples([0.4, 0.6])})
    )
    submission.refresh_from_db()
    return submission


def test_a_submission_is_queued_with_a_job() -> None:
    submission = make_submission(filename="results.zip", note="seed 1", is_public=False)
    assert (submission.status, submission.job.status) == (Status.QUEUED, Job.Status.QUEUED)
    assert (submission.filename, submission.note, submission.is_public) == ("results.zip", "seed 1", False)


@pytest.mark.parametrize("unseen", ["\n", "\x1b", "\u202e", "\u2066", "\u2069"])
def test_a_note_with_a_character_that_nobody_sees_is_refused(unseen: str) -> None:
    with pytest.raises(Refused, match=f"note: it holds the control character U\\+{ord(unseen):04X}"):
        make_submission(note=f"seed 1{unseen}")
    assert not Submission.objects.exists()


def test_the_doorbell_rings_after_the_commit(django_capture_on_commit_callbacks: Any) -> None:
    with producer.connection_for_read() as broker:
        broker.default_channel.queue_purge("evaluate")
        with django_capture_on_commit_callbacks(execute=True):
            make_submission()
            assert broker.default_channel.client.llen("evaluate") == 0
        assert broker.default_channel.client.llen("evaluate") == 1
        broker.default_channel.queue_purge("evaluate")


def test_the_same_file_by_the_same_author_answers_at_once_with_its_score() -> None:
    first = make_scored()
    author = first.author
    again = make_submission(author, first.split, blob=first.blob)
    assert again.pk != first.pk
    assert (again.status, again.digest, again.result) == (Status.SCORED, first.digest, first.result)
    score = again.scores.get()
    assert (score.value, score.low, score.high) == (0.5, 0.4, 0.6)
    assert bytes(again.samples.get().samples) == pack_samples([0.4, 0.6])
    assert first.samples.count() == first.scores.count() == 1
    assert not Job.objects.filter(submission=again).exists()


def test_the_same_file_by_somebody_else_is_evaluated_and_tells_nothing() -> None:
    first = make_scored()
    assert make_submission(make_user(), first.split, blob=first.blob).status == Status.QUEUED


def test_the_same_file_is_evaluated_again_against_a_new_ground_truth() -> None:
    first = make_scored()
    first.split.ground_truth = make_blob()
    first.split.save()
    assert make_submission(first.author, first.split, blob=first.blob).status == Status.QUEUED


def test_the_same_file_is_evaluated_again_by_a_new_evaluator() -> None:
    first = make_scored()
    Submission.objects.update(evaluator="0.9")
    assert make_submission(first.author, first.split, blob=first.blob).status == Status.QUEUED


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ground_truth": None}, "Nothing can be scored on Benchmark val"),
        (
            {"opens_at": datetime.fromisoformat("2999-01-31T12:00Z")},
            "opens for submissions on 31 Jan 2999",
        ),
        (
            {"closes_at": datetime.fromisoformat("2001-01-31T12:00Z")},
            "closed for submissions on 31 Jan 2001",
        ),
        ({"benchmark": {"evaluator": "none-of-ours"}}, "Nothing can be scored on Benchmark val"),
    ],
)
def test_a_closed_split_refuses_and_says_why(fields: dict[str, Any], sentence: str) -> None:
    split = make_split(**fields)
    with pytest.raises(SubmissionRefused, match=sentence) as refused:
        make_submission(split=split)
    assert (refused.value.code, refused.value.status) == ("split-closed", 409)
    assert not Submission.objects.exists()


def test_a_private_benchmark_is_unknown_to_strangers_and_open_to_members() -> None:
    split = make_split(benchmark={"is_public": False})
    member = make_user()
    split.benchmark.members.add(member)
    with pytest.raises(SubmissionRefused, match="There is no such benchmark") as refused:
        make_submission(split=split)
    assert refused.value.status == 404
    assert make_submission(member, split).status == Status.QUEUED


def test_nobody_submits_under_the_method_of_another() -> None:
    theirs = make_variant(make_user(), name="Theirs")
    with pytest.raises(SubmissionRefused, match="The method Theirs belongs to somebody else") as refused:
        make_submission(make_user(), variant=theirs)
    assert refused.value.status == 403


def test_the_quota_of_a_day_is_kept_and_told() -> None:
    author, split = make_user(), make_split(quota_per_day=2)
    make_submission(author, split)
    assert quota_for(user=author, split=split).left_today == 1
    make_submission(author, split)
    with pytest.raises(SubmissionRefused, match="You have used all 2 submissions of today") as refused:
        make_submission(author, split)
    assert (refused.value.code, refused.value.status) == ("quota-day", 429)
    assert "00:00 UTC" in refused.value.hint
    make_submission(make_user(), split)


def test_yesterday_does_not_count_for_today_but_for_the_total() -> None:
    author, split = make_user(), make_split(quota_per_day=1, quota_total=2)
    make_submission(author, split)
    Submission.objects.update(created_at=timezone.now() - timedelta(days=1))
    quota = quota_for(user=author, split=split)
    assert (quota.left_today, quota.left_total) == (1, 1)
    make_submission(author, split)
    with pytest.raises(SubmissionRefused, match="You have used all 2 submissions that") as refused:
        make_submission(author, split)
    assert refused.value.code == "quota-total"


def test_rejected_failed_and_withdrawn_submissions_cost_nothing() -> None:
    author, split = make_user(), make_split(quota_per_day=1)
    make_submission(author, split)
    evaluation_finish_rejected(token=claim().token, problems=[])
    make_submission(author, split)
    job_finish_failed(token=claim().token, code="time-limit")
    job_cancel(job=make_submission(author, split).job, actor=author)
    assert quota_for(user=author, split=split).left_today == 1


def test_sending_the_same_file_again_costs_nothing() -> None:
    author, split = make_user(), make_split(quota_per_day=1)
    blob = make_blob()
    make_submission(author, split, blob=blob)
    make_submission(author, split, blob=blob)
    assert quota_for(user=author, split=split).left_today == 0


def test_without_a_quota_nothing_is_limited() -> None:
    quota = quota_for(user=make_user(), split=make_split())
    assert (quota.left_today, quota.left_total, quota.is_used_up) == (None, None, False)


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_cannot_both_take_the_last_of_a_quota() -> None:
    author = make_user()
    split, variant = make_split(quota_total=1), make_variant(author)
    blobs = [make_blob() for _ in range(4)]
    start, refused = Barrier(4), []

    def submit(number: int) -> None:
        start.wait()
        try:
            fresh = Split.objects.select_related("benchmark").get(pk=split.pk)
            make_submission(author, fresh, variant=variant, blob=blobs[number])
        except SubmissionRefused as problem:
            refused.append(problem.code)
        finally:
            connection.close()

    requests = [Thread(target=submit, args=(number,)) for number in range(4)]
    for request in requests:
        request.start()
    for request in requests:
        request.join()
    assert refused == ["quota-total"] * 3
    assert Submission.objects.count() == 1
