"""Defines the frozen records of the public interface; nothing here imports numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluator.problems import Problem

Listing = Path | Sequence[int | str]
"""Some videos: a text file with one id or name per line, or the ids and names themselves."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """One video: `length` in frames, `height` and `width` in pixels."""

    id: int
    name: str
    length: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class CategoryInfo:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class GroundTruthSummary:
    """The public facts of a ground truth; `annotations` is the number of tracklets.

    Of one that consists of many files, `files` are all that an evaluation reads: a folder with these, under
    these names, gives the same results. Names have "/" between folders. `warnings` are for the organiser.
    """

    videos: tuple[VideoInfo, ...]
    categories: tuple[CategoryInfo, ...]
    annotations: int
    files: tuple[tuple[str, Path], ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisPart:
    """The findings in some of the videos.

    `metrics` are those of a report. `thresholds`, `tracking` and `errors` are described in
    docs/error-analysis.md; they are made of dicts, lists, numbers and None.
    """

    videos: int
    predictions: int
    metrics: dict[str, float | None]
    thresholds: dict[str, Any]
    tracking: dict[str, Any]
    errors: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "videos": self.videos,
            "predictions": self.predictions,
            "metrics": self.metrics,
            "thresholds": self.thresholds,
            "tracking": self.tracking,
            "errors": self.errors,
        }


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of one analysis: of all videos, and of the subsets that were named."""

    benchmark: str
    task: str
    evaluator: str
    whole: AnalysisPart
    subsets: dict[str, AnalysisPart]
    seconds: dict[str, float]
    warnings: tuple[Problem, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the object that `python -m evaluator analyse --json` writes."""
        return {
            "benchmark": self.benchmark,
            "task": self.task,
            "evaluator": self.evaluator,
            **self.whole.to_json(),
            "subsets": {name: part.to_json() for name, part in self.subsets.items()},
            "seconds": self.seconds,
            "warnings": [warning.to_json() for warning in self.warnings],
        }


@dataclass(frozen=True, slots=True)
class SubsetReport:
    """The numbers of some of the videos, as if the split had these alone.

    `samples` are as those of the report, of draws of these videos.
    """

    videos: int
    metrics: dict[str, float | None]
    intervals: dict[str, tuple[float, float]]
    samples: dict[str, list[float | None]]

    def to_json(self) -> dict[str, Any]:
        return {
            "videos": self.videos,
            "metrics": self.metrics,
            "intervals": {name: list(bounds) for name, bounds in self.intervals.items()},
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one evaluation. Every metric is a fraction in [0, 1], or None where it is undefined.

    `per_category` is keyed by category name and `per_video` by video id, each with the metrics it documents.
    `intervals` holds 95 % intervals where a bootstrap was asked for, and `samples` the headline metrics in
    each of its `resamples` draws, as `evaluator.statistics.bootstrap` gives them and
    `evaluator.statistics.comparison` takes them; `seconds` is wall-clock time.
    `subsets` are those asked for by name; the digest does not depend on them. `video_names` has, by video id,
    the names that differ from it.
    """

    benchmark: str
    task: str
    evaluator: str
    digest: str
    videos: int
    predictions: int
    metrics: dict[str, float | None]
    per_category: dict[str, dict[str, float | None]]
    per_video: dict[str, dict[str, float | None]]
    intervals: dict[str, tuple[float, float]]
    samples: dict[str, list[float | None]]
    resamples: int
    seed: int
    seconds: dict[str, float]
    warnings: tuple[Problem, ...]
    subsets: dict[str, SubsetReport] = field(default_factory=dict)
    video_names: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the object that `python -m evaluator score --json` writes."""
        return {
            "benchmark": self.benchmark,
            "task": self.task,
            "evaluator": self.evaluator,
            "digest": self.digest,
            "videos": self.videos,
            "predictions": self.predictions,
            "metrics": self.metrics,
            "per_category": self.per_category,
            "per_video": self.per_video,
            "intervals": {name: list(bounds) for name, bounds in self.intervals.items()},
            "bootstrap": {"resamples": self.resamples, "seed": self.seed},
            "subsets": {name: part.to_json() for name, part in self.subsets.items()},
            "seconds": self.seconds,
            "warnings": [warning.to_json() for warning in self.warnings],
        }
