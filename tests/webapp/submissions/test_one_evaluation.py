"""One file is evaluated once at a time, counts once, and what is given back is bounded."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.support.factories import (
    claim,
    make_blob,
    make_report,
    make_split,
    make_submission,
    make_user,
    make_variant,
)
from webapp.jobs.models import Job
from webapp.jobs.services import job_finish_failed, job_release
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.submissions.selectors import GIVE_BACKS, quota_for
from webapp.submissions.services import SubmissionRefused, submission_retry, submission_withdraw

pytestmark = pytest.mark.django_db
Status = Submission.Status


def fresh(submission: Submission) -> Submission:
    return Submission.objects.get(pk=submission.pk)


def three_variants() -> tuple[Submission, Submission, Submission]:
    """The same file under three variants of one author, on a split with a quota."""
    author, split, blob = make_user(), make_split(quota_per_day=4), make_blob()
    first, second, third = (
        make_submission(author, split, blob=blob, variant=make_variant(author)) for _ in range(3)
    )
    return first, second, third


def test_the_same_file_sent_again_is_the_submission_under_way_and_counts_once() -> None:
    author, split, blob = make_user(), make_split(quota_per_day=4), make_blob()
    variant = make_variant(author)
    sent = [make_submission(author, split, blob=blob, variant=variant) for _ in range(20)]
    assert len({one.pk for one in sent}) == 1
    assert [one.was_under_way for one in sent] == [False, *[True] * 19]
    assert (Submission.objects.count(), Job.objects.count()) == (1, 1)
    assert quota_for(user=author, split=split).left_today == 3


def test_under_other_variants_it_waits_for_the_same_evaluation_and_gets_its_score() -> None:
    first, second, third = three_variants()
    assert Job.objects.count() == 1
    assert quota_for(user=first.author, split=first.split).left_today == 3
    token = claim().token
    assert [fresh(one).status for one in (first, second, third)] == [Status.RUNNING] * 3
    late = make_submission(first.author, first.split, blob=first.blob, variant=make_variant(first.author))
    assert (late.status, late.work) == (Status.RUNNING, first.job)
    assert evaluation_finish_scored(token=token, outcome=Outcome(make_report(AP=0.5)))
    for one in (first, second, third, late):
        assert (fresh(one).status, one.scores.get().value) == (Status.SCORED, 0.5)
        assert fresh(one).digest == fresh(first).digest
    assert Job.objects.count() == 1
    assert quota_for(user=first.author, split=first.split).left_today == 3


def test_they_share_a_rejection_a_failure_and_trying_again() -> None:
    first, second, _ = three_variants()
    evaluation_finish_rejected(token=claim().token, problems=[])
    assert fresh(second).status == Status.REJECTED
    first, second, third = three_variants()
    job_release(token=claim().token)
    assert fresh(second).status == Status.QUEUED
    job_finish_failed(token=claim().token, code="ground-truth-unusable")
    assert fresh(third).status == Status.FAILED
    submission_retry(submission=fresh(third), actor=make_user(is_staff=True))
    assert [fresh(one).status for one in (first, second, third)] == [Status.QUEUED] * 3


def test_the_next_one_is_evaluated_when_the_first_is_withdrawn() -> None:
    first, second, third = three_variants()
    claim()
    submission_withdraw(submission=first, actor=first.author)
    assert [fresh(one).status for one in (second, third)] == [Status.QUEUED] * 2
    assert (fresh(second).waits_for, fresh(third).waits_for) == (None, second)
    submission_withdraw(submission=fresh(third), actor=first.author)
    assert (fresh(third).status, fresh(second).status) == (Status.WITHDRAWN, Status.QUEUED)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    assert fresh(second).status == Status.SCORED


def test_what_failed_behind_a_withdrawn_one_can_be_evaluated_again() -> None:
    first, second, _ = three_variants()
    job_finish_failed(token=claim().token, code="ground-truth-unusable")
    submission_withdraw(submission=fresh(first), actor=first.author)
    assert fresh(second).status == Status.FAILED
    assert submission_retry(submission=fresh(second), actor=make_user(is_staff=True)).status == Status.QUEUED
    assert fresh(second).waits_for is None


def test_withdrawing_gives_back_only_what_was_not_begun() -> None:
    author, split = make_user(), make_split(quota_per_day=4)
    submission_withdraw(submission=make_submission(author, split), actor=author)
    assert quota_for(user=author, split=split).left_today == 4
    begun = make_submission(author, split)
    claim()
    submission_withdraw(submission=begun, actor=author)
    assert quota_for(user=author, split=split).left_today == 3
    failed = make_submission(author, split)
    job_finish_failed(token=claim().token, code="ground-truth-unusable")
    submission_withdraw(submission=fresh(failed), actor=author)
    assert quota_for(user=author, split=split).left_today == 3


def test_what_is_given_back_is_bounded_and_the_refusal_says_until_when() -> None:
    author, split = make_user(), make_split(quota_per_day=4)
    for _ in range(GIVE_BACKS):
        submission_withdraw(submission=make_submission(author, split), actor=author)
    with pytest.raises(SubmissionRefused, match="20 submissions of yours") as refused:
        make_submission(author, split)
    assert (refused.value.code, refused.value.status) == ("give-backs-used-up", 429)
    assert "00:00 UTC" in refused.value.hint
    assert refused.value.until is not None
    assert timedelta(0) < refused.value.until - timezone.now() <= timedelta(days=1)
    make_submission(make_user(), split)
    make_submission(author, make_split())
    Submission.objects.filter(split=split).update(finished_at=timezone.now() - timedelta(days=1))
    make_submission(author, split)


@pytest.mark.parametrize(
    ("begun", "now", "is_taken"),
    [(-5, 59, True), (-5, 61, False), (5, 10, False), (-5, -1, True)],
    ids=["begun before", "an hour later", "begun after", "before the end"],
)
def test_an_upload_begun_before_the_closing_time_counts_for_an_hour(
    begun: int, now: int, is_taken: bool
) -> None:
    end = timezone.now() - timedelta(minutes=now)
    author, split = make_user(), make_split(closes_at=end)
    begun_at: datetime = end + timedelta(minutes=begun)
    if is_taken:
        assert make_submission(author, split, begun_at=begun_at).status == Status.QUEUED
    else:
        with pytest.raises(SubmissionRefused, match="closed for submissions on"):
            make_submission(author, split, begun_at=begun_at)


@pytest.mark.parametrize("field", ["quota_per_day", "quota_total"])
def test_a_quota_of_nothing_closes_a_split_and_says_so(field: str) -> None:
    with pytest.raises(SubmissionRefused, match="takes no submissions now: its quota is 0") as refused:
        make_submission(split=make_split(**{field: 0}))
    assert refused.value.code == "split-closed"
