"""Evaluates maps, panoptic and semantic: from the scores of single videos to a report."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BenchmarkSpec
from evaluator.compute.video_pool import each_video
from evaluator.maps.sums import stack, weigh, weigh_draws
from evaluator.options import Options
from evaluator.problems import Problem, ProblemList, SubmissionRejected
from evaluator.receipts.digest import files_sha256, report_digest
from evaluator.statistics import bootstrap as statistics
from evaluator.statistics.subset_reports import subset_reports
from evaluator.statistics.subsets import choose_videos
from evaluator.types import Report
from evaluator.version import __version__

Metrics = dict[str, float | None]
Stats = tuple[Any, ...]
"""Records of sums, see `evaluator.maps.sums`: those of one video, of all together, or of all stacked."""


@dataclass(frozen=True, slots=True)
class VideoScore:
    """The sums of one video; None where its predictions have problems, or it has no frame."""

    problems: ProblemList
    stats: Stats | None
    predictions: int
    truth_sha256: str
    predictions_sha256: str


class MapTask(ABC):
    """A submission beside its ground truth, both open.

    Attributes:
        videos: their names.
        empty: the sums of no video.
        truth_sha256, predictions_sha256: of files that belong to no single video.
        warnings: found before any map was read.
    """

    videos: Sequence[str]
    empty: Stats
    truth_sha256: Sequence[str] = ()
    predictions_sha256: Sequence[str] = ()
    warnings: tuple[Problem, ...] = ()

    @abstractmethod
    def score_video(self, index: int) -> VideoScore:
        """Score one video; called in several processes. Raises GroundTruthError, OSError."""

    @abstractmethod
    def metrics(self, sums: Stats) -> Metrics:
        """Return the metrics of all videos together, from their sums."""

    def video_metrics(self, sums: Stats) -> Metrics:
        """Return the metrics that a single video has."""
        return self.metrics(sums)

    @abstractmethod
    def category_metrics(self, sums: Stats) -> dict[str, Metrics]:
        """Return the metrics of every category by name."""

    def late_warnings(self, sums: Stats) -> tuple[Problem, ...]:
        """Return the warnings that follow from the sums of all videos."""
        return ()


@dataclass(frozen=True, slots=True)
class Scores:
    """The measurements of all videos: `stacked` has a first dimension for them, `sums` adds them up."""

    stacked: Stats
    sums: Stats
    predictions: int
    per_video: dict[str, Metrics]
    truth_sha256: list[str]
    predictions_sha256: list[str]
    warnings: tuple[Problem, ...]


def score_videos(task: MapTask, options: Options) -> Scores:
    """Score every video. Raises SubmissionRejected with the problems of all of them, GroundTruthError."""
    problems = ProblemList()
    stats: list[Stats] = []
    scores: list[VideoScore] = []
    per_video: dict[str, Metrics] = {}
    for score in each_video(task.score_video, len(task.videos), options.workers):
        problems.extend(score.problems)
        if problems.is_full():
            break  # more would not be shown
        if score.stats is not None:
            per_video[task.videos[len(scores)]] = task.video_metrics(score.stats)
        stats.append(task.empty if score.stats is None else score.stats)
        scores.append(score)
        options.report_progress(len(scores), len(task.videos))
    if problems.has_errors():
        raise SubmissionRejected((*problems.to_tuple(), *task.warnings))
    stacked = tuple(stack(column) for column in zip(*(stats or [task.empty]), strict=True))
    sums = tuple(weigh(stat, np.ones(max(1, len(stats)))) for stat in stacked)
    return Scores(
        stacked=stacked,
        sums=sums,
        predictions=sum(score.predictions for score in scores),
        per_video=per_video,
        truth_sha256=[score.truth_sha256 for score in scores],
        predictions_sha256=[score.predictions_sha256 for score in scores],
        warnings=(*task.warnings, *problems.to_tuple(), *task.late_warnings(sums)),
    )


def evaluate_maps(spec: BenchmarkSpec, opened: AbstractContextManager[MapTask], options: Options) -> Report:
    """Score one submission; the contract is that of `evaluator.evaluate`."""
    begin = time.perf_counter()
    with opened as task:
        chosen = choose_videos(options.subsets, [(name,) for name in task.videos])
        read = time.perf_counter()
        scores = score_videos(task, options)
    matched = time.perf_counter()

    def weighted(weights: NDArray[np.float64]) -> Metrics:
        return task.metrics(tuple(weigh(stat, weights) for stat in scores.stacked))

    def drawn(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        draws = zip(*(weigh_draws(stat, weights) for stat in scores.stacked), strict=True)
        return statistics.columns((task.metrics(sums) for sums in draws), spec.headline)

    found = task.metrics(scores.sums)
    metrics = {key: found[key] for key in spec.metrics}
    videos = len(task.videos)
    again = partial(options.report_progress, videos, videos)
    resampled = statistics.bootstrap(drawn, videos, options.bootstrap, options.seed, again)
    parts = subset_reports(chosen, weighted, drawn, spec, videos, options, again)
    truth_sha256 = files_sha256([*task.truth_sha256, *scores.truth_sha256])
    predictions_sha256 = files_sha256([*task.predictions_sha256, *scores.predictions_sha256])
    return Report(
        benchmark=spec.key,
        task=spec.task,
        evaluator=__version__,
        digest=report_digest(spec.key, truth_sha256, predictions_sha256, metrics),
        videos=videos,
        predictions=scores.predictions,
        metrics=metrics,
        per_category=task.category_metrics(scores.sums),
        per_video=scores.per_video,
        intervals=statistics.intervals(resampled, metrics),
        samples=statistics.samples(resampled),
        resamples=options.bootstrap,
        seed=options.seed,
        seconds={"read": read - begin, "match": matched - read, "total": time.perf_counter() - begin},
        warnings=scores.warnings,
        subsets=parts,
    )
