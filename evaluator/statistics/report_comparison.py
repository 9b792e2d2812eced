"""Two reports of one split side by side: which is better, how surely, and on which videos."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from evaluator.catalog import BENCHMARKS, METRICS
from evaluator.statistics.comparison import Difference, difference
from evaluator.types import Report

_LARGEST: Final = 5


@dataclass(frozen=True, slots=True)
class VideoDifference:
    """One video's metric in both submissions; `name` is the id again where the files know no name."""

    video: str
    name: str
    a: float
    b: float

    @property
    def delta(self) -> float:
        return self.a - self.b


@dataclass(frozen=True, slots=True)
class VideoDifferences:
    """The numbers of videos on which each submission is better, where `metric` is defined for both.

    `largest` are the videos with the largest differences, at most five, the largest first.
    """

    metric: str
    a_better: int
    b_better: int
    equal: int
    largest: tuple[VideoDifference, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Submission A against submission B.

    `differences` has every headline metric, A minus B; None where it is undefined or nothing was drawn.
    """

    a: Report
    b: Report
    differences: dict[str, Difference | None]
    videos: VideoDifferences

    def sentence(self, metric: str) -> str:
        """Return in words what the difference of a headline metric amounts to."""
        found = self.differences[metric]
        if found is None:
            return f"Nothing can be said of {metric}."
        if not found.significant:
            return f"No significant difference on {metric} ({found.p_phrase})."
        a_wins = (found.delta > 0) is METRICS[metric].higher_is_better
        first, second = ("A", "B") if a_wins else ("B", "A")
        return f"{first} beats {second} on {metric} ({found.p_phrase})."

    def to_json(self) -> dict[str, Any]:
        """Return the object that `python -m evaluator compare --json` writes."""
        return {
            "benchmark": self.a.benchmark,
            "evaluator": self.a.evaluator,
            **{
                name: {"digest": report.digest, "metrics": report.metrics, "intervals": report.intervals}
                for name, report in (("a", self.a), ("b", self.b))
            },
            "bootstrap": {"resamples": self.a.resamples, "seed": self.a.seed},
            "differences": {
                key: None if found is None else {**asdict(found), "sentence": self.sentence(key)}
                for key, found in self.differences.items()
            },
            "videos": asdict(self.videos),
        }


def compare_reports(a: Report, b: Report) -> Comparison:
    """Compare two submissions to one split.

    Raises:
        ValueError: the reports are of different benchmarks, splits or draws.
    """
    for what, first, second in (
        ("benchmark", a.benchmark, b.benchmark),
        ("set of videos", sorted(a.per_video), sorted(b.per_video)),
        ("bootstrap", (a.resamples, a.seed), (b.resamples, b.seed)),
    ):
        if first != second:
            raise ValueError(f"Expected two reports of the same {what}, but got {first} and {second}")
    spec = BENCHMARKS[a.benchmark]
    differences = {key: _difference(key, a, b) for key in spec.headline}
    return Comparison(a, b, differences, _video_differences(spec.primary, a, b))


def _difference(key: str, a: Report, b: Report) -> Difference | None:
    first, second = a.metrics[key], b.metrics[key]
    if first is None or second is None:
        return None
    return difference(first, second, a.samples.get(key, []), b.samples.get(key, []))


def _video_differences(metric: str, a: Report, b: Report) -> VideoDifferences:
    both = [
        VideoDifference(video, a.video_names.get(video, video), first, second)
        for video, values in a.per_video.items()
        if (first := values[metric]) is not None and (second := b.per_video[video][metric]) is not None
    ]
    sign = 1 if METRICS[metric].higher_is_better else -1
    better = sum(sign * item.delta > 0 for item in both)
    worse = sum(sign * item.delta < 0 for item in both)
    # Equal differences by name, so that the order of the videos does not matter.
    largest = sorted(both, key=lambda item: (-abs(item.delta), item.video))[:_LARGEST]
    changed = tuple(item for item in largest if item.delta)
    return VideoDifferences(metric, better, worse, len(both) - better - worse, changed)
