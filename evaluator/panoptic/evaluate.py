"""Evaluates panoptic predictions of videos (task vps): from two folders or archives to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.maps.evaluate import Metrics, OpenTask, VideoScore, evaluate_maps, score_videos
from evaluator.maps.truth import TruthMaps
from evaluator.panoptic.check import VideoReader
from evaluator.panoptic.ground_truth import CLASSES, PanopticTruth, read_panoptic_truth
from evaluator.panoptic.predictions import PanopticPredictions, open_panoptic_predictions
from evaluator.panoptic.stq import StqStat, compute_stq
from evaluator.panoptic.tubes import VideoTubes
from evaluator.panoptic.vpq import PAPER_WINDOWS, WINDOWS, AreasImpossible, PqStat, compute_vpq
from evaluator.problems import GroundTruthError, Problem, ProblemList, SubmissionRejected, Where, problem
from evaluator.statistics.subsets import Listing
from evaluator.types import Report


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
    return evaluate_maps(
        benchmark,
        _open(ground_truth, predictions, prepared_dir),
        workers=workers,
        progress=progress,
        bootstrap=bootstrap,
        seed=seed,
        subsets=subsets,
    )


def validate(benchmark: str, predictions: Path, ground_truth: Path | None = None) -> list[Problem]:
    """Return what is wrong or looks unintended; the contract is that of `evaluator.validate`."""
    try:
        if ground_truth is not None:
            with _open(ground_truth, predictions, None) as task:
                return list(score_videos(task, 1, None).warnings)
        source = open_panoptic_predictions(predictions)
        with closing(source.members):
            problems = ProblemList()
            for video in source.places:
                VideoReader(source, problems).check_alone(video)
            return [*problems.to_tuple(), *source.warnings]
    except (SubmissionRejected, GroundTruthError) as error:
        return list(error.problems)


@contextmanager
def _open(ground_truth: Path, predictions: Path, prepared_dir: Path | None) -> Iterator[OpenTask]:
    """Open both and compare their names. Raises SubmissionRejected, GroundTruthError, OSError."""
    truth = read_panoptic_truth(ground_truth)
    is_thing = thing_classes(truth)
    source = open_panoptic_predictions(predictions)
    with closing(source.members):
        warnings = (*source.warnings, *_check_videos(truth, source).to_tuple())
        yield OpenTask(
            videos=[video.name for video in truth.videos],
            score_video=partial(_score_video, truth, truth.maps(prepared_dir), source, is_thing),
            empty=(PqStat.empty(CLASSES), StqStat.empty(CLASSES)),
            metrics=partial(_metrics, is_thing),
            category_metrics=partial(_category_metrics, truth),
            video_metrics=partial(_video_metrics, is_thing),
            truth_sha256=[truth.sha256],
            predictions_sha256=[source.sha256],
            warnings=warnings,
        )


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


def _score_video(
    truth: PanopticTruth,
    maps: TruthMaps,
    source: PanopticPredictions,
    is_thing: NDArray[np.bool_],
    index: int,
) -> VideoScore:
    problems = ProblemList()
    reader = VideoReader(source, problems)
    tubes = reader.read_tubes(truth, index, maps.read_video(index))
    stats = None if tubes is None else _video_stats(truth, index, tubes, is_thing)
    listed = 0 if tubes is None else len(tubes.predicted.ids)
    return VideoScore(problems, stats, listed, maps.sha256(index), reader.sha256)


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


def _metrics(is_thing: NDArray[np.bool_], pq: PqStat, stq: StqStat) -> Metrics:
    found = _video_metrics(is_thing, pq, stq)
    found |= {f"VPQ{k}": pq.mean(k) for k in WINDOWS}
    # Official quirk: the script averages over k = 8 as well, which the paper does not.
    found["VPQ_script"] = pq.mean_over(WINDOWS)
    return found


def _video_metrics(is_thing: NDArray[np.bool_], pq: PqStat, stq: StqStat) -> Metrics:
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
