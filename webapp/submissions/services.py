"""Writes of submissions: create, withdraw, retry, publish. Jobs write the status."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from evaluator import __version__ as evaluator_version
from evaluator.files.words import counted
from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.accounts.selectors import is_verified
from webapp.benchmarks.models import Split
from webapp.blobs import disk
from webapp.blobs.models import Blob
from webapp.jobs.models import Job
from webapp.jobs.services import job_cancel, job_create, job_retry
from webapp.methods.models import Variant
from webapp.refusal import Refused, check_one_line
from webapp.submissions.costs import cost_clean
from webapp.submissions.models import Submission
from webapp.submissions.selectors import GIVE_BACKS, Quota, files_counted, quota_for
from webapp.submissions.signals import numbers_changed
from webapp.submissions.status import submission_leave, submission_score_as, submission_wait
from webapp.times import moment


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
    begun_at: datetime | None = None,
    cost: Mapping[str, Any] | None = None,
) -> Submission:
    """Submit a stored file: it is queued, or answers at once where its score is known.

    A file that its author had scored on this split before, by this evaluator against this ground truth,
    gets the same result without a job and costs no quota. Another person's identical file is evaluated
    like any other: an instant answer would show that somebody has sent the same.

    While a file is under way, it is not evaluated twice: sent again for the same variant, the submission
    under way is returned (its `was_under_way` is true); for another variant, the new one waits for it.

    `begun_at` is when the upload of the file began, or the run was started that made it; `cost` is what the
    author states (webapp.submissions.costs). Raises SubmissionRefused: not the author's method, address not
    verified, split closed, quota used up; Refused: a note with characters that nobody sees, a cost that is
    none.
    """
    check_one_line("note", note)
    stated = cost_clean(cost or {})
    if origin == Submission.Origin.UPLOAD:  # a run that is done is stored as long as there is a byte
        disk.check_not_full()
    # One at a time for each author, so that two requests cannot both take the last of a quota.
    User.objects.select_for_update(no_key=True).get(pk=author.pk)
    _check_allowed(author, split, variant, begun_at)
    same = _under_way(author, split, variant, blob)
    if same is not None and origin == Submission.Origin.UPLOAD:  # a run has a submission of its own
        same.was_under_way = True
        return same
    submission = Submission(
        author=author, split=split, variant=variant, blob=blob, note=note[:300], is_public=is_public
    )
    submission.cost = stated
    submission.filename, submission.origin = filename[-255:], origin
    if _hidden_before(author, split, variant, blob):
        submission.is_hidden, submission.is_public = True, False
    leader = _evaluated_now(author, split, blob)
    submission.waits_for = leader
    earlier = _scored_before(author, split, blob) if leader is None else None
    if earlier is None and leader is None:
        quota = quota_for(user=author, split=split)
        _check_give_backs(split, quota)
        if blob.pk not in files_counted(user=author, split=split):
            _check_quota(split, quota)
    submission.save()
    audit("submission.received", f"submission:{submission.id}", actor=author, sha256=blob.sha256)
    if leader:
        submission_wait(submission=submission, leader=leader)
    elif earlier:
        submission_score_as(submission=submission, earlier=earlier)
    else:
        job_create(kind=Job.Kind.EVALUATE, subject=submission, actor=author)
        submission.refresh_from_db(fields=["status"])
    return submission


def submission_check(*, author: User, split: Split, variant: Variant) -> None:
    """Raise SubmissionRefused where a new file would not be taken now."""
    _check_allowed(author, split, variant)
    quota = quota_for(user=author, split=split)
    _check_give_backs(split, quota)
    _check_quota(split, quota)


def submission_withdraw(*, submission: Submission, actor: User) -> Submission:
    """Take back a submission that is not scored yet; a running evaluation stops within seconds."""
    _check_owner(submission, actor)
    with transaction.atomic():
        if not _withdrawn(submission, actor):
            submission.refresh_from_db(fields=["status"])
            raise SubmissionRefused(
                "submission-finished",
                f"This submission can no longer be withdrawn: {submission.get_status_display().lower()}.",
                "Make it private instead, and only you and the organisers see it.",
                status=409,
            )
    submission.refresh_from_db()
    return submission


def _withdrawn(submission: Submission, actor: User) -> bool:
    """Withdraw a submission if that is still possible, and return whether it was."""
    leader = submission.waits_for
    job: Job | None = getattr(submission, "job", None)
    if job is not None:
        return job_cancel(job=job, actor=actor)
    if leader is None:
        return False
    Job.objects.select_for_update().get(submission=leader)  # as its end does, which ends this one, too
    own = Job.objects.filter(submission=submission).first()  # it may have got one meanwhile
    if own is not None:
        return job_cancel(job=own, actor=actor)
    locked = Submission.locked().get(pk=submission.pk)
    if locked.is_finished and locked.status != Submission.Status.FAILED:
        return False
    submission_leave(submission=locked, actor=actor)
    return True


def _retried(submission: Submission, actor: User) -> bool:
    """Queue a submission again if it has failed, and return whether it had."""
    job = submission.work
    if job is not None and job_retry(job=job, actor=actor):
        return True
    locked = Submission.locked().get(pk=submission.pk)
    if locked.status != Submission.Status.FAILED or getattr(locked, "job", None) is not None:
        return False
    locked.waits_for = None  # what it waited for was withdrawn after it had failed
    locked.save(update_fields=["waits_for"])
    job_create(kind=Job.Kind.EVALUATE, subject=locked, actor=actor)
    return True


def submission_retry(*, submission: Submission, actor: User) -> Submission:
    """Queue a submission that failed on our side again. For staff, who know whether the cause is fixed."""
    if not actor.is_staff:
        raise SubmissionRefused(
            "staff-only", "Only the organisers can evaluate a submission again.", status=403
        )
    with transaction.atomic():
        if not _retried(submission, actor):
            raise SubmissionRefused(
                "submission-not-failed",
                f"Only a submission that failed on our side can be evaluated again; this one is "
                f"{submission.get_status_display().lower()}.",
                status=409,
            )
    submission.refresh_from_db()
    return submission


def submission_set_public(*, submission: Submission, actor: User, is_public: bool) -> Submission:
    """Show a submission to everybody, or to its author and staff alone.

    What an organiser hides of somebody else, its author cannot show again.
    """
    _check_owner(submission, actor)
    by_organiser = actor.is_staff and submission.author_id != actor.pk
    with transaction.atomic():
        locked = Submission.locked().get(pk=submission.pk)
        if is_public and locked.is_hidden and not actor.is_staff:
            raise SubmissionRefused(
                "hidden-by-organisers",
                "The organisers took this submission off the board; only they can publish it again.",
                status=403,
            )
        is_hidden = not is_public and (by_organiser or locked.is_hidden)
        # Only these columns: a worker may be storing the result just now.
        Submission.objects.filter(pk=submission.pk).update(is_public=is_public, is_hidden=is_hidden)
        action = "published" if is_public else "hidden"
        audit(f"submission.{action}", f"submission:{submission.id}", actor=actor, by_organiser=by_organiser)
        numbers_changed.send(Submission, submissions=[locked])
    submission.is_public, submission.is_hidden = is_public, is_hidden
    return submission


def submission_state_cost(*, submission: Submission, actor: User, cost: Mapping[str, Any]) -> Submission:
    """Keep what the author states of the cost, instead of what was stated before.

    Raises SubmissionRefused: somebody else's, or not an upload; Refused: numbers that are none.
    """
    _check_owner(submission, actor)
    if submission.origin != Submission.Origin.UPLOAD:
        raise SubmissionRefused(
            "cost-not-stated",
            "The cost of this submission is measured or printed, so nobody states it.",
            status=409,
        )
    stated = cost_clean(cost)
    with transaction.atomic():
        locked = Submission.locked().get(pk=submission.pk)
        Submission.objects.filter(pk=submission.pk).update(cost=stated)
        audit("submission.cost", f"submission:{submission.id}", actor=actor, **stated)
        numbers_changed.send(Submission, submissions=[locked])
    submission.cost = stated
    return submission


def _check_owner(submission: Submission, actor: User) -> None:
    if not actor.is_staff and submission.author_id != actor.pk:
        raise SubmissionRefused("not-yours", "This submission belongs to somebody else.", status=403)


def _under_way(author: User, split: Split, variant: Variant, blob: Blob) -> Submission | None:
    """The author's unfinished submission of this file for this variant."""
    rows = Submission.objects.filter(author=author, split=split, variant=variant, blob=blob)
    return rows.filter(status__in=Submission.UNFINISHED).order_by("created_at").first()


