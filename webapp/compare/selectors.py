"""The submissions that a person may compare."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from evaluator.statistics.comparison import unpack_samples
from webapp.accounts.models import User
from webapp.compare.comparison import Compared, Comparison
from webapp.leaderboards.board import Row
from webapp.leaderboards.choosing import COMPARED
from webapp.leaderboards.submission_rows import rows_of
from webapp.refusal import Refused
from webapp.submissions.analyses.selectors import findings_of_many
from webapp.submissions.models import Submission
from webapp.submissions.selectors import numbers_are_visible, result_of, submissions_visible_to


def comparison_get(*, user: User | AnonymousUser, ids: Sequence[str]) -> Comparison:
    """Compare the first of `ids` with each of the others.

    Raises Refused: not two to five ids, one that does not exist or that the person must not see, one that is
    not scored, submissions to several splits, or scores that are hidden.
    """
    wanted = _uuids(ids)
    rows = {
        row.pk: row
        for row in submissions_visible_to(user)
        .filter(pk__in=wanted)
        .select_related("result")
        .prefetch_related("samples")
    }
    for id in wanted:
        _check(id, rows.get(id))
    submissions = [rows[id] for id in wanted]
    split = submissions[0].split
    if others := {str(one.split) for one in submissions if one.split_id != split.pk}:
        message = f"They are submissions to {split} and {', '.join(sorted(others))}."
        raise Refused("several-splits", message, "Choose submissions to one split, with the same videos.")
    if not all(numbers_are_visible(user=user, submission=one) for one in submissions):
        raise Refused("scores-hidden", f"Scores of {split} are not shown yet.", status=403)
    shown = zip(submissions, rows_of(submissions), strict=True)
    findings = findings_of_many(wanted)
    return Comparison(
        split,
        tuple(_compared(submission, row, user, findings.get(row.submission_id)) for submission, row in shown),
    )


def _uuids(ids: Sequence[str]) -> list[UUID]:
    texts = [text.strip() for text in ids if text.strip()]
    try:
        found = list(dict.fromkeys(UUID(text) for text in texts))
    except ValueError:
        raise Refused(
            "submission-id",
            f"Not every one of {', '.join(texts)[:200]!r} is the id of a submission.",
            "An id is the last part of the address of a submission's page.",
        ) from None
    if not COMPARED[0] <= len(found) <= COMPARED[1]:
        raise Refused(
            "submissions-count",
            f"Expected {COMPARED[0]} to {COMPARED[1]} different submissions, but got {len(found)}.",
            "Write their ids with commas between them: ?submissions=ID,ID.",
        )
    return found


def _check(id: UUID, row: Submission | None) -> None:
    if row is None:
        raise Refused(
            "unknown-submission",
            f"There is no submission {id}, or none that you may see.",
            "Log in if it is your own private one.",
            status=404,
        )
    if row.status != Submission.Status.SCORED:
        raise Refused(
            "not-scored",
            f"The submission {id} has no numbers: {row.get_status_display().lower()}.",
            "Compare it when it is scored.",
            status=409,
        )


def _compared(
    submission: Submission, row: Row, user: User | AnonymousUser, findings: Mapping[str, Any] | None
) -> Compared:
    report = result_of(submission, user=user) if submission.result else {}
    samples = {one.metric: unpack_samples(bytes(one.samples)) for one in submission.samples.all()}
    return Compared(
        row=row,
        per_category=report.get("per_category", {}),
        per_video=report.get("per_video", {}),
        samples=samples,
        draws=f"{submission.ground_truth_id} {len(next(iter(samples.values()), ()))}",
        findings=findings,
    )
