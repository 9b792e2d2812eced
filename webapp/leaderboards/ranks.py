"""Makes the ranks of boards: by the housekeeper, after numbers have changed. It loads numpy; pages do not.

It is kept how many rows surely beat each one and how many it surely beats, so a row that comes or goes costs
one vector of comparisons (evaluator/statistics/board_ranks.py). All pairs are compared again where the
threshold changes (a power of two of rows), or the draws, or where the draws of a row that left are gone.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Func, IntegerField, Q

from evaluator.statistics.board_ranks import Draws, against, counts, groups, power_for, threshold
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.leaderboards.models import Board, BoardColumn, Standing
from webapp.leaderboards.services import board_lock
from webapp.submissions.models import ScoreSamples, SubsetScore

# Of advisory locks: one process makes the ranks of a column at a time.
LOCK = 0x6B0A
# Up to so many changes one by one; from then on all pairs are compared again, in matrices.
FEW_CHANGES = 4
CHANGES_PER_ROW = 1 / 64
READ_AT_ONCE = 500
# Of equal numbers, the older one may lead a group.
ORDER = ("row__submission__finished_at", "row__submission", "pk")

_WRITE = """
UPDATE leaderboards_standing AS s
SET rank = n.rank, is_tied = n.tied, rank_low = n.low, rank_high = n.high, tie_group = n.tie,
    above = n.above, below = n.below, is_counted = n.counted
