"""Evaluates semantic predictions of videos (task vss): from two folders or archives to a report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from evaluator.catalog import BenchmarkSpec
from evaluator.files.words import counted
from evaluator.maps import png
from evaluator.maps.evaluate import MapTask, Metrics, Stats, VideoScore, evaluate_maps, score_videos
from evaluator.maps.joint_table import decode_runs
from evaluator.maps.predicted import MapReader
from evaluator.maps.shift import shift_warning
from evaluator.options import Options
from evaluator.problems import GroundTruthError, Problem, ProblemList, SubmissionRejected, Where, problem
from evaluator.semantic.ground_truth import SemanticTruth, read_semantic_truth
from evaluator.semantic.miou import IouStat, count_values
from evaluator.semantic.predictions import SemanticPredictions, check_files, open_semantic_predictions
from evaluator.semantic.video_consistency import ConsistencyMeter, ConsistencyStat
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
    return [*problems.to_tuple(), *source.warnings]


@contextmanager
def _open(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, prepared_dir: Path | None
) -> Iterator[MapTask]:
    """Open both and compare their names. Raises SubmissionRejected, GroundTruthError, OSError."""
    truth = read_semantic_truth(ground_truth)
    source = open_semantic_predictions(predictions, [video.name for video in truth.videos])
    with closing(source.members):
        yield _SemanticTask(spec, truth, source, prepared_dir)


class _SemanticTask(MapTask):
    """IoU and consistency: the sums of a video are an IouStat and a ConsistencyStat."""

    def __init__(
        self,
        spec: BenchmarkSpec,
        truth: SemanticTruth,
        source: SemanticPredictions,
        prepared_dir: Path | None,
    ) -> None:
        """Raises SubmissionRejected if a video or a map is missing."""
        self.videos = [video.name for video in truth.videos]
        self.empty = (IouStat.empty(len(spec.classes)), ConsistencyStat.empty(len(spec.windows)))
        self.warnings = (*source.warnings, *check_files(source, truth))
        self._spec, self._truth, self._source = spec, truth, source
        self._maps = truth.maps(prepared_dir)

    def score_video(self, index: int) -> VideoScore:
        video = self._truth.videos[index]
        problems = ProblemList()
        reader = MapReader(self._source.members, png.decode_values, problems)
        counts = np.zeros((256, 256), np.int64)
        meter = ConsistencyMeter(len(video.frames), self._spec.windows)
        for number, (frame, true) in enumerate(zip(video.frames, self._maps.read_video(index), strict=True)):
            size = (true.height, true.width)
            predicted = reader.read(self._source.file(video.name, frame), video.name, number, size)
            if predicted is not None and not problems.has_errors():
                values = decode_runs(true.values, true.ends)
                count_values(values, predicted, counts)
                meter.add(values, predicted)
        iou = IouStat.from_values(counts, len(self._spec.classes), self._spec.first_label)
        stats = None if problems.has_errors() else (iou, meter.stat)
        frames = len(video.frames)
        return VideoScore(problems, stats, frames, self._maps.sha256(index), reader.sha256.hexdigest())

    def metrics(self, sums: Stats) -> Metrics:
        iou: IouStat = sums[0]
        consistency: ConsistencyStat = sums[1]
        windows = {f"VC{n}": consistency.vc(row) for row, n in enumerate(self._spec.windows)}
        return {"mIoU": iou.miou(), "fwIoU": iou.fwiou(), **windows}

    def category_metrics(self, sums: Stats) -> dict[str, Metrics]:
        """Return the IoU of every class by name, as "mIoU"; None for those without a true pixel."""
        iou: IouStat = sums[0]
        values = [None if np.isnan(value) else float(value) for value in iou.class_iou()]
        return {name: {"mIoU": value} for name, value in zip(self._spec.classes, values, strict=True)}

    def late_warnings(self, sums: Stats) -> tuple[Problem, ...]:
        iou: IouStat = sums[0]
        file = self._source.members.name
        shifted = shift_warning(file, "classes", iou.truth.sum(), iou.hits.sum(), iou.higher, iou.lower)
        if not iou.unknown.any():
            return shifted
        have = "has" if iou.unknown == 1 else "have"
        labelled = counted(int(iou.truth.sum()), "labelled pixel")
        message = f"{int(iou.unknown):,} of {labelled} {have} a value above {len(self._spec.classes) - 1}."
        return (*shifted, problem("class-unknown", Where(file=file), message))
