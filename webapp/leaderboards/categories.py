"""The primary metric by category, of the rows of a page: from their reports, where a reader may see these."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from webapp.leaderboards.board import Row
from webapp.leaderboards.selectors import Leaderboard
from webapp.submissions.models import Submission
from webapp.submissions.results import ResultLost
from webapp.submissions.selectors import result_of

ByCategory = Mapping[str, float | None]


def by_category(board: Leaderboard, rows: Sequence[Row]) -> dict[str, ByCategory]:
    """Return the numbers of these rows by submission, then by the category's name; one query.

    Rows without a report (printed numbers, or a file that is lost) are left out.
    """
    ids = [UUID(row.submission_id) for row in rows]
    found: dict[str, ByCategory] = {}
    scored = Submission.objects.filter(pk__in=ids, result__isnull=False).select_related("result")
    for submission in scored.defer("problems"):
        submission.split = board.split
        with suppress(ResultLost):
            parts = result_of(submission, user=board.every.user).get("per_category", {})
            found[str(submission.pk)] = {name: _value(board, values) for name, values in parts.items()}
    return found


def _value(board: Leaderboard, values: Mapping[str, float | None]) -> float | None:
    """The primary metric of a category; where reports have another one for categories, that."""
    return values.get(board.primary.key) if board.primary.key in values else next(iter(values.values()), None)
