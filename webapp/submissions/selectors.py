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
COUNTED = (Status.RECEIVED, Status.QUEUED, Status.RUNNING, Status.SCORED)
# So many submissions per day are given back to a person on a split with a quota: they cost work, too.
GIVE_BACKS = 20
# That a withdrawn submission was being evaluated, and had not failed on our side.
_HAD_BEGUN = Q(job__started_at__isnull=False, job__failure_code="")


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
    return submissions_visible_to(user).select_related("job", "blob", "result", "waits_for__job").get(pk=id)


def submissions_of(user: User) -> QuerySet[Submission]:
    """A person's own, latest first, without the lists of their splits' videos, which are long."""
    rows = Submission.objects.filter(author=user).select_related(
        "variant__method", "split__benchmark", "job", "waits_for__job"
    )
    return rows.defer("split__videos", "split__categories", "split__benchmark__categories")


def scores_are_visible(*, user: User | AnonymousUser, split: Split) -> bool:
    """Return whether scores of this split may be shown: while it is closed or blind, to staff alone."""
    return user.is_staff or split.shows_scores()


def numbers_are_visible(*, user: User | AnonymousUser, submission: Submission) -> bool:
    """Return whether numbers may be shown: published ones always, those scored here as their split says."""
    is_reported = submission.origin == Submission.Origin.REPORTED
    return is_reported or scores_are_visible(user=user, split=submission.split)


def details_are_visible(*, user: User | AnonymousUser, split: Split) -> bool:
    """Return whether numbers per video and category may be shown to whoever sees the scores."""
    return user.is_staff or split.shows_details


# What a report says of the whole split; everything else in it is about single videos or categories.
SPLIT_KEYS = (
    *("benchmark", "task", "evaluator", "digest", "videos", "predictions", "metrics"),
    *("intervals", "bootstrap", "subsets", "seconds", "warnings"),
)


def result_of(submission: Submission, *, user: User | AnonymousUser) -> dict[str, Any]:
    """The report (DESIGN section 3) as this person may see it: without details, `details_hidden` is true.

    Ask `scores_are_visible` first. Raises ValueError where there is none, ResultLost where its file cannot be
    read.
    """
    report = result_read(submission)
    if details_are_visible(user=user, split=submission.split):
        return report
    shown = {key: report[key] for key in SPLIT_KEYS if key in report}
    return shown | {"per_category": {}, "per_video": {}, "details_hidden": True}


@dataclass(frozen=True, slots=True)
class Quota:
    """The number of files that a person may still submit to a split; None where there is no limit."""

    per_day: int | None
    left_today: int | None
    total: int | None
    left_total: int | None
    give_backs_left: int | None
    """Return how many submissions may still be given back today; None where nothing is counted."""
    resets_at: datetime
    """The end of the day (midnight UTC)."""

    @property
    def is_used_up(self) -> bool:
        return self.left_today == 0 or self.left_total == 0


def quota_for(*, user: User, split: Split) -> Quota:
    """Return what is left. A file counts once, on the day of its first submission: more of them are free."""
    counted = [*files_counted(user=user, split=split).values(), *_given_up(user, split)]
    midnight = midnight_utc()
    today = sum(submitted_at >= midnight for submitted_at in counted)
    return Quota(
        per_day=split.quota_per_day,
        left_today=_left(split.quota_per_day, today),
        total=split.quota_total,
        left_total=_left(split.quota_total, len(counted)),
        give_backs_left=max(0, GIVE_BACKS - _given_back_today(user, split)) if split.has_quota else None,
        resets_at=midnight + timedelta(days=1),
    )


def files_counted(*, user: User, split: Split) -> dict[str, datetime]:
    """The files that are scored or under way, by SHA-256, with the time of their first submission."""
    rows = Submission.objects.filter(author=user, split=split, status__in=COUNTED, blob__isnull=False)
    first: dict[str, datetime] = {}
    for sha256, created_at in rows.order_by("created_at").values_list("blob_id", "created_at"):
        if sha256 is not None:
            first.setdefault(sha256, created_at)
    return first


def _given_back_today(user: User, split: Split) -> int:
    """Return how many submissions were given back today: rejected, failed here, or withdrawn in time."""
    ended = Submission.objects.filter(author=user, split=split, finished_at__gte=midnight_utc())
    rows = ended.filter(waits_for=None).exclude(origin=Submission.Origin.REPORTED)
    untouched = Q(status=Status.WITHDRAWN) & ~_HAD_BEGUN
    return rows.filter(Q(status__in=(Status.REJECTED, Status.FAILED)) | untouched).count()


def midnight_utc() -> datetime:
    """Return the time at which the day of quotas began."""
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def _given_up(user: User, split: Split) -> list[datetime]:
    """Return when submissions were made that were withdrawn after their evaluation began: they count."""
    rows = Submission.objects.filter(author=user, split=split, status=Status.WITHDRAWN).filter(_HAD_BEGUN)
    return list(rows.values_list("created_at", flat=True))


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)