FROM unnest(%s::bigint[], %s::int[], %s::boolean[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[],
            %s::boolean[])
    AS n(id, rank, tied, low, high, tie, above, below, counted)
WHERE s.id = n.id
"""


@dataclass(slots=True)
class Ranking:
    """What is written of a standing, as the database has it now and as it will be."""

    rank: int | None
    is_tied: bool
    rank_low: int | None
    rank_high: int | None
    tie_group: int | None
    above: int
    below: int
    is_counted: bool

    def values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Number:
    """A standing as it is read; `is_here` is false of one that left its board."""

    pk: int
    is_here: bool
    value: float
    samples: int | None
    ground_truth: str | None
    ranking: Ranking


def boards_rank(*, wait: bool = False) -> int:
    """Make the ranks of columns whose numbers changed, primary metrics first, and return how many.

    Columns that another process works on are left to it; with `wait` they are waited for.
    """
    done = 0
    passed_over: set[int] = set()  # another process is at them
    while True:
        waiting = BoardColumn.objects.exclude(ranked=F("changes")).exclude(pk__in=passed_over)
        columns = list(waiting.select_related("board__split__benchmark").defer("board__split__videos"))
        if not columns:
            return done
        column = min(columns, key=_urgency)
        if _rank(column, wait=wait):
            done += 1
        else:
            passed_over.add(column.pk)


def _urgency(column: BoardColumn) -> tuple[object, ...]:
    is_primary = column.metric == primary_metric(column.board.split.benchmark)
    return not is_primary, column.board.subset_id is not None, column.pk


@transaction.atomic
def _rank(column: BoardColumn, *, wait: bool = False) -> bool:
    """Make the ranks of a column; false where another process does."""
    with connection.cursor() as cursor:
        call = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
        cursor.execute(f"SELECT {call}(%s, %s)", [LOCK, column.pk % 2**31])
        if cursor.fetchone()[0] is False:
            return False
    fresh = BoardColumn.objects.select_related("board").filter(pk=column.pk).first()
    if fresh is None or fresh.is_ranked:
        return True
    column = fresh
    changes = column.changes  # read first: what changes from here on is found by the next round
    numbers = _read(column)
    here = [one for one in numbers if one.is_here]
    rankings = _plain_ranks(here, higher_is_better=metric(column.metric).higher_is_better)
    column.power, column.draws, column.counted = _compare(column, numbers, rankings)
    board_lock(column.board.split_id)
    _write({one.pk: rankings[one.pk] for one in here if rankings[one.pk] != one.ranking})
    Standing.objects.filter(pk__in=[one.pk for one in numbers if not one.is_here]).delete()
    column.ranked = changes
    column.save(update_fields=["ranked", "power", "draws", "counted"])
    Board.objects.filter(pk=column.board_id).update(version=F("version") + 1)
    return True


def _read(column: BoardColumn) -> list[Number]:
    competing = Q(row=None) | Q(row__is_public=True, row__is_secondary=False)
    rows = Standing.objects.filter(competing, column=column)
    names = ("rank", "is_tied", "rank_low", "rank_high", "tie_group", "above", "below", "is_counted")
    fields = ("pk", "row_id", "value", "samples", "row__submission__ground_truth_id", *names)
    return [
        Number(pk, row is not None, value, samples, ground_truth, Ranking(*ranking))
        for pk, row, value, samples, ground_truth, *ranking in rows.order_by(*ORDER).values_list(*fields)
    ]


def _plain_ranks(numbers: Sequence[Number], *, higher_is_better: bool) -> dict[int, Ranking]:
    """Rank by value alone: equal values share a rank, and the next one is skipped (1, 1, 3)."""
    times = Counter(one.value for one in numbers)
    rank_of: dict[float, int] = {}
    next_rank = 1
    for value in sorted(times, reverse=higher_is_better):
        rank_of[value] = next_rank
        next_rank += times[value]
    return {
        one.pk: Ranking(rank_of[one.value], times[one.value] > 1, None, None, None, 0, 0, False)
        for one in numbers
    }


def _compare(
    column: BoardColumn, numbers: Sequence[Number], rankings: Mapping[int, Ranking]
) -> tuple[int, str, int]:
    """Fill in what the draws say; return what is kept of it with the column: power, draws, counted rows."""
    lengths = _lengths(column, [one.samples for one in numbers if one.samples is not None])
    kinds = {
        one.pk: f"{one.ground_truth} {lengths[one.samples]}"
        for one in numbers
        if one.is_here and one.samples is not None and lengths.get(one.samples)
    }
    # A split may get another ground truth, or the server another number of draws, after a row was scored.
    times = Counter(kinds.values())
    kind = max(times, key=lambda name: (times[name], name), default="")
    compared = [one for one in numbers if kinds.get(one.pk) == kind and kind]
    if len(compared) < 2:
        return 0, "", 0
    power = power_for(len(compared))
    chosen = {one.pk for one in compared}
    leaving = [one for one in numbers if one.ranking.is_counted and one.pk not in chosen]
    coming = [one for one in compared if not one.ranking.is_counted]
    is_known = (power, kind) == (column.power, column.draws) and column.counted == (
        len(compared) - len(coming) + len(leaving)
    )
    few = FEW_CHANGES + CHANGES_PER_ROW * len(compared)
    length = int(kind.split()[1])
    is_kept = all(lengths.get(one.samples or 0) == length for one in leaving)
    one_by_one = is_known and is_kept and len(coming) + len(leaving) <= few
    order = [*compared, *(leaving if one_by_one else ())]
    draws = _draws(column, order, length)
    if one_by_one:
        above, below = _counts_after(draws, order, chosen, threshold(power))
    else:
        above, below = counts(draws, threshold(power))
    size = len(compared)
    tie = groups(draws.take(slice(0, size)) if len(order) > size else draws, threshold(power))
    _fill(compared, rankings, above[:size].tolist(), below[:size].tolist(), tie.tolist())
    return power, kind, size


def _lengths(column: BoardColumn, keys: Sequence[int]) -> dict[int, int]:
    """Return the number of draws by their key, of those that are still there."""
    length = Func(F("samples"), function="octet_length", output_field=IntegerField())
    rows = _samples(column).filter(pk__in=keys).annotate(length=length)
    return {pk: size // 4 for pk, size in rows.values_list("pk", "length") if size}


def _samples(column: BoardColumn) -> Any:
    """Return the table that holds the draws of a column, as a query."""
    return ScoreSamples.objects.all() if column.board.subset_id is None else SubsetScore.objects.all()


def _draws(column: BoardColumn, numbers: Sequence[Number], length: int) -> Draws:
    index: dict[int | None, list[int]] = defaultdict(list)  # a row that left and came back is there twice
    for n, one in enumerate(numbers):
        index[one.samples].append(n)
    table = np.full((len(numbers), length), np.nan, np.float32)  # of one that is gone by now nothing is known
    rows = _samples(column).filter(pk__in=list(index)).values_list("pk", "samples")
    for pk, packed in rows.iterator(READ_AT_ONCE):
        table[index[pk]] = np.frombuffer(packed, "<f4")
    values = [one.value for one in numbers]
    return Draws.of(values, table, higher_is_better=metric(column.metric).higher_is_better)


def _counts_after(draws: Draws, order: Sequence[Number], chosen: set[int], z: float) -> tuple[Any, Any]:
    """Return the kept counts without the rows that left, and with those that came."""
    above = np.array([one.ranking.above if one.ranking.is_counted else 0 for one in order], np.int64)
    below = np.array([one.ranking.below if one.ranking.is_counted else 0 for one in order], np.int64)
    is_in = np.array([one.ranking.is_counted for one in order], np.bool_)
    for n, one in enumerate(order):
        is_leaving = one.pk not in chosen
        if one.ranking.is_counted and not is_leaving:
            continue
        better, worse = against(draws, draws.take(slice(n, n + 1)), z)
        is_in[n] = False
        better, worse = better & is_in, worse & is_in
        step = -1 if is_leaving else 1
        below[better] += step
        above[worse] += step
        if not is_leaving:
            above[n], below[n], is_in[n] = better.sum(), worse.sum(), True
    return above, below


def _fill(
    compared: Sequence[Number],
    rankings: Mapping[int, Ranking],
    above: Sequence[int],
    below: Sequence[int],
    tie: Sequence[int],
) -> None:
    """Turn counts into ranks: rank k among the rows with draws is the rank of the k-th best of them."""
    ranks = sorted(rankings[one.pk].rank or 0 for one in compared)
    members = Counter(tie)
    leaders: dict[int, int] = {}
    for one, group in zip(compared, tie, strict=True):
        rank = rankings[one.pk].rank or 0
        leaders[group] = min(leaders.get(group, rank), rank)
    for n, one in enumerate(compared):
        ranking = rankings[one.pk]
        ranking.above, ranking.below, ranking.is_counted = above[n], below[n], True
        ranking.rank_low, ranking.rank_high = ranks[above[n]], ranks[len(ranks) - below[n] - 1]
        ranking.tie_group = leaders[tie[n]] if members[tie[n]] > 1 else None


def _write(rankings: Mapping[int, Ranking]) -> None:
    """Write the rankings that changed, in one statement."""
    if not rankings:
        return
    columns = zip(*((pk, *ranking.values()) for pk, ranking in rankings.items()), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [list(column) for column in columns])
