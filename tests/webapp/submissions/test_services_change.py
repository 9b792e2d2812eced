"""Withdrawing, retrying, publishing: who may, and when."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.factories import claim, make_report, make_submission, make_user
from webapp.accounts.audit import AuditEvent
from webapp.jobs.services import job_finish_failed
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.submissions.services import (
    SubmissionRefused,
    submission_retry,
    submission_set_public,
    submission_withdraw,
)

pytestmark = pytest.mark.django_db
Status = Submission.Status


def make_failed() -> Submission:
    submission = make_submission()
    job_finish_failed(token=claim().token, code="ground-truth-unusable")
    submission.refresh_from_db()
    return submission


def test_an_author_withdraws_what_is_queued() -> None:
    submission = make_submission()
    assert submission_withdraw(submission=submission, actor=submission.author).status == Status.WITHDRAWN


def test_staff_may_withdraw_and_the_audit_trail_says_who_did() -> None:
    staff = make_user(is_staff=True)
    submission = submission_withdraw(submission=make_submission(), actor=staff)
    event = AuditEvent.objects.get(action="submission.withdrawn")
    assert (event.actor, event.subject) == (staff, f"submission:{submission.id}")


def test_a_failed_submission_can_be_withdrawn() -> None:
    submission = make_failed()
    assert submission_withdraw(submission=submission, actor=submission.author).status == Status.WITHDRAWN


def test_a_scored_submission_stays() -> None:
    submission = make_submission()
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    with pytest.raises(SubmissionRefused, match="can no longer be withdrawn: scored") as refused:
        submission_withdraw(submission=submission, actor=submission.author)
    assert refused.value.status == 409


@pytest.mark.parametrize(
    "change",
    [submission_withdraw, partial(submission_set_public, is_public=True)],
    ids=["withdraw", "publish"],
)
def test_nobody_changes_the_submission_of_another(change: Callable[..., Submission]) -> None:
    submission, stranger = make_submission(), make_user()
    with pytest.raises(SubmissionRefused, match="belongs to somebody else") as refused:
        change(submission=submission, actor=stranger)
    assert refused.value.status == 403


def test_staff_queue_a_failed_submission_again() -> None:
    submission = submission_retry(submission=make_failed(), actor=make_user(is_staff=True))
    assert submission.status == Status.QUEUED
    assert claim().submission_id == submission.id


def test_authors_cannot_retry_by_themselves() -> None:
    submission = make_failed()
    with pytest.raises(SubmissionRefused, match="Only the organisers"):
        submission_retry(submission=submission, actor=submission.author)


def test_only_failed_submissions_are_retried() -> None:
    with pytest.raises(SubmissionRefused, match="this one is queued"):
        submission_retry(submission=make_submission(), actor=make_user(is_staff=True))


def test_hiding_a_submission_while_it_is_evaluated_loses_neither_change() -> None:
    submission = make_submission()
    token = claim().token
    submission_set_public(submission=submission, actor=submission.author, is_public=False)
    evaluation_finish_scored(token=token, outcome=Outcome(make_report()))
    submission.refresh_from_db()
    assert (submission.status, submission.is_public) == (Status.SCORED, False)
