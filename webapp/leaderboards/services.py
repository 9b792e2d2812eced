"""Writes the rows of boards and their numbers; `leaderboards.ranks` writes their ranks.

Everything here follows from submissions and scores, and is written in the transaction that changes these:
what is hidden is gone from the board when the answer says so.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from webapp.benchmarks.models import Benchmark, Split, VideoSubset
from webapp.jobs.queue import ring_housekeeper
from webapp.leaderboards.board import SAME, is_second_reading
from webapp.leaderboards.metrics import (
    ANALYSED,
    column_order,
    metric,
    primary_metric,
    printed_for,
    stand_ins,
)
from webapp.leaderboards.models import Board, BoardColumn, BoardRow, Standing
from webapp.leaderboards.ran_here import costs_of
from webapp.submissions.analyses.selectors import analysis_numbers
from webapp.submissions.costs import Cost
from webapp.submissions.models import Score, ScoreSamples, Submission, SubsetScore

RANK_TASK = "worker.rank_boards"
# Variants that are written in one transaction, where all of a split are.
CHUNK = 500

KEPT_COSTS = ("params_m", "gmacs", "fps", "device")

# By metric: the value, rounded, and the key of its draws.
Numbers = dict[str, tuple[float, int | None]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row as it should be, with its numbers."""

    variant_id: int
    is_public: bool
    is_secondary: bool
    is_measured: bool
    stand_in: int | None
    stand_in_value: float | None
    numbers: Numbers = field(hash=False)
    cost: Cost

    @property
    def competes(self) -> bool:
        return self.is_public and not self.is_secondary

    def is_row(self, row: BoardRow) -> bool:
        """Whether a stored row says the same, its numbers aside."""
        names = ("variant_id", "is_public", "is_secondary", "is_measured", "stand_in", "stand_in_value")
        return all(getattr(self, name) == getattr(row, name) for name in names)

    def costs(self) -> dict[str, Any]:
        """What a row keeps of the cost, to sort and filter by."""
        return {name: getattr(self.cost, name) for name in KEPT_COSTS}


@transaction.atomic
def boards_refresh(changed: Iterable[tuple[int, int]], *, without: Collection[UUID] = ()) -> None:
    """Make the rows of these (split, variant) what their submissions say, all but those of `without`.

    The split's first board is locked until the transaction ends, so call it when all else is locked.
    """
    variants: dict[int, set[int]] = defaultdict(set)
    for split_id, variant_id in changed:
        variants[split_id].add(variant_id)
    for split_id in sorted(variants):
        split = Split.objects.select_related("benchmark").defer("videos").get(pk=split_id)
        _refresh(split, variants[split_id], without)
    ring_housekeeper(RANK_TASK)


def boards_fill(split_id: int) -> None:
    """Make all rows of a split what its submissions say, whatever was there."""
    scored = Submission.objects.filter(split=split_id, status=Submission.Status.SCORED)
    known = BoardRow.objects.filter(board__split=split_id)
    found = {*scored.values_list("variant_id", flat=True), *known.values_list("variant_id", flat=True)}
    _refresh_in_chunks([(split_id, variant_id) for variant_id in found])


def boards_fill_missing() -> int:
    """Write the rows of variants that their split's board lacks, as after an update; return how many.

    Each variant with a scored submission has a row, so an interrupted filling is found, too.
    """
    on_board = BoardRow.objects.filter(
        board__split=OuterRef("split"),
        board__subset=None,
        board__is_printed=False,
        variant=OuterRef("variant"),
    )
    scored = Submission.objects.filter(~Exists(on_board), status=Submission.Status.SCORED)
    missing = list(scored.order_by().values_list("split_id", "variant_id").distinct())
    _refresh_in_chunks(missing)
    return len(missing)


def _refresh_in_chunks(changed: list[tuple[int, int]]) -> None:
    for start in range(0, len(changed), CHUNK):
        boards_refresh(changed[start : start + CHUNK])


def boards_rebuild() -> None:
    """Make all boards from nothing but submissions and scores; their ranks follow in full."""
    for split_id in Split.objects.values_list("pk", flat=True):
        boards_fill(split_id)
    BoardColumn.objects.update(changes=F("changes") + 1, power=0)