def _evaluated_now(author: User, split: Split, blob: Blob) -> Submission | None:
    """The author's submission of this file that has the job, which is locked and not finished."""
    rows = Submission.objects.filter(author=author, split=split, blob=blob, waits_for=None)
    leader = rows.filter(status__in=Submission.UNFINISHED).order_by("created_at").first()
    if leader is None:
        return None
    Job.objects.select_for_update().get(submission=leader)
    leader.refresh_from_db()
    return None if leader.is_finished else leader


def _hidden_before(author: User, split: Split, variant: Variant, blob: Blob) -> bool:
    """Return whether organisers took this file, or this method, of the author off this board."""
    same = Q(blob=blob) | Q(variant__method_id=variant.method_id)
    return Submission.objects.filter(same, author=author, split=split, is_hidden=True).exists()


def _check_allowed(author: User, split: Split, variant: Variant, begun_at: datetime | None = None) -> None:
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
    if not split.is_open(begun_at=begun_at):
        hint = "`python -m evaluator validate` checks a file at home."
        raise SubmissionRefused("split-closed", _why_closed(split), hint, status=409)
    if not is_verified(author):
        raise SubmissionRefused(
            "address-unverified",
            "Your e-mail address is not verified, and only verified ones may submit.",
            "Follow the link in the mail that you got; your account page sends another one.",
            status=403,
        )


