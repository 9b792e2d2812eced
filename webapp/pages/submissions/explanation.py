"""What a result says of itself: a sentence, the cost of errors, tracking, AP by threshold, extreme videos."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.charts.findings import (
    Explained,
    errors_by_occlusion_chart,
    errors_chart,
    thresholds_chart,
)
from webapp.charts.spec import Chart, style_of
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.numbers import percent
from webapp.pages.submissions.report import Number
from webapp.pages.videos.ways import VideoCard, Ways
from webapp.submissions.analyses.diagnosis import Facts, diagnosis
from webapp.submissions.models import Submission

TRACKING = ("HOTA", "DetA", "AssA", "LocA", "IDF1")
# Videos that are named on each side.
EXTREMES = 5


@dataclass(frozen=True, slots=True)
class Extremes:
    """The best and the worst videos by the primary metric, best and worst first, each with its number."""

    label: str
    best: tuple[VideoCard, ...]
    worst: tuple[VideoCard, ...]

    @property
    def is_coming(self) -> bool:
        """Return whether pictures have no masks yet."""
        return any(card.picture and card.picture.is_coming for card in (*self.best, *self.worst))


@dataclass(frozen=True, slots=True)
class Explanation:
    """`is_expected`: the analysis is not there yet, and a worker will make it."""

    sentence: str
    is_expected: bool
    tracking: tuple[Number, ...]
    charts: tuple[Chart, ...]
    extremes: Extremes | None


def explanation(
    submission: Submission,
    report: Mapping[str, Any],
    findings: Mapping[str, Any] | None,
    ways: Ways,
    *,
    is_expected: bool,
) -> Explanation:
    """Arrange a report and the findings of its analysis, both as the reader may see them.

    `ways` lead to the masks of its videos.
    """
    split = submission.split
    return Explanation(
        sentence=diagnosis(Facts(split.benchmark.task, report["metrics"], submission.problems, findings)),
        is_expected=is_expected and findings is None,
        tracking=_tracking(findings) if findings else (),
        charts=_charts(submission, findings) if findings else (),
        extremes=_extremes(report["per_video"], submission, ways),
    )


def _tracking(findings: Mapping[str, Any]) -> tuple[Number, ...]:
    values = findings["tracking"]["det_averaged"]
    shown = [(metric(key), values[key]) for key in TRACKING]
    return tuple(
        Number(one.key, one.label, one.short, one.title, one.description, value) for one, value in shown
    )


def _charts(submission: Submission, findings: Mapping[str, Any]) -> tuple[Chart, ...]:
    method = submission.variant.method
    row = Explained(method.name, style_of(method.pk, method.colour), findings)
    scope = str(submission.split)
    drawn = (
        errors_chart([row], scope=scope),
        thresholds_chart([row], scope=scope),
        errors_by_occlusion_chart(row, scope=scope),
    )
    return tuple(chart for chart in drawn if chart)


def _extremes(
    per_video: Mapping[str, Mapping[str, Any]], submission: Submission, ways: Ways
) -> Extremes | None:
    """Return the videos at both ends, none twice; None where fewer than two have a number."""
    key = primary_metric(submission.split.benchmark)
    known = [(values[key], label) for label, values in per_video.items() if values.get(key) is not None]
    count = min(EXTREMES, len(known) // 2)
    if not count:
        return None
    known.sort()
    method = submission.variant.method.name
    worst, best = (
        tuple(ways.card(label, percent(value), submission.pk, method) for value, label in members)
        for members in (known[:count], reversed(known[-count:]))
    )
    return Extremes(metric(key).label, best, worst)