def board_lock(split_id: int) -> Board:
    """Return the first board of a split, locked: who writes anything of its boards has it."""
    board, _ = Board.objects.get_or_create(split_id=split_id, subset=None, is_printed=False)
    return Board.objects.select_for_update().get(pk=board.pk)


def _refresh(split: Split, variants: set[int], without: Collection[UUID]) -> None:
    first = board_lock(split.pk)  # before anything is read: what others have changed is seen
    scored = Submission.objects.filter(split=split, variant__in=variants, status=Submission.Status.SCORED)
    submissions = [one for one in scored.defer("problems") if one.pk not in without]
    ids = [one.pk for one in submissions]
    everything = _numbers(ids)
    costs = costs_of(submissions)
    reported = Submission.Origin.REPORTED
    printed = [one for one in submissions if one.origin == reported]
    has_printed = bool(printed) or Board.objects.filter(split=split, is_printed=True).exists()
    for subset in (None, *split.subsets.defer("videos")):
        numbers = everything if subset is None else _subset_numbers(ids, subset, everything)
        present = [one for one in submissions if subset is None or numbers[one.pk] or one.origin != reported]
        board = first if subset is None else _board(split, subset, is_printed=False)
        _store(board, variants, dict(_wanted(present, numbers, costs, split.benchmark)))
        if has_printed:
            shown = [one for one in present if one in printed]
            rows = dict(_wanted(shown, numbers, costs, split.benchmark))
            _store(_board(split, subset, is_printed=True), variants, rows)


def _board(split: Split, subset: VideoSubset | None, *, is_printed: bool) -> Board:
    return Board.objects.get_or_create(split=split, subset=subset, is_printed=is_printed)[0]


def _numbers(ids: Sequence[UUID]) -> dict[UUID, Numbers]:
    """The numbers of submissions over all videos."""
    drawn = ScoreSamples.objects.filter(submission__in=ids).values_list("submission_id", "metric", "pk")
    draws = {(id, key): pk for id, key, pk in drawn}
    numbers: dict[UUID, Numbers] = defaultdict(dict)
    scores = Score.objects.filter(submission__in=ids, value__isnull=False)
    for id, key, value in scores.values_list("submission_id", "metric", "value"):
        numbers[id][key] = (round(value or 0.0, SAME), draws.get((id, key)))
    for text, found in analysis_numbers(ids).items():
        known = {key: found[key] for key in ANALYSED if found.get(key) is not None}
        numbers[UUID(text)] |= {key: (round(value or 0.0, SAME), None) for key, value in known.items()}
    return numbers


def _subset_numbers(
    ids: Sequence[UUID], subset: VideoSubset, everything: Mapping[UUID, Numbers]
) -> dict[UUID, Numbers]:
    """Those over a subset; where nothing was measured, what papers print of it."""
    scores = SubsetScore.objects.filter(submission__in=ids, subset=subset, value__isnull=False)
    drawn = set(scores.filter(samples__isnull=False).values_list("pk", flat=True))
    numbers: dict[UUID, Numbers] = defaultdict(dict)
    for id, key, value, pk in scores.values_list("submission_id", "metric", "value", "pk"):
        numbers[id][key] = (round(value or 0.0, SAME), pk if pk in drawn else None)
    printed = printed_for(subset.name)
    for id in ids:
        for key, (value, _) in everything[id].items():
            if key in printed:
                numbers[id].setdefault(printed[key], (value, None))
    return numbers


def _wanted(
    submissions: Iterable[Submission],
    numbers: Mapping[UUID, Numbers],
    costs: Mapping[UUID, Cost],
    benchmark: Benchmark,
) -> Iterator[tuple[UUID, Wanted]]:
    """Yield the rows of submissions, by the submission's id."""
    primary = primary_metric(benchmark)
    order = [one.key for one in stand_ins(benchmark, column_order(benchmark))]

    def row(one: Submission, *, is_secondary: bool = False) -> tuple[UUID, Wanted]:
        mine = numbers[one.pk]
        index = None if primary in mine else next((n for n, key in enumerate(order) if key in mine), None)
        value = None if index is None else mine[order[index]][0]
        if index is not None and value is not None and not metric(order[index]).higher_is_better:
            value = -value
        fields = (one.variant_id, one.is_public, is_secondary, bool(mine), index, value)
        return one.pk, Wanted(*fields, numbers=mine, cost=costs[one.pk])

    def strength(one: Submission) -> tuple[object, ...]:
        """Of equal numbers, one scored here goes before a printed one, and the older before the newer."""
        value, is_printed = numbers[one.pk].get(primary), one.origin == Submission.Origin.REPORTED
        return value is None, -value[0] if value else 0.0, is_printed, one.finished_at, one.pk

    readings: dict[int, list[Submission]] = defaultdict(list)
    for one in submissions:
        if is_second_reading(one.origin, one.source):
            yield row(one, is_secondary=True)
        else:
            readings[one.variant_id].append(one)
    for of_variant in readings.values():
        authors = set()
        for one in sorted(of_variant, key=strength):
            if one.is_public:
                yield row(one)
                break
            if one.author_id not in authors:
                authors.add(one.author_id)
                yield row(one)


