"""Reads of analyses: one with all that a person may see of it, and the numbers of many for a board."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, QuerySet

from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.submissions.analyses.models import Analysis
from webapp.submissions.analyses.services import submissions_unexplained
from webapp.submissions.models import Submission
from webapp.submissions.selectors import details_are_visible


def analyses_current() -> QuerySet[Analysis]:
    """Return the finished analyses of the numbers that their submissions have now."""
    return Analysis.objects.filter(
        findings__isnull=False,
        evaluator=F("submission__evaluator"),
        ground_truth=F("submission__ground_truth"),
    )


def findings_of(submission: Submission, *, user: User | AnonymousUser) -> dict[str, Any] | None:
    """Return the findings as this person may see them, None where there are none (yet).

    Ask `numbers_are_visible` first. Numbers by category are details of the split, as those of the report.
    """
    found = analyses_current().filter(submission=submission).first()
    if found is None or found.findings is None:
        return None
    findings: dict[str, Any] = found.findings
    if details_are_visible(user=user, split=submission.split):
        return findings
    return _without_categories(findings)


def findings_of_many(ids: Iterable[UUID | str]) -> dict[str, dict[str, Any]]:
    """Return the findings of submissions that the caller may see, by id, without those by category."""
    rows = analyses_current().filter(submission__in=list(ids))
    return {str(row.submission_id): _without_categories(row.findings) for row in rows if row.findings}


def _without_categories(findings: dict[str, Any]) -> dict[str, Any]:
    return findings | {"tracking": findings["tracking"] | {"per_category": {}}}


def analysis_numbers(ids: Iterable[UUID | str]) -> Mapping[str, dict[str, float | None]]:
    """Return HOTA, IDF1 and the cost of each kind of error by submission, keyed as in the catalog.

    One query for the rows of a board. Whoever sees the scores of these submissions may see them.
    """
    rows = analyses_current().filter(submission__in=list(ids))
    return {str(id): numbers for id, numbers in rows.values_list("submission", "numbers")}


def analysis_is_expected(submission: Submission) -> bool:
    """Return whether a worker will make an analysis of this submission that is not there yet."""
    if submissions_unexplained().filter(pk=submission.pk).exists():
        return True
    return Job.objects.filter(analysis__submission=submission, status__in=Job.UNFINISHED).exists()
