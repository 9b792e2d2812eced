"""Asking for scored submissions to be measured again."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.jobs.services import job_create
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.errata.selectors import can_be_measured_again
from webapp.submissions.models import Submission


def reevaluations_request(*, submissions: Iterable[Submission], reason: str, actor: User | None) -> int:
    """Queue measuring scored submissions again, after everything new. Returns how many were queued.

    Those without a kept file (reported numbers) and those that are queued for it already are passed over.
    Raises ValueError without a reason: everybody reads it beside the numbers that change.
    """
    reason = reason.strip()
    if not reason:
        raise ValueError("Expected a reason, which is shown beside the numbers that change.")
    return sum(_request(submission.pk, reason[:300], actor) for submission in submissions)


@transaction.atomic
def _request(pk: UUID, reason: str, actor: User | None) -> bool:
    # Locked, so that two operators at once queue it once.
    submission = Submission.objects.select_for_update().get(pk=pk)
    waiting = Reevaluation.objects.filter(submission=submission, job__status__in=Job.UNFINISHED)
    if not can_be_measured_again(submission) or waiting.exists():
        return False
    again = Reevaluation.objects.create(submission=submission, reason=reason, requested_by=actor)
    job_create(kind=Job.Kind.REEVALUATE, subject=again, actor=actor)
    return True
