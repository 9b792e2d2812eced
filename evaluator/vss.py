"""Evaluates semantic predictions of videos (task vss): from two folders or archives to a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator import statistics
from evaluator.catalog import BENCHMARKS
from evaluator.digest import files_sha256, report_digest
from evaluator.formats.semantic_truth import SemanticTruth, class_names, read_semantic_truth
from evaluator.formats.semantic_zip import (
    MapReader,
    SemanticPredictions,
    check_files,
    open_semantic_predictions,
)
from evaluator.metrics.miou import IouStat, count_values
from evaluator.metrics.sums import stack, weigh, weigh_draws
from evaluator.metrics.video_consistency import WINDOWS, ConsistencyMeter, ConsistencyStat
from evaluator.problems import (
    GroundTruthError,
    Problem,
    ProblemList,
    SubmissionRejected,
    Where,
    problem,
)
from evaluator.subset_reports import subset_reports
from evaluator.subsets import Listing, choose_videos
from evaluator.types import Report
from evaluator.version import __version__
from evaluator.video_pool import each_video

Metrics = dict[str, float | None]


def evaluate(
    benchmark: str,
    ground_truth: Path,
    predictions: Path,
    *,
    workers: int = 1,
    prepared_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    bootstrap: int = 0,
    seed: int = 0,
    subsets: Mapping[str, Listing] | None = None,
) -> Report:
    """Score one submission; the contract is that of `evaluator.evaluate`."""
    if workers < 1:
        raise ValueError(f"Expected at least one worker, but got {workers}")
    spec = BENCHMARKS[benchmark]
    begin = time.perf_counter()
    truth = read_semantic_truth(ground_truth)
    chosen = choose_videos(subsets or {}, [(video.name,) for video in truth.videos])
    source = open_semantic_predictions(predictions, [video.name for video in truth.videos])
    try:
        read = time.perf_counter()
        scored = _score(truth, source, workers, progress)
    finally:
        source.members.close()
    matched = time.perf_counter()
    videos = len(truth.videos)

    def weighted(weights: NDArray[np.float64]) -> Metrics:
        return _metrics(weigh(scored.iou, weights), weigh(scored.consistency, weights))

    def drawn(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        draws = zip(weigh_draws(scored.iou, weights), weigh_draws(scored.consistency, weights), strict=True)
        return statistics.columns((_metrics(*sums) for sums in draws), spec.headline)

    everything = np.ones(videos)
    found = weighted(everything)
    metrics = {key: found[key] for key in spec.metrics}
    again = None if progress is None else partial(progress, videos, videos)
    resampled = statistics.bootstrap(drawn, videos, bootstrap, seed, again)
    parts = subset_reports(chosen, weighted, drawn, spec, videos, bootstrap, seed, again)
    truth_sha256, predictions_sha256 = files_sha256(scored.truth_sha256), files_sha256(scored.sha256)
    return Report(
        benchmark=spec.key,
        task=spec.task,
        evaluator=__version__,
        digest=report_digest(spec.key, truth_sha256, predictions_sha256, metrics),
        videos=videos,
        predictions=sum(len(video.frames) for video in truth.videos),
        metrics=metrics,
        per_category=_category_metrics(weigh(scored.iou, everything)),
        per_video=scored.per_video,
        intervals=statistics.intervals(resampled, metrics),
        samples=statistics.samples(resampled),
        resamples=bootstrap,
        seed=seed,
        seconds={"read": read - begin, "match": matched - read, "total": time.perf_counter() - begin},
        warnings=scored.warnings,
        subsets=parts,
    )


def validate(benchmark: str, predictions: Path, ground_truth: Path | None = None) -> list[Problem]:
    """Return what is wrong or looks unintended; the contract is that of `evaluator.validate`."""
    try:
        truth = None if ground_truth is None else read_semantic_truth(ground_truth)
        names = [] if truth is None else [video.name for video in truth.videos]
        source = open_semantic_predictions(predictions, names)
        try:
            if truth is not None:
                return list(_score(truth, source, 1, None).warnings)
            return _check_alone(source)
        finally:
            source.members.close()
    except (SubmissionRejected, GroundTruthError) as error:
        return list(error.problems)


def _check_alone(source: SemanticPredictions) -> list[Problem]:
    """Check what can be known without a ground truth: that there are maps, and that all can be read."""
    problems = ProblemList()
    reader = MapReader(source, problems)
    maps = [name for name in source.members.names if name.endswith(".png")]
    if not maps:
        where = Where(file=source.members.name)
        problems.add("map-missing", where, "There is no PNG map at all.")
    for name in maps:
        reader.decode(name, Where(), None)
        if problems.is_full():
            break
    return list(problems.to_tuple())


@dataclass(frozen=True, slots=True)
class _VideoScore:
    """The sums of one video, worth nothing if its predictions have problems."""

    problems: ProblemList
    iou: IouStat
    consistency: ConsistencyStat
    truth_sha256: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Scored:
    """What was measured on all videos; `iou` and `consistency` have a first dimension for them."""

    iou: IouStat
    consistency: ConsistencyStat
    per_video: dict[str, Metrics]
    truth_sha256: list[str]
    sha256: list[str]
    warnings: tuple[Problem, ...]


def _score(
    truth: SemanticTruth,
    source: SemanticPredictions,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> _Scored:
    """Score every video. Raises SubmissionRejected with the problems of all of them, GroundTruthError."""
    warnings = (*source.warnings, *check_files(source, truth))
    problems = ProblemList()
    iou, consistency = [], []
    per_video: dict[str, Metrics] = {}
    truth_sha256, sha256 = [], []
    scores = each_video(lambda index: _score_video(truth, source, index), len(truth.videos), workers)
    for video, score in zip(truth.videos, scores, strict=False):
        problems.extend(score.problems)
        if problems.is_full():
            break  # more would not be shown
        iou.append(score.iou)
        consistency.append(score.consistency)
        per_video[video.name] = _metrics(score.iou, score.consistency)
        truth_sha256.append(score.truth_sha256)
        sha256.append(score.sha256)
        if progress is not None:
            progress(len(sha256), len(truth.videos))
    if problems.has_errors():
        raise SubmissionRejected(problems.to_tuple())
    sums = stack(iou)
    if sums.unknown.any():
        counts = f"{int(sums.unknown.sum()):,} of {int(sums.truth.sum()):,}"
        message = f"{counts} labelled pixels have a value above 123."
        warnings += (problem("class-unknown", Where(file=source.members.name), message),)
    return _Scored(sums, stack(consistency), per_video, truth_sha256, sha256, warnings)


def _score_video(truth: SemanticTruth, source: SemanticPredictions, index: int) -> _VideoScore:
    video = truth.videos[index]
    reader = MapReader(source, ProblemList())
    counts = np.zeros((256, 256), np.int64)
    meter = ConsistencyMeter(len(video.frames))
    for values, predicted in reader.read(truth, video):
        count_values(values, predicted, counts)
        meter.add(values, predicted)
    return _VideoScore(
        reader.problems,
        IouStat.from_values(counts),
        meter.stat,
        reader.truth_sha256.hexdigest(),
        reader.predictions_sha256.hexdigest(),
    )


def _metrics(stat: IouStat, consistency: ConsistencyStat) -> Metrics:
    windows = {f"VC{n}": consistency.vc(n) for n in WINDOWS}
    return {"mIoU": stat.miou(), "fwIoU": stat.fwiou(), **windows}


def _category_metrics(stat: IouStat) -> dict[str, Metrics]:
    """Return the IoU of every class by name, as "mIoU"; None for those without a true pixel."""
    iou = stat.class_iou()
    return {
        item.name: {"mIoU": None if np.isnan(iou[item.id]) else float(iou[item.id])} for item in class_names()
    }
