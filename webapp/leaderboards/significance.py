"""Possible ranks and tie groups: which rows of a leaderboard the videos can separate.

An answer is as good as the numbers it was asked for and stays in the cache: a submission that was measured
again has another interval, or the draws it had.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.core.cache import cache
from django.db.models import Q, QuerySet

from evaluator.statistics.comparison import rank_intervals, tie_groups, unpack_samples
from webapp.benchmarks.models import VideoSubset
from webapp.leaderboards.board import RankedRow, Row
from webapp.leaderboards.metrics import Metric
from webapp.submissions.models import ScoreSamples, SubsetScore

KEPT_S = 7 * 24 * 3600


# Of rows with draws: (best, worst) place among themselves by submission, and groups of two or more, best
# first.
# Plain types, which the cache gives back whatever version of the site wrote them.
Significance = tuple[dict[str, tuple[int, int]], list[list[str]]]


def with_significance(
    ranked: Sequence[RankedRow], metric: Metric, subset: VideoSubset | None = None
) -> list[RankedRow]:
    """Give rows that were scored here the ranks that are possible, and the number of their tie group.

    The rows have the numbers of all videos, or of those of `subset` alone. Printed numbers have no draws:
    they keep their ranks, and take part in no comparison.
    """
    rows = [one.row for one in ranked if one.rank is not None and metric.key in one.row.intervals]
    if len(rows) < 2:
        return list(ranked)
    spans, groups = _significance(rows, metric, subset)
    # Rank k among the rows with draws is the rank that the k-th best of them has on the board.
    ranks = sorted(one.rank or 0 for one in ranked if one.row.submission_id in spans)
    group_of = {id: number for number, group in enumerate(groups) for id in group}

    def known(one: RankedRow) -> RankedRow:
        if one.row.submission_id not in spans:
            return one
        low, high = (ranks[rank - 1] for rank in spans[one.row.submission_id])
        return replace(one, rank_low=low, rank_high=high, tie_group=group_of.get(one.row.submission_id))

    return [known(one) for one in ranked]


def _significance(rows: Sequence[Row], metric: Metric, subset: VideoSubset | None) -> Significance:
    names = "\n".join(sorted(f"{row.submission_id} {row.intervals[metric.key]}" for row in rows))
    part = subset.pk if subset else ""
    key = f"significance:3:{part}:{metric.key}:{hashlib.sha256(names.encode()).hexdigest()}"
    found: Significance | None = cache.get(key)
    if found is None:
        found = _computed(rows, metric, subset)
        cache.set(key, found, KEPT_S)
    return found


def _computed(rows: Sequence[Row], metric: Metric, subset: VideoSubset | None) -> Significance:
    packed = _paired(rows, metric, subset)
    values = {row.submission_id: row.values[metric.key] or 0.0 for row in rows if row.submission_id in packed}
    samples = {id: unpack_samples(packed[id]) for id in values}
    intervals = rank_intervals(values, samples, higher_is_better=metric.higher_is_better)
    groups = tie_groups(values, samples, higher_is_better=metric.higher_is_better)
    spans = {id: (interval.low, interval.high) for id, interval in intervals.items()}
    return spans, [group for group in groups if len(group) > 1]


def _paired(rows: Iterable[Row], metric: Metric, subset: VideoSubset | None) -> dict[str, bytes]:
    """The draws of the rows by submission: of one ground truth and one number of draws, the commonest.

    A split may have got another ground truth, or the server another number of draws, since a row was scored.
    """
    of_submissions = Q(metric=metric.key, submission__in=[row.submission_id for row in rows])
    drawn: QuerySet[ScoreSamples] | QuerySet[SubsetScore]
    if subset is None:
        drawn = ScoreSamples.objects.filter(of_submissions)
    else:
        drawn = SubsetScore.objects.filter(of_submissions, subset=subset)
    wanted = drawn.values_list("submission_id", "submission__ground_truth_id", "samples")
    kinds: defaultdict[tuple[str | None, int], dict[str, bytes]] = defaultdict(dict)
    for submission_id, ground_truth_id, samples in wanted:
        if samples is not None:  # as for subsets before their draws were kept
            kinds[ground_truth_id, len(samples)][str(submission_id)] = bytes(samples)
    return max(kinds.values(), key=len, default={})
