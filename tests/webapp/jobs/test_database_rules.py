"""What the database refuses, whoever asks: wrong changes of status, and "scored" without scores."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.support.factories import claim, make_report, make_submission
from webapp.jobs.models import Attempt
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db(transaction=True)

ALLOWED = {
    ("received", "queued"),
    ("received", "rejected"),
    ("received", "scored"),
    ("received", "withdrawn"),
    ("queued", "running"),
    ("queued", "failed"),
    ("queued", "withdrawn"),
    ("running", "queued"),
    ("running", "scored"),
    ("running", "rejected"),
    ("running", "failed"),
    ("running", "withdrawn"),
    ("failed", "queued"),
    ("failed", "withdrawn"),
}


def update_status(submission: Submission, status: str) -> None:
    """Write a status by SQL, past every service."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE submissions_submission SET status = %s, finished_at = now() WHERE id = %s",
            [status, submission.pk],
        )


def force_status(submission: Submission, status: str) -> None:
    """Put a submission into a status with the rules switched off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE submissions_submission SET status = %s, finished_at = now() WHERE id = %s",
            [status, submission.pk],
        )


def is_refused(submission: Submission, old: str, new: str) -> bool:
    """Return whether the database says no to a change from `old` to `new`; nothing is changed."""
    force_status(submission, old)
    try:
        with transaction.atomic():
            update_status(submission, new)
            transaction.set_rollback(True)
    except IntegrityError as error:
        return f"status cannot change from {old} to {new}" in str(error)
    return False


def test_only_the_transitions_of_the_table_are_possible() -> None:
    submission = make_submission()
    pairs = {(old, new) for old in Submission.Status.values for new in Submission.Status.values if old != new}
    assert {pair for pair in pairs if not is_refused(submission, *pair)} == ALLOWED


def test_scored_without_scores_is_refused_at_the_commit() -> None:
    submission = make_submission()
    claim()
    with pytest.raises(IntegrityError, match="scored without scores"), transaction.atomic():
        update_status(submission, "scored")
    submission.refresh_from_db()
    assert submission.status == "running"


def test_a_job_cannot_have_two_running_attempts() -> None:
    submission = make_submission()
    attempt = Attempt.objects.get(token=claim().token)
    with pytest.raises(IntegrityError, match="attempt_one_running_per_job"):
        Attempt.objects.create(
            job=submission.job, number=2, worker="w", lease_expires_at=attempt.lease_expires_at
        )


def test_a_score_outside_0_to_1_undoes_the_whole_result() -> None:
    submission = make_submission()
    token = claim().token
    with pytest.raises(IntegrityError, match="score_is_a_fraction"):
        evaluation_finish_scored(token=token, outcome=Outcome(make_report(AP=0.5, AR1=1.5)))
    submission.refresh_from_db()
    assert submission.status == "running"
    assert submission.scores.count() == 0
