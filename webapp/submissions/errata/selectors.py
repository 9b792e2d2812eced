"""Reads of stale scores and of changed numbers."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Q, QuerySet

from evaluator import __version__
from evaluator.catalog import BENCHMARKS, METRICS
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.models import Submission
from webapp.submissions.selectors import submissions_visible_to


def submissions_stale() -> QuerySet[Submission]:
    """Scored here, by another version of the evaluator or against another ground truth than today's."""
    scored = Submission.objects.filter(status=Submission.Status.SCORED, blob__isnull=False)
    return scored.filter(~Q(evaluator=__version__) | ~Q(ground_truth=F("split__ground_truth")))


def can_be_measured_again(submission: Submission) -> bool:
    return submission.status == Submission.Status.SCORED and submission.blob_id is not None


def stale_reason(submission: Submission) -> str:
    """Return why a score would be another today, in a sentence; empty where it would not."""
    if not can_be_measured_again(submission):
        return ""
    if submission.evaluator != __version__:
        return f"Scored by evaluator {submission.evaluator}; today's is {__version__}."
    if submission.ground_truth_id != submission.split.ground_truth_id:
        return "Scored against an earlier ground truth of this split."
    return ""


@dataclass(frozen=True, slots=True)
class Change:
    """A number before and after, as fractions; None where it was undefined."""

    label: str
    key: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Erratum:
    """A submission whose numbers were replaced. `changes` are the headline metrics among them."""

    reevaluation: Reevaluation
    changes: tuple[Change, ...]
    others: int
    """Number of further metrics whose value changed."""


def replacements_visible_to(user: User | AnonymousUser) -> QuerySet[Reevaluation]:
    """Return replacements of numbers that this person may see and that changed, latest first."""
    seen = submissions_visible_to(user)
    if not user.is_staff:
        seen = seen.filter(Split.showing_scores("split__"))
    rows = Reevaluation.objects.filter(replaced_at__isnull=False, submission__in=seen.values("pk"))
    return (
        rows.exclude(before_metrics=F("after_metrics"))
        .select_related("submission__variant__method", "submission__split__benchmark")
        .order_by("-replaced_at")
    )


def replacements_of(submission: Submission) -> QuerySet[Reevaluation]:
    """Return the former results of a submission, latest first."""
    return submission.reevaluations.filter(replaced_at__isnull=False).order_by("-replaced_at")


def erratum_of(row: Reevaluation) -> Erratum:
    """Return the changes of a replacement, the headline metrics by name."""
    headline = BENCHMARKS[row.submission.split.benchmark.evaluator].headline
    before, after = row.before_metrics, row.after_metrics
    differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return Erratum(
        reevaluation=row,
        changes=tuple(
            Change(METRICS[key].label, key, before.get(key), after.get(key))
            for key in headline
            if key in differing
        ),
        others=len(differing - set(headline)),
    )
