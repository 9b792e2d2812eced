"""Reads of submissions: visibility of submissions and scores, and a person's remaining quota."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.submissions.models import Submission
from webapp.submissions.results import result_read

Status = Submission.Status
# Rejected, failed and withdrawn submissions cost nothing.
COUNTED = (Status.RECEIVED, Status.QUEUED, Status.RUNNING, Status.SCORED)


def submissions_visible_to(user: User | AnonymousUser) -> QuerySet[Submission]:
    """Everything to staff; their own to authors; others' if scored, public, and on a benchmark they see.

    What is not scored (a rejected file with its problems, say) is nobody else's business.
    """
    rows = Submission.objects.select_related("variant__method", "split__benchmark", "author")
    if not user.is_authenticated:
        return rows.filter(status=Status.SCORED, is_public=True, split__benchmark__is_public=True)
    if user.is_staff:
        return rows
    benchmark = Q(split__benchmark__is_public=True) | Q(
        split__benchmark__in=user.private_benchmarks.values("pk")
    )
    return rows.filter(Q(author=user) | (Q(status=Status.SCORED, is_public=True) & benchmark))


def submission_get(*, user: User | AnonymousUser, id: UUID | str) -> Submission:
    """One submission with its job. Raises Submission.DoesNotExist also for one that `user` must not see."""
    return submissions_visible_to(user).select_related("job", "blob", "result").get(pk=id)


def submissions_of(user: User) -> QuerySet[Submission]:
    """A person's own, latest first."""
    return Submission.objects.filter(author=user).select_related("variant__method", "split__benchmark", "job")


def scores_are_visible(*, user: User | AnonymousUser, split: Split) -> bool:
    """Return whether numbers of this split may be shown: in a blind phase to staff alone."""
    return split.scores_visible or user.is_staff


def result_of(submission: Submission) -> dict[str, Any]:
    """The full report, as `evaluator.Report.to_json` gives it. Ask `scores_are_visible` first.

    Raises ValueError without one, ResultLost where its file cannot be read.
    """
    return result_read(submission)


@dataclass(frozen=True, slots=True)
class Quota:
    """Number of files that a person may still have scored on a split; None where there is no limit."""

    per_day: int | None
    left_today: int | None
    total: int | None
    left_total: int | None
    resets_at: datetime
    """Return the end of the day (midnight UTC)."""

    @property
    def is_used_up(self) -> bool:
        return self.left_today == 0 or self.left_total == 0


def quota_for(*, user: User, split: Split) -> Quota:
    """Return a person's remaining quota. A file counts once, on the day of its first submission."""
    first = files_counted(user=user, split=split)
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    today = sum(submitted_at >= midnight for submitted_at in first.values())
    return Quota(
        per_day=split.quota_per_day,
        left_today=_left(split.quota_per_day, today),
        total=split.quota_total,
        left_total=_left(split.quota_total, len(first)),
        resets_at=midnight + timedelta(days=1),
    )


def files_counted(*, user: User, split: Split) -> dict[str, datetime]:
    """The files that cost quota, by SHA-256, with the time of their first submission."""
    rows = Submission.objects.filter(author=user, split=split, status__in=COUNTED, blob__isnull=False)
    first: dict[str, datetime] = {}
    for sha256, created_at in rows.order_by("created_at").values_list("blob_id", "created_at"):
        if sha256 is not None:
            first.setdefault(sha256, created_at)
    return first


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)