def _why_closed(split: Split) -> str:
    now = timezone.now()
    if split.ground_truth_id is None or split.benchmark.spec is None:
        return f"Nothing can be scored on {split}: this server only shows its published results."
    if split.opens_at is None:
        return f"{split} is closed for submissions: its organisers have not opened it."
    if now < split.opens_at:
        return f"{split} opens for submissions on {moment(split.opens_at)}."
    if split.closes_at is not None and split.closes_at < now:
        return f"{split} closed for submissions on {moment(split.closes_at)}."
    return f"{split} takes no submissions now: its quota is 0."


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


def _check_give_backs(split: Split, quota: Quota) -> None:
    if quota.give_backs_left == 0:
        raise SubmissionRefused(
            "give-backs-used-up",
            f"{GIVE_BACKS} submissions of yours to {split} were rejected, failed or withdrawn today.",
            f"Submit again from {moment(quota.resets_at)} on. At home, `python -m evaluator validate` checks "
            "files.",
            status=429,
            until=quota.resets_at,
        )


def _check_quota(split: Split, quota: Quota) -> None:
    if not quota.is_used_up:
        return
    given_back = "What is rejected, fails on our side, or is withdrawn before its evaluation is given back."
    if quota.left_total == 0:
        raise SubmissionRefused(
            "quota-total",
            f"You have used {_all_of(quota.total)} that {split} allows a person.",
            given_back,
            status=429,
        )
    raise SubmissionRefused(
        "quota-day",
        f"You have used {_all_of(quota.per_day)} of today on {split}.",
        f"Submit again from {moment(quota.resets_at)} on. {given_back}",
        status=429,
        until=quota.resets_at,
    )


def _all_of(allowed: int | None) -> str:
    return "the only submission" if allowed == 1 else f"all {counted(allowed or 0, 'submission')}"


def submissions_let_go(*, now: datetime | None = None) -> int:
    """Forget the files of submissions that ended without a score some time ago. Returns how many."""
    before = (now or timezone.now()) - timedelta(seconds=settings.UPLOAD_LIFETIME_S)
    ended = Submission.objects.filter(status__in=Submission.LET_GO, finished_at__lt=before)
    return ended.exclude(blob=None).update(blob=None)
