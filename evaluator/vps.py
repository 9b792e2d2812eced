"""Evaluates panoptic predictions of videos (task vps): from two folders or archives to a report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator import statistics
from evaluator.catalog import BENCHMARKS
from evaluator.digest import files_sha256, report_digest
from evaluator.formats.panoptic_check import VideoReader
from evaluator.formats.panoptic_maps import TruthMaps, open_truth_maps
from evaluator.formats.panoptic_truth import CLASSES, PanopticTruth
from evaluator.formats.panoptic_zip import PanopticPredictions, open_panoptic_predictions
from evaluator.metrics.stq import StqStat, compute_stq
from evaluator.metrics.sums import stack, weigh, weigh_draws
from evaluator.metrics.tubes import VideoTubes
from evaluator.metrics.vpq import PAPER_WINDOWS, WINDOWS, AreasImpossible, PqStat, compute_vpq
from evaluator.problems import GroundTruthError, Problem, ProblemList, SubmissionRejected, Where, problem
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
    maps = open_truth_maps(ground_truth, prepared_dir)
    chosen = choose_videos(subsets or {}, [(video.name,) for video in maps.truth.videos])
    source = open_panoptic_predictions(predictions)
    try:
        read = time.perf_counter()
        scored = _score(maps, source, workers, progress)
    finally:
        source.members.close()
    matched = time.perf_counter()
    truth, videos = maps.truth, len(maps.truth.videos)
    is_thing = thing_classes(truth)

    def weighted(weights: NDArray[np.float64]) -> Metrics:
        return _metrics(weigh(scored.pq, weights), weigh(scored.stq, weights), is_thing)

    def drawn(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        draws = zip(weigh_draws(scored.pq, weights), weigh_draws(scored.stq, weights), strict=True)
        return statistics.columns((_metrics(pq, stq, is_thing) for pq, stq in draws), spec.headline)

    everything = np.ones(len(scored.pq.iou))
    pq, stq = weigh(scored.pq, everything), weigh(scored.stq, everything)
    found = _metrics(pq, stq, is_thing)
    metrics = {key: found[key] for key in spec.metrics}
    again = None if progress is None else partial(progress, videos, videos)
    resampled = statistics.bootstrap(drawn, len(everything), bootstrap, seed, again)
    parts = subset_reports(chosen, weighted, drawn, spec, len(everything), bootstrap, seed, again)
    ground_truth_sha256 = files_sha256([truth.sha256, *scored.truth_sha256])
    predictions_sha256 = files_sha256([source.sha256, *scored.predictions_sha256])
    return Report(
        benchmark=spec.key,
        task=spec.task,
        evaluator=__version__,
        digest=report_digest(spec.key, ground_truth_sha256, predictions_sha256, metrics),
        videos=videos,
        predictions=scored.tubes,
        metrics=metrics,
        per_category=_category_metrics(truth, pq, stq),
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
        maps = None if ground_truth is None else open_truth_maps(ground_truth, None)
        source = open_panoptic_predictions(predictions)
        try:
            if maps is not None:
                return list(_score(maps, source, 1, None).warnings)
            problems = ProblemList()
            for video in source.places:
                VideoReader(source, problems).check_alone(video)
            return [*problems.to_tuple(), *source.warnings]
        finally:
            source.members.close()
    except (SubmissionRejected, GroundTruthError) as error:
        return list(error.problems)


@dataclass(frozen=True, slots=True)
class _Scored:
    """What was measured on all videos; `pq` and `stq` have a first dimension for them."""

    pq: PqStat
    stq: StqStat
    tubes: int
    per_video: dict[str, Metrics]
    truth_sha256: list[str]
    predictions_sha256: list[str]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _VideoScore:
    """The sums of one video, or what is wrong with its predictions."""

    problems: ProblemList
    stats: tuple[PqStat, StqStat] | None
    tubes: int
    truth_sha256: str
    predictions_sha256: str


def _score(
    maps: TruthMaps,
    source: PanopticPredictions,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> _Scored:
    """Score every video. Raises SubmissionRejected with the problems of all of them, GroundTruthError."""
    truth = maps.truth
    problems = _check_videos(truth, source)
    pq, stq = [], []
    per_video: dict[str, Metrics] = {}
    truth_sha256, predictions_sha256, tubes = [], [], 0
    is_thing = thing_classes(truth)
    for done, (video, score) in enumerate(_each_video(maps, source, workers, is_thing), start=1):
        problems.extend(score.problems)
        if problems.is_full():
            break  # more would not be shown
        if score.stats is not None:
            pq.append(score.stats[0])
            stq.append(score.stats[1])
            per_video[video] = _video_metrics(*score.stats, is_thing)
        tubes += score.tubes
        truth_sha256.append(score.truth_sha256)
        predictions_sha256.append(score.predictions_sha256)
        if progress is not None:
            progress(done, len(truth.videos))
    if problems.has_errors():
        raise SubmissionRejected(problems.to_tuple())
    warnings = (*source.warnings, *problems.to_tuple())
    sums = stack(pq or [PqStat.empty(CLASSES)]), stack(stq or [StqStat.empty(CLASSES)])
    return _Scored(*sums, tubes, per_video, truth_sha256, predictions_sha256, warnings)


def _check_videos(truth: PanopticTruth, source: PanopticPredictions) -> ProblemList:
    """Compare names alone, which costs nothing. Raises SubmissionRejected if a video or a map is missing."""
    problems = ProblemList()
    where = Where(file=source.text.name)
    for video in truth.videos:
        if video.name not in source.places:
            listed = f"{len(source.places)} videos"
            message = f"The video {video.name!r} is missing; pred.json lists {listed}."
            problems.add("video-missing", Where(file=source.text.name, video_id=video.name), message)
            continue
        for number, frame in enumerate(video.files):
            file = source.file(video.name, frame.rsplit("/", 1)[-1])
            if file not in source.members.names:
                place = Where(file=file, video_id=video.name, frame=number)
                problems.add("map-missing", place, "There is no such file.")
    if problems.has_errors():
        raise SubmissionRejected(problems.to_tuple())
    extra = [name for name in source.places if name not in {video.name for video in truth.videos}]
    if extra:
        names = ", ".join(repr(name[:80]) for name in extra[:3])
        problems.add("video-extra", where, f"{len(extra)} videos are not in the ground truth: {names}.")
    return problems


def _each_video(
    maps: TruthMaps, source: PanopticPredictions, workers: int, is_thing: NDArray[np.bool_]
) -> Iterator[tuple[str, _VideoScore]]:
    def work(index: int) -> _VideoScore:
        return _score_video(maps, source, index, is_thing)

    for index, score in enumerate(each_video(work, len(maps.truth.videos), workers)):
        yield maps.truth.videos[index].name, score


def _score_video(
    maps: TruthMaps, source: PanopticPredictions, index: int, is_thing: NDArray[np.bool_]
) -> _VideoScore:
    problems = ProblemList()
    sha256 = hashlib.sha256()
    reader = VideoReader(source, problems)
    tubes = reader.read_tubes(maps, index, sha256)
    stats = None
    if tubes is not None:
        stats = _video_stats(maps.truth, index, tubes, is_thing)
    listed = 0 if tubes is None else len(tubes.predicted.ids)
    return _VideoScore(problems, stats, listed, maps.sha256(index), sha256.hexdigest())


def _video_stats(
    truth: PanopticTruth, index: int, tubes: VideoTubes, is_thing: NDArray[np.bool_]
) -> tuple[PqStat, StqStat]:
    try:
        return compute_vpq(tubes, CLASSES), compute_stq(tubes, is_thing)
    except AreasImpossible as error:
        where = Where(file=truth.file, video_id=truth.videos[index].name, frame=error.frame, field="area")
        raise GroundTruthError([problem("gt-area", where, f"{error}.")]) from error


def thing_classes(truth: PanopticTruth) -> NDArray[np.bool_]:
    """Return which of the 124 classes are things, as the JSON of the ground truth says."""
    is_thing = np.zeros(CLASSES, np.bool_)
    for category in truth.categories:
        if category.id < CLASSES:
            is_thing[category.id] = category.is_thing
    return is_thing


def _metrics(pq: PqStat, stq: StqStat, is_thing: NDArray[np.bool_]) -> Metrics:
    found = _video_metrics(pq, stq, is_thing)
    found |= {f"VPQ{k}": pq.mean(k) for k in WINDOWS}
    # Official quirk: the script averages over k = 8 as well, which the paper does not.
    found["VPQ_script"] = pq.mean_over(WINDOWS)
    return found


def _video_metrics(pq: PqStat, stq: StqStat, is_thing: NDArray[np.bool_]) -> Metrics:
    return {
        "VPQ": pq.mean_over(PAPER_WINDOWS),
        "VPQ_th": pq.mean_over(PAPER_WINDOWS, is_thing),
        "VPQ_st": pq.mean_over(PAPER_WINDOWS, ~is_thing),
        "STQ": stq.stq(),
        "AQ": stq.aq(),
        "SQ": stq.sq(),
    }


def _category_metrics(truth: PanopticTruth, pq: PqStat, stq: StqStat) -> dict[str, Metrics]:
    """Return VPQ, its value for every k, and SQ (the IoU) of every category by name."""
    per_category: dict[str, Metrics] = {}
    iou = stq.class_iou()
    quality = {k: pq.quality(k) for k in WINDOWS}
    for category in truth.categories:
        if category.id >= CLASSES:
            continue
        name = category.name if category.name not in per_category else f"{category.name} ({category.id})"
        by_window = {k: _defined(quality[k][category.id]) for k in WINDOWS}
        paper = [value for k in PAPER_WINDOWS if (value := by_window[k]) is not None]
        mean = sum(paper) / len(paper) if len(paper) == len(PAPER_WINDOWS) else None
        windows = {f"VPQ{k}": value for k, value in by_window.items()}
        per_category[name] = {"VPQ": mean, **windows, "SQ": _defined(iou[category.id])}
    return per_category


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