def _store(board: Board, variants: Iterable[int], wanted: Mapping[UUID, Wanted]) -> None:
    """Make the stored rows of these variants the wanted ones; what stays the same keeps its ranks."""
    of_these = Q(variant__in=variants) | Q(submission__in=list(wanted))  # one may have had another variant
    stored = BoardRow.objects.filter(of_these, board=board).prefetch_related("standings")
    columns = {column.metric: column for column in BoardColumn.objects.filter(board=board)}
    missing = {key for one in wanted.values() for key in one.numbers} - columns.keys()
    BoardColumn.objects.bulk_create([BoardColumn(board=board, metric=key) for key in sorted(missing)])
    if missing:
        columns = {column.metric: column for column in BoardColumn.objects.filter(board=board)}
    kept: dict[UUID, BoardRow] = {}
    gone_rows: list[int] = []
    gone: list[Standing] = []
    touched: set[int] = set()
    changed_costs: list[BoardRow] = []
    for row in stored:
        want = wanted.get(row.submission_id)
        now = {} if want is None else {columns[key].pk: pair for key, pair in want.numbers.items()}
        if want is not None and want.is_row(row):
            kept[row.submission_id] = row
            if any(getattr(row, name) != value for name, value in want.costs().items()):
                for name, value in want.costs().items():
                    setattr(row, name, value)
                changed_costs.append(row)
        else:
            now = {}
            gone_rows.append(row.pk)
        differing = [one for one in row.standings.all() if now.get(one.column_id) != (one.value, one.samples)]
        gone += differing
        if row.is_public and not row.is_secondary:
            touched.update(one.column_id for one in differing)
    fresh = [(id, want) for id, want in wanted.items() if id not in kept]
    lost = {one.pk for one in gone}
    has = {
        (row.pk, one.column_id) for row in kept.values() for one in row.standings.all() if one.pk not in lost
    }
    # The counts of others hold those that were compared, until the next ranks are made.
    Standing.objects.filter(pk__in=lost, is_counted=True).update(row=None)
    Standing.objects.filter(pk__in=lost, is_counted=False).delete()
    BoardRow.objects.filter(pk__in=gone_rows).delete()
    made = BoardRow.objects.bulk_create(_row(board, id, want) for id, want in fresh)
    rows = {**kept, **{row.submission_id: row for row in made}}
    new: list[Standing] = []
    for id, want in wanted.items():
        for key, (value, samples) in want.numbers.items():
            if (rows[id].pk, columns[key].pk) not in has:
                new.append(Standing(row=rows[id], column=columns[key], value=value, samples=samples))
                if want.competes:
                    touched.add(columns[key].pk)
    Standing.objects.bulk_create(new, batch_size=5000)
    BoardColumn.objects.filter(pk__in=touched).update(changes=F("changes") + 1)
    BoardRow.objects.bulk_update(changed_costs, KEPT_COSTS)
    if gone_rows or fresh or gone or new or changed_costs:
        Board.objects.filter(pk=board.pk).update(version=F("version") + 1)


def _row(board: Board, id: UUID, want: Wanted) -> BoardRow:
    return BoardRow(
        board=board,
        variant_id=want.variant_id,
        submission_id=id,
        is_public=want.is_public,
        is_secondary=want.is_secondary,
        is_measured=want.is_measured,
        stand_in=want.stand_in,
        stand_in_value=want.stand_in_value,
        **want.costs(),
    )
