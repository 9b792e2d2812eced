"""The headline numbers of a submission on the subsets of its split, beside those of all videos."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.benchmarks.models import VideoSubset
from webapp.leaderboards.metrics import Metric, column_order, metric
from webapp.numbers import UNDEFINED, percent
from webapp.submissions.models import Submission


@dataclass(frozen=True, slots=True)
class SubsetCell:
    text: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class SubsetRow:
    """All videos, or a subset; `href` is its leaderboard."""

    title: str
    videos: int
    href: str
    cells: tuple[SubsetCell, ...]


@dataclass(frozen=True, slots=True)
class SubsetTable:
    """`missing` are the titles of subsets on which the submission was not evaluated."""

    columns: tuple[Metric, ...]
    rows: tuple[SubsetRow, ...]
    missing: tuple[str, ...]


def subset_table(submission: Submission) -> SubsetTable | None:
    """Return the table, None where the split has no subsets; three queries."""
    split = submission.split
    subsets = list(split.subsets.all())
    if not subsets or split.benchmark.spec is None:
        return None
    headline = split.benchmark.spec.headline
    columns = [key for key in column_order(split.benchmark) if key in headline]
    whole = {score.metric: _cell(score.value, score.low, score.high) for score in submission.scores.all()}
    parts: defaultdict[int, dict[str, SubsetCell]] = defaultdict(dict)
    for score in submission.subset_scores.defer("samples"):
        parts[score.subset_id][score.metric] = _cell(score.value, score.low, score.high)
    address = split.get_absolute_url()
    everything = SubsetRow("All videos", split.video_count, address, _cells(whole, columns))
    return SubsetTable(
        columns=tuple(metric(key) for key in columns),
        rows=(everything, *(_row(subset, address, parts[subset.pk], columns) for subset in subsets)),
        missing=tuple(subset.title for subset in subsets if subset.pk not in parts or not parts[subset.pk]),
    )


def _row(subset: VideoSubset, address: str, cells: Mapping[str, SubsetCell], columns: list[str]) -> SubsetRow:
    return SubsetRow(
        subset.title, subset.video_count, f"{address}&subset={subset.name}", _cells(cells, columns)
    )


def _cells(cells: Mapping[str, SubsetCell], columns: list[str]) -> tuple[SubsetCell, ...]:
    return tuple(cells.get(key, SubsetCell(UNDEFINED)) for key in columns)


def _cell(value: float | None, low: float | None, high: float | None) -> SubsetCell:
    interval = "" if low is None or high is None else f"{percent(low)} to {percent(high)}"
    return SubsetCell(percent(value), interval)
