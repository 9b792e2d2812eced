"""Submissions to one split, the first against each of the others: how different, and how sure. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evaluator.statistics.comparison import Difference, Sample, difference
from webapp.benchmarks.models import Split
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import Metric, column_order, metric, primary_metric
from webapp.leaderboards.names import names_apart

LETTERS = "ABCDE"
Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Compared:
    """One submission. Without a report (reported numbers) there are no categories and no videos.

    `samples` are its draws by metric, `draws` what they were drawn from: equal for submissions that were
    measured on the same draws. `findings` are those of its analysis, None where there is none.
    """

    row: Row
    per_category: Mapping[str, Values]
    per_video: Mapping[str, Values]
    samples: Mapping[str, Sample]
    draws: str
    findings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """A metric of both; `delta` is first minus other, `tested` None where no common draws show how sure."""

    metric: Metric
    first: float | None
    other: float | None
    tested: Difference | None

    @property
    def delta(self) -> float | None:
        return None if self.first is None or self.other is None else self.first - self.other

    @property
    def lead(self) -> float:
        """Return how much better the first is: the difference, negated where lower is better."""
        return (self.delta or 0.0) * (1 if self.metric.higher_is_better else -1)


@dataclass(frozen=True, slots=True)
class PartDifference:
    """One category or video. `key` is what the reports call it, `name` what people do."""

    key: str
    name: str
    first: Values
    other: Values

    def delta(self, key: str) -> float | None:
        first, other = self.first.get(key), self.other.get(key)
        return None if first is None or other is None else first - other


@dataclass(frozen=True, slots=True)
class Against:
    """The first submission against another one."""

    first: Compared
    other: Compared
    metrics: tuple[MetricDifference, ...]
    categories: tuple[PartDifference, ...]
    videos: tuple[PartDifference, ...]


@dataclass(frozen=True)
class Comparison:
    """`split` is that of all of them; `headline` are keys of the metrics that a table shows first."""

    split: Split
    compared: tuple[Compared, ...]

    @cached_property
    def primary(self) -> Metric:
        return metric(primary_metric(self.split.benchmark))

    @cached_property
    def headline(self) -> tuple[str, ...]:
        spec = self.split.benchmark.spec
        known = {key for one in self.against for key in (m.metric.key for m in one.metrics)}
        return tuple(key for key in (spec.headline if spec else ()) if key in known) or tuple(sorted(known))

    @cached_property
    def against(self) -> tuple[Against, ...]:
        first, *others = self.compared
        return tuple(_against(self.split, first, other) for other in others)

    @cached_property
    def names(self) -> dict[str, str]:
        """Return a name per submission: its method, with settings or a letter where others have the same."""
        rows = [one.row for one in self.compared]
        methods = Counter(row.method for row in rows)
        settings = [more for _, more in names_apart(rows)[0]]
        texts = [
            f"{row.method} ({more})"
            if methods[row.method] > 1 and more not in ("", "default")
            else row.method
            for row, more in zip(rows, settings, strict=True)
        ]
        if len(set(texts)) < len(texts):
            texts = [f"{text} [{letter}]" for text, letter in zip(texts, LETTERS, strict=False)]
        return {row.submission_id: text for row, text in zip(rows, texts, strict=True)}

    @property
    def resamples(self) -> int | None:
        """The draws of the first submission; None where it has none."""
        samples = self.compared[0].samples
        return len(next(iter(samples.values()))) if samples else None


def _against(split: Split, first: Compared, other: Compared) -> Against:
    common = first.row.values.keys() & other.row.values.keys()
    keys = [key for key in column_order(split.benchmark) if key in common]
    names = {label: video.name for label, video in split.videos_by_label().items()}
    return Against(
        first=first,
        other=other,
        metrics=tuple(_metric_difference(key, first, other) for key in keys),
        categories=_parts(first.per_category, other.per_category, {}),
        videos=_parts(first.per_video, other.per_video, names),
    )


def _metric_difference(key: str, first: Compared, other: Compared) -> MetricDifference:
    a, b = first.row.values[key], other.row.values[key]
    drawn = [one.samples[key] for one in (first, other) if key in one.samples]
    is_paired = len(drawn) == 2 and first.draws == other.draws
    tested = difference(a, b, *drawn) if is_paired and a is not None and b is not None else None
    return MetricDifference(metric(key), a, b, tested)


def _parts(
    first: Mapping[str, Values], other: Mapping[str, Values], names: Mapping[str, str]
) -> tuple[PartDifference, ...]:
    common: Sequence[str] = [key for key in first if key in other]
    return tuple(PartDifference(key, names.get(key, key), first[key], other[key]) for key in common)


def part_key(comparison: Comparison, parts: Sequence[PartDifference]) -> str:
    """The primary metric, where the parts have it; else the first that they have."""
    if not parts or comparison.primary.key in parts[0].first:
        return comparison.primary.key
    return next(iter(parts[0].first))
