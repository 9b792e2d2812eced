"""Submissions as rows of a leaderboard, with their numbers."""

from collections import defaultdict
from collections.abc import Sequence

from webapp.benchmarks.models import VideoSubset
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import printed_for
from webapp.methods.models import Variant
from webapp.submissions.costs import cost_said
from webapp.submissions.errata.selectors import stale_reason
from webapp.submissions.models import Score, Submission, SubsetScore


def rows_of(submissions: Sequence[Submission], subset: VideoSubset | None = None) -> list[Row]:
    """Submissions, whose variants and methods are loaded, as rows with all their numbers; one query.

    With a `subset` the numbers are those of its videos alone, where papers print any, too: two queries.
    """
    values: dict[object, dict[str, float | None]] = defaultdict(dict)
    intervals: dict[object, dict[str, tuple[float, float]]] = defaultdict(dict)
    ids = [submission.pk for submission in submissions]
    everything = Score.objects.filter(submission__in=ids)
    scores = everything if subset is None else SubsetScore.objects.filter(submission__in=ids, subset=subset)
    for id, key, value, low, high in scores.values_list("submission_id", "metric", "value", "low", "high"):
        values[id][key] = value
        if low is not None and high is not None:
            intervals[id][key] = (low, high)
    printed = {} if subset is None else printed_for(subset.name)
    if printed:
        stated = everything.filter(metric__in=printed).values_list("submission_id", "metric", "value")
        for id, key, value in stated:
            values[id].setdefault(printed[key], value)
    return [_row(one, values[one.pk], intervals[one.pk]) for one in submissions]


def _row(
    submission: Submission, values: dict[str, float | None], intervals: dict[str, tuple[float, float]]
) -> Row:
    variant, method = submission.variant, submission.variant.method
    return Row(
        submission_id=str(submission.pk),
        variant_id=variant.pk,
        method_id=method.pk,
        method=method.name,
        method_slug=method.slug,
        variant=variant.name,
        factors=_in_order(variant.factors),
        origin=submission.origin,
        values=values,
        intervals=intervals,
        is_public=submission.is_public,
        author=submission.author.get_username() if submission.author else "",
        venue=method.venue,
        year=method.year,
        paper_url=method.paper_url,
        code_url=method.code_url,
        source=submission.source,
        evaluator=submission.evaluator,
        digest=submission.digest,
        note=submission.note,
        finished_at=submission.finished_at,
        colour=method.colour,
        team=method.team or method.authors,
        cost=cost_said(submission),
        stale=stale_reason(submission),
    )


def _in_order(factors: dict[str, object]) -> dict[str, str]:
    """The factors that are known, those with a type first (the database keeps no order of keys)."""
    keys = [*Variant.FACTORS, *sorted(set(factors) - set(Variant.FACTORS))]
    return {key: str(factors[key]) for key in keys if factors.get(key) not in (None, "")}
