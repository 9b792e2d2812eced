"""Who sees which submissions and scores."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from webapp.accounts.models import User
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome, result_read
from webapp.submissions.selectors import (
    scores_are_visible,
    submission_get,
    submissions_of,
    submissions_visible_to,
)

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


def make_scored(author: User | None = None, **fields: Any) -> Submission:
    submission = make_submission(author, **fields)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    submission.refresh_from_db()
    return submission


def sees(user: User | AnonymousUser, submission: Submission) -> bool:
    return submissions_visible_to(user).filter(pk=submission.pk).exists()


def test_a_scored_public_submission_is_seen_by_everybody() -> None:
    submission = make_scored()
    assert sees(NOBODY, submission)
    assert sees(make_user(), submission)


def test_a_private_submission_is_seen_by_author_and_staff_alone() -> None:
    submission = make_scored(is_public=False)
    assert sees(submission.author, submission)
    assert sees(make_user(is_staff=True), submission)
    assert not sees(make_user(), submission)
    assert not sees(NOBODY, submission)


def test_what_is_not_scored_is_nobody_elses_business() -> None:
    submission = make_submission()
    assert sees(submission.author, submission)
    assert sees(make_user(is_staff=True), submission)
    assert not sees(make_user(), submission)
    assert not sees(NOBODY, submission)


def test_on_a_private_benchmark_members_see_public_submissions() -> None:
    split = make_split(benchmark={"is_public": False})
    author, member = make_user(), make_user()
    split.benchmark.members.add(author, member)
    submission = make_scored(author, split=split)
    assert sees(member, submission)
    assert not sees(make_user(), submission)
    assert not sees(NOBODY, submission)


def test_a_hidden_submission_does_not_exist_for_others() -> None:
    submission = make_scored(is_public=False)
    with pytest.raises(Submission.DoesNotExist):
        submission_get(user=NOBODY, id=submission.id)


def test_one_submission_with_its_job_and_method_takes_one_query(django_assert_num_queries: Any) -> None:
    submission = make_scored()
    with django_assert_num_queries(1):
        found = submission_get(user=NOBODY, id=submission.id)
        assert found.job.status == "succeeded"
        assert f"{found.variant} {found.split}"


def test_my_submissions_come_latest_first_in_one_query(django_assert_num_queries: Any) -> None:
    author, split = make_user(), make_split()
    rows = [make_submission(author, split) for _ in range(3)]
    make_submission()
    with django_assert_num_queries(1):
        found = [(row, row.job.status, str(row.variant.method)) for row in submissions_of(author)]
    assert [row for row, *_ in found] == rows[::-1]


def test_in_a_blind_phase_scores_are_seen_by_staff_alone() -> None:
    blind, staff = make_split(scores_visible=False), make_user(is_staff=True)
    assert scores_are_visible(user=staff, split=blind)
    assert not scores_are_visible(user=make_user(), split=blind)
    assert not scores_are_visible(user=NOBODY, split=blind)
    assert scores_are_visible(user=NOBODY, split=make_split())


def test_a_submission_that_is_not_scored_has_no_result() -> None:
    with pytest.raises(ValueError, match=r"Expected a scored submission, but .* is queued"):
        result_read(make_submission())
