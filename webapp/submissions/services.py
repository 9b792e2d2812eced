"""Writes of submissions: create, withdraw, retry, publish. Jobs write the status."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evaluator import __version__ as evaluator_version
from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.blobs import disk
from webapp.blobs.models import Blob
from webapp.jobs.models import Job
from webapp.jobs.services import job_cancel, job_create, job_retry
from webapp.methods.models import Variant
from webapp.refusal import Refused, check_one_line
from webapp.submissions.models import Submission
from webapp.submissions.selectors import files_counted, quota_for
from webapp.submissions.status import submission_score_as


class SubmissionRefused(Refused):
    """A submission cannot be made or changed, for a reason that its author can act on."""


@transaction.atomic
def submission_create(
    *,
    author: User,
    split: Split,
    variant: Variant,
    blob: Blob,
    filename: str,
    note: str = "",
    is_public: bool = True,
    origin: Submission.Origin = Submission.Origin.UPLOAD,
) -> Submission:
    """Submit a stored file: it is queued, or answers at once where its score is known.

    A file that its author had scored on this split before, by this evaluator against this ground truth,
    gets the same result without a job and costs no quota. Another person's identical file is evaluated
    like any other: an instant answer would tell that somebody has sent the same.

    Raises SubmissionRefused: not the author's method, split closed, quota used up; Refused: a note with
    characters that nobody sees.
    """
    check_one_line("note", note)
    if origin == Submission.Origin.UPLOAD:  # a run that is done is stored as long as there is a byte
        disk.check_not_full()
    # One at a time for each author, so that two requests cannot both take the last of a quota.
    User.objects.select_for_update(no_key=True).get(pk=author.pk)
    _check_allowed(author, split, variant)
    submission = Submission(
        author=author, split=split, variant=variant, blob=blob, note=note[:300], is_public=is_public
    )
    submission.filename, submission.origin = filename[-255:], origin
    earlier = _scored_before(author, split, blob)
    if earlier is None and blob.pk not in files_counted(user=author, split=split):
        _check_quota(author, split)
    submission.save()
    audit("submission.received", f"submission:{submission.id}", actor=author, sha256=blob.sha256)
    if earlier:
        submission_score_as(submission=submission, earlier=earlier)
    else:
        job_create(kind=Job.Kind.EVALUATE, subject=submission, actor=author)
        submission.refresh_from_db(fields=["status"])
    return submission


def submission_check(*, author: User, split: Split, variant: Variant) -> None:
    """Raise SubmissionRefused where a new file would not be taken now."""
    _check_allowed(author, split, variant)
    _check_quota(author, split)


def submission_withdraw(*, submission: Submission, actor: User) -> Submission:
    """Take back a submission that is not scored yet; a running evaluation stops within seconds."""
    _check_owner(submission, actor)
    with transaction.atomic():
        job = getattr(submission, "job", None)
        if job is None or not job_cancel(job=job, actor=actor):
            submission.refresh_from_db(fields=["status"])
            raise SubmissionRefused(
                "submission-finished",
                f"This submission can no longer be withdrawn: {submission.get_status_display().lower()}.",
                "Make it private instead, and only you and the organisers see it.",
                status=409,
            )
    submission.refresh_from_db()
    return submission


def submission_retry(*, submission: Submission, actor: User) -> Submission:
    """Queue a submission that failed on our side again. For staff, who know whether the cause is fixed."""
    if not actor.is_staff:
        raise SubmissionRefused(
            "staff-only", "Only the organisers can evaluate a submission again.", status=403
        )
    with transaction.atomic():
        job = getattr(submission, "job", None)
        if job is None or not job_retry(job=job, actor=actor):
            raise SubmissionRefused(
                "submission-not-failed",
                f"Only a submission that failed on our side can be evaluated again; this one is "
                f"{submission.get_status_display().lower()}.",
                status=409,
            )
    submission.refresh_from_db()
    return submission


def submission_set_public(*, submission: Submission, actor: User, is_public: bool) -> Submission:
    """Show a submission to everybody, or to its author and staff alone."""
    _check_owner(submission, actor)
    with transaction.atomic():
        # Only this column: a worker may be storing the result just now.
        Submission.objects.filter(pk=submission.pk).update(is_public=is_public)
        action = "published" if is_public else "hidden"
        audit(f"submission.{action}", f"submission:{submission.id}", actor=actor)
    submission.is_public = is_public
    return submission


def _check_owner(submission: Submission, actor: User) -> None:
    if not actor.is_staff and submission.author_id != actor.pk:
        raise SubmissionRefused("not-yours", "This submission belongs to somebody else.", status=403)


def _check_allowed(author: User, split: Split, variant: Variant) -> None:
    if variant.method.owner_id != author.pk and not author.is_staff:
        raise SubmissionRefused(
            "not-your-method",
            f"The method {variant.method.name} belongs to somebody else.",
            "Submit under a method of your own; its name may be the same.",
            status=403,
        )
    benchmark = split.benchmark
    is_member = benchmark.is_public or author.is_staff or benchmark.members.filter(pk=author.pk).exists()
    if not is_member:
        raise SubmissionRefused("benchmark-unknown", "There is no such benchmark.", status=404)
    if not split.is_open():
        raise SubmissionRefused("split-closed", _why_closed(split), status=409)


def _why_closed(split: Split) -> str:
    now = timezone.now()
    if split.ground_truth_id is None or split.benchmark.spec is None:
        return f"Nothing can be scored on {split}: this server only shows its published results."
    if split.opens_at and now < split.opens_at:
        return f"{split} opens for submissions on {split.opens_at:%d %B %Y at %H:%M} UTC."
    return f"{split} closed for submissions on {split.closes_at:%d %B %Y at %H:%M} UTC."


def _scored_before(author: User, split: Split, blob: Blob) -> Submission | None:
    """The author's latest submission of this file whose result would come out the same.

    One from before the split got a subset (or another list for it) lacks numbers, so the file is evaluated.
    """
    rows = (
        Submission.objects.filter(author=author, split=split, blob=blob, status=Submission.Status.SCORED)
        .filter(evaluator=evaluator_version, ground_truth=split.ground_truth_id)
        .select_related("result", "ground_truth")
    )
    for subset in split.subsets.all():
        rows = rows.filter(Exists(subset.scores.filter(submission=OuterRef("pk"))))
    return rows.first()


def _check_quota(author: User, split: Split) -> None:
    quota = quota_for(user=author, split=split)
    if not quota.is_used_up:
        return
    if quota.left_total == 0:
        raise SubmissionRefused(
            "quota-total",
            f"You have used all {quota.total} submissions that {split} allows a person.",
            "Rejected, failed and withdrawn submissions are not counted.",
            status=429,
        )
    raise SubmissionRefused(
        "quota-day",
        f"You have used all {quota.per_day} submissions of today on {split}.",
        f"Submit again from {quota.resets_at:%d %B, %H:%M} UTC on. "
        "Rejected, failed and withdrawn ones are not counted.",
        status=429,
    )


def submissions_let_go(*, now: datetime | None = None) -> int:
    """Forget the files of submissions that ended without a score some time ago. Returns how many."""
    before = (now or timezone.now()) - timedelta(seconds=settings.UPLOAD_LIFETIME_S)
    ended = Submission.objects.filter(status__in=Submission.LET_GO, finished_at__lt=before)
    return ended.exclude(blob=None).update(blob=None)
