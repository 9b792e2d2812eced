"""Evaluates semantic predictions of videos (task vss): from two folders or archives to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from evaluator.maps import png
from evaluator.maps.evaluate import Metrics, OpenTask, VideoScore, evaluate_maps, score_videos
from evaluator.maps.joint_table import decode_runs
from evaluator.maps.predicted import MapReader
from evaluator.maps.truth import TruthMaps
from evaluator.problems import GroundTruthError, Problem, ProblemList, SubmissionRejected, Where, problem
from evaluator.semantic.ground_truth import SemanticTruth, class_names, read_semantic_truth
from evaluator.semantic.miou import IouStat, count_values
from evaluator.semantic.predictions import SemanticPredictions, check_files, open_semantic_predictions
from evaluator.semantic.video_consistency import WINDOWS, ConsistencyMeter, ConsistencyStat
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
        source = open_semantic_predictions(predictions, [])
        with closing(source.members):
            return _check_alone(source)
    except (SubmissionRejected, GroundTruthError) as error:
        return list(error.problems)


def _check_alone(source: SemanticPredictions) -> list[Problem]:
    """Check what can be known without a ground truth: that there are maps, and that all can be read."""
    problems = ProblemList()
    reader = MapReader(source.members, png.decode_values, problems)
    maps = [name for name in source.members.names if name.endswith(".png")]
    if not maps:
        where = Where(file=source.members.name)
        problems.add("map-missing", where, "There is no PNG map at all.")
    for name in maps:
        reader.read(name, None, None, None)
        if problems.is_full():
            break
    return list(problems.to_tuple())


@contextmanager
def _open(ground_truth: Path, predictions: Path, prepared_dir: Path | None) -> Iterator[OpenTask]:
    """Open both and compare their names. Raises SubmissionRejected, GroundTruthError, OSError."""
    truth = read_semantic_truth(ground_truth)
    videos = [video.name for video in truth.videos]
    source = open_semantic_predictions(predictions, videos)
    with closing(source.members):
        yield OpenTask(
            videos=videos,
            score_video=partial(_score_video, truth, truth.maps(prepared_dir), source),
            empty=(IouStat.empty(), ConsistencyStat.empty()),
            metrics=_metrics,
            category_metrics=_category_metrics,
            video_metrics=_metrics,
            warnings=(*source.warnings, *check_files(source, truth)),
            late_warnings=partial(_unknown_classes, source),
        )


def _score_video(
    truth: SemanticTruth, maps: TruthMaps, source: SemanticPredictions, index: int
) -> VideoScore:
    video = truth.videos[index]
    problems = ProblemList()
    reader = MapReader(source.members, png.decode_values, problems)
    counts = np.zeros((256, 256), np.int64)
    meter = ConsistencyMeter(len(video.frames))
    for number, (frame, true) in enumerate(zip(video.frames, maps.read_video(index), strict=True)):
        size = (true.height, true.width)
        predicted = reader.read(source.file(video.name, frame), video.name, number, size)
        if predicted is not None and not problems.has_errors():
            values = decode_runs(true.values, true.ends)
            count_values(values, predicted, counts)
            meter.add(values, predicted)
    stats = None if problems.has_errors() else (IouStat.from_values(counts), meter.stat)
    frames = len(video.frames)
    return VideoScore(problems, stats, frames, maps.sha256(index), reader.sha256.hexdigest())


def _unknown_classes(
    source: SemanticPredictions, iou: IouStat, consistency: ConsistencyStat
) -> tuple[Problem, ...]:
    if not iou.unknown.any():
        return ()
    counts = f"{int(iou.unknown):,} of {int(iou.truth.sum()):,}"
    message = f"{counts} labelled pixels have a value above 123."
    return (problem("class-unknown", Where(file=source.members.name), message),)


def _metrics(stat: IouStat, consistency: ConsistencyStat) -> Metrics:
    windows = {f"VC{n}": consistency.vc(n) for n in WINDOWS}
    return {"mIoU": stat.miou(), "fwIoU": stat.fwiou(), **windows}


def _category_metrics(stat: IouStat, consistency: ConsistencyStat) -> dict[str, Metrics]:
    """Return the IoU of every class by name, as "mIoU"; None for those without a true pixel."""
    iou = stat.class_iou()
    return {
        item.name: {"mIoU": None if np.isnan(iou[item.id]) else float(iou[item.id])} for item in class_names()
    }
