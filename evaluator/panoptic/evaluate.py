"""Evaluates panoptic predictions of videos (task vps): from two folders or archives to a report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BenchmarkSpec
from evaluator.maps.evaluate import MapTask, Metrics, Stats, VideoScore, evaluate_maps, score_videos
from evaluator.maps.shift import shift_warning
from evaluator.options import Options
from evaluator.panoptic.check import VideoReader, check_videos
from evaluator.panoptic.ground_truth import PanopticTruth, read_panoptic_truth
from evaluator.panoptic.predictions import PanopticPredictions, open_panoptic_predictions
from evaluator.panoptic.stq import StqStat, compute_stq
from evaluator.panoptic.tubes import VideoTubes
from evaluator.panoptic.vpq import AreasImpossible, PqStat, compute_vpq
from evaluator.problems import (
    GroundTruthError,
    Problem,
    ProblemList,
    SubmissionRejected,
    Where,
    problem,
    warned,
)
from evaluator.types import Report


def evaluate(spec: BenchmarkSpec, ground_truth: Path, predictions: Path, options: Options) -> Report:
    """Score one submission; the contract is that of `evaluator.evaluate`."""
    return evaluate_maps(spec, _open(spec, ground_truth, predictions, options.prepared_dir), options)


def validate(spec: BenchmarkSpec, predictions: Path, ground_truth: Path | None) -> list[Problem]:
    """Return errors and warnings; the contract is that of `evaluator.validate`."""
    try:
        if ground_truth is not None:
            with _open(spec, ground_truth, predictions, None) as task:
                return list(score_videos(task, Options()).warnings)
        source = open_panoptic_predictions(predictions)
        with closing(source.members):
            problems = ProblemList()
            for video in source.spans:
                VideoReader(source, problems).check_alone(video)
            return [*problems.to_tuple(), *source.warnings]
    except (SubmissionRejected, GroundTruthError) as error:
        return list(error.problems)


@contextmanager
def _open(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, prepared_dir: Path | None
) -> Iterator[MapTask]:
    """Open both and compare their names. Raises SubmissionRejected, GroundTruthError, OSError."""
    truth = read_panoptic_truth(ground_truth, len(spec.classes))
    source = open_panoptic_predictions(predictions)
    with closing(source.members):
        with warned(truth.warnings):
            task = _PanopticTask(spec, truth, source, prepared_dir)
        yield task


class _PanopticTask(MapTask):
    """VPQ and STQ: the sums of a video are a PqStat and a StqStat."""

    def __init__(
        self,
        spec: BenchmarkSpec,
        truth: PanopticTruth,
        source: PanopticPredictions,
        prepared_dir: Path | None,
    ) -> None:
        """Raises SubmissionRejected if a video or a map is missing."""
        self.videos = [video.name for video in truth.videos]
        self.empty = (PqStat.empty(len(spec.windows), truth.classes), StqStat.empty(truth.classes))
        self.truth_sha256 = [truth.sha256]
        self.predictions_sha256 = [source.sha256]
        self.warnings = (*truth.warnings, *source.warnings, *check_videos(truth, source).to_tuple())
        self._truth, self._source = truth, source
        self._maps = truth.maps(prepared_dir)
        self._windows = spec.windows
        self._mean_rows = [spec.windows.index(k) for k in spec.mean_windows]
        self._is_thing = thing_classes(truth)

    def score_video(self, index: int) -> VideoScore:
        problems = ProblemList()
        reader = VideoReader(self._source, problems)
        tubes = reader.read_tubes(self._truth, index, self._maps.read_video(index))
        stats = None if tubes is None else self._stats(index, tubes)
        listed = 0 if tubes is None else len(tubes.predicted.ids)
        if tubes is not None and not listed:
            where = Where(file=self._source.text.name, video_id=self.videos[index])
            problems.add("videos-without-predictions", where, "The video has no segment in any frame.")
        return VideoScore(problems, stats, listed, self._maps.sha256(index), reader.sha256)

    def _stats(self, index: int, tubes: VideoTubes) -> tuple[PqStat, StqStat]:
        truth = self._truth
        try:
            pq = compute_vpq(tubes, self._windows, truth.classes)
        except AreasImpossible as error:
            where = Where(truth.file, video_id=truth.videos[index].name, frame=error.frame, field="area")
            raise GroundTruthError([problem("gt-area", where, f"{error}.")]) from error
        return pq, compute_stq(tubes, self._is_thing)

    def metrics(self, sums: Stats) -> Metrics:
        pq: PqStat = sums[0]
        found = self.video_metrics(sums)
        found |= {f"VPQ{k}": pq.mean(row) for row, k in enumerate(self._windows)}
        # Official quirk: the script averages over all windows, also over k = 8, which the paper does not.
        found["VPQ_script"] = pq.mean_over(range(len(self._windows)))
        return found

    def video_metrics(self, sums: Stats) -> Metrics:
        pq: PqStat = sums[0]
        stq: StqStat = sums[1]
        return {
            "VPQ": pq.mean_over(self._mean_rows),
            "VPQ_th": pq.mean_over(self._mean_rows, self._is_thing),
            "VPQ_st": pq.mean_over(self._mean_rows, ~self._is_thing),
            "STQ": stq.stq(),
            "AQ": stq.aq(),
            "SQ": stq.sq(),
        }

    def category_metrics(self, sums: Stats) -> dict[str, Metrics]:
        """Return VPQ, its value for every k, and SQ (the IoU) of every category by name."""
        pq: PqStat = sums[0]
        stq: StqStat = sums[1]
        per_category: dict[str, Metrics] = {}
        iou = stq.class_iou()
        quality = [pq.quality(row) for row in range(len(self._windows))]
        for category in self._truth.categories:
            if category.id >= self._truth.classes:
                continue
            name = category.name if category.name not in per_category else f"{category.name} ({category.id})"
            by_row = [_defined(values[category.id]) for values in quality]
            means = [value for row in self._mean_rows if (value := by_row[row]) is not None]
            mean = sum(means) / len(means) if len(means) == len(self._mean_rows) else None
            windows = {f"VPQ{k}": value for k, value in zip(self._windows, by_row, strict=True)}
            per_category[name] = {"VPQ": mean, **windows, "SQ": _defined(iou[category.id])}
        return per_category

    def late_warnings(self, sums: Stats) -> tuple[Problem, ...]:
        stq: StqStat = sums[1]
        file = self._source.text.name
        return shift_warning(file, "category ids", stq.truth.sum(), stq.hits.sum(), stq.higher, stq.lower)


def thing_classes(truth: PanopticTruth) -> NDArray[np.bool_]:
    """Return which of the classes are things, as the JSON of the ground truth says."""
    is_thing = np.zeros(truth.classes, np.bool_)
    for category in truth.categories:
        if category.id < truth.classes:
            is_thing[category.id] = category.is_thing
    return is_thing


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
