"""The numbers of a page of a board as differences to a pinned row, with what their draws say of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from evaluator.statistics.comparison import Sample, difference, unpack_samples
from webapp.leaderboards.board import Row
from webapp.leaderboards.selectors import Leaderboard
from webapp.numbers import bounds, change
from webapp.submissions.models import ScoreSamples, SubsetScore


@dataclass(frozen=True, slots=True)
class Lead:
    """A number minus that of the baseline, in points: "+2.3".

    `interval` has its 95 % bounds, "+0.5 to +4.1", where both were scored on the same draws; empty where it
    is not known. `is_sure`: 0 lies outside.
    """

    text: str
    interval: str = ""
    is_sure: bool = False


def leads(board: Leaderboard, rows: Sequence[Row]) -> dict[tuple[str, str], Lead]:
    """Return the differences of these rows to the pinned one, by submission and metric; one query."""
    if board.baseline is None:
        return {}
    pinned = board.baseline.row
    keys = [column.metric.key for column in board.columns]
    draws = _draws(board, [pinned, *rows], keys)
    found: dict[tuple[str, str], Lead] = {}
    for row in rows:
        for key in keys:
            value, base = row.values.get(key), pinned.values.get(key)
            if value is None or base is None or row.submission_id == pinned.submission_id:
                continue
            mine, other = draws.get((row.submission_id, key)), draws.get((pinned.submission_id, key))
            found[row.submission_id, key] = _lead(value, base, mine, other)
    return found


Draws = tuple[object, Sample]


def _lead(value: float, base: float, mine: Draws | None, other: Draws | None) -> Lead:
    text = change(value, base)
    if mine is None or other is None or mine[0] != other[0] or len(mine[1]) != len(other[1]):
        return Lead(text)
    tested = difference(value, base, mine[1], other[1])
    if tested is None:
        return Lead(text)
    return Lead(text, bounds(tested.low, tested.high), tested.significant)


def _draws(board: Leaderboard, rows: Sequence[Row], keys: Sequence[str]) -> dict[tuple[str, str], Draws]:
    """The draws of rows by submission and metric, each with the ground truth that they are of."""
    ids = [UUID(row.submission_id) for row in rows]
    fields = ("submission_id", "metric", "submission__ground_truth_id", "samples")
    scores: QuerySet[ScoreSamples] | QuerySet[SubsetScore] = ScoreSamples.objects.all()
    if board.subset is not None:
        scores = SubsetScore.objects.filter(subset=board.subset, samples__isnull=False)
    stored = scores.filter(submission__in=ids, metric__in=keys).values_list(*fields)
    return {
        (str(id), key): (ground_truth, unpack_samples(bytes(packed)))
        for id, key, ground_truth, packed in stored
    }
