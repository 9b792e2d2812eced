"""Evaluates tracklet predictions (task vis): from two files to a report."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BenchmarkSpec
from evaluator.compute.video_pool import each_video
from evaluator.files.hashes import cached_sha256
from evaluator.files.source import JsonFile, open_predictions
from evaluator.files.words import counted
from evaluator.options import Options
from evaluator.problems import GroundTruthError, Problem, SubmissionRejected, Where, problem, warned
from evaluator.receipts.digest import report_digest
from evaluator.statistics import bootstrap as statistics
from evaluator.statistics.subset_reports import subset_reports
from evaluator.statistics.subsets import choose_videos, labels_of
from evaluator.tracklets import average_precision as tracklet_ap
from evaluator.tracklets import ground_truth as prepared
from evaluator.tracklets.annotations import read_annotations
from evaluator.tracklets.careful_reader import CarefulReader
from evaluator.tracklets.draws import DrawnAp
from evaluator.tracklets.ground_truth import GroundTruth
from evaluator.tracklets.results import (
    PER_VIDEO_METRICS,
    PooledPredictions,
    mean_by_video,
    pool,
    results_by_video,
    splits_of,
)
from evaluator.tracklets.results_json import PredictionTable, open_list, read_table
from evaluator.tracklets.scorer import NotPlain, TrackletScorer
from evaluator.tracklets.suspicions import warn_of_misread
from evaluator.tracklets.warnings import (
    warn_of_blanks,
    warn_of_categories,
    warn_of_duplicates,
    warn_of_scores,
    warn_of_videos,
)
from evaluator.types import Report
from evaluator.version import __version__


def evaluate(spec: BenchmarkSpec, ground_truth: Path, predictions: Path, options: Options) -> Report:
    """Score one submission; the contract is that of `evaluator.evaluate`."""
    begin = time.perf_counter()
    truth = load_ground_truth(spec, ground_truth, options.prepared_dir)
    chosen = choose_videos(options.subsets, labels_of(truth.videos))
    truth_read = time.perf_counter()
    source = open_predictions(predictions)
    with ThreadPoolExecutor(1) as background:
        hashed = background.submit(_sha256, source.contents)
        if options.workers == 1:
            hashed.result()  # one worker means one core: nothing runs beside it
        with warned(truth.warnings):
            scored = score_predictions(source, truth, splits_of(spec), options.workers, options.progress)
        predictions_sha256 = hashed.result()
    matched = time.perf_counter()
    pooled = pool(scored.scorer)
    metrics, per_category = _category_metrics(spec, pooled)
    videos = len(truth.videos)
    again = partial(options.report_progress, videos, videos)
    drawn = DrawnAp(pooled, spec.headline)
    resampled = statistics.bootstrap(drawn, videos, options.bootstrap, options.seed, again)
    weighted = partial(_weighted_metrics, spec, pooled)
    parts = subset_reports(chosen, weighted, drawn, spec, videos, options, again)
    done = time.perf_counter()
    return Report(
        benchmark=spec.key,
        task=spec.task,
        evaluator=__version__,
        digest=report_digest(spec.key, truth.sha256, predictions_sha256, metrics),
        videos=videos,
        predictions=len(scored.scorer.score),
        metrics=metrics,
        per_category=per_category,
        per_video=_video_metrics(scored.scorer),
        intervals=statistics.intervals(resampled, metrics),
        samples=statistics.samples(resampled),
        resamples=options.bootstrap,
        seed=options.seed,
        seconds={
            "read": truth_read - begin + scored.read_seconds,
            "match": matched - truth_read - scored.read_seconds,
            "accumulate": done - matched,
            "total": time.perf_counter() - begin,
        },
        warnings=truth.warnings + source.warnings + scored.warnings,
        subsets=parts,
        video_names={str(video.id): video.name for video in truth.videos if video.name != str(video.id)},
    )


def validate(spec: BenchmarkSpec, predictions: Path, ground_truth: Path | None) -> list[Problem]:
    """Check a submission without scoring it; the contract is that of `evaluator.validate`."""
    try:
        truth = None if ground_truth is None else load_ground_truth(spec, ground_truth, None)
        source = open_predictions(predictions)
        if truth is not None:
            with warned(truth.warnings):
                scored = score_predictions(source, truth, splits_of(spec), 1, None)
            return [*truth.warnings, *source.warnings, *scored.warnings]
        text, entries = open_list(source)
    except (SubmissionRejected, GroundTruthError) as error:
        return list(error.problems)
    errors, warnings, _ = CarefulReader(text, entries, None).read()
    return [*errors, *source.warnings, *warnings, *_warn_if_empty(source.name, len(entries))]


def load_ground_truth(spec: BenchmarkSpec, path: Path, prepared_dir: Path | None) -> GroundTruth:
    """Return the ground truth, from its prepared form if there is one; otherwise that is made."""
    occlusion = spec.has_occlusion
    if prepared_dir is None:
        return read_annotations(path, occlusion=occlusion)
    variant = "occlusion" if occlusion else "plain"
    path_prepared = prepared.prepared_path(prepared_dir, cached_sha256(path, prepared_dir), variant)
    truth = prepared.load(path_prepared)
    if truth is None:
        truth = read_annotations(path, occlusion=occlusion)
        prepared.save(truth, path_prepared)
    return truth


@dataclass(frozen=True, slots=True)
class Scored:
    """The outcomes of a submission's predictions, and its warnings."""

    scorer: TrackletScorer
    warnings: tuple[Problem, ...]
    read_seconds: float


def score_predictions(
    source: JsonFile,
    truth: GroundTruth,
    splits: tuple[tracklet_ap.Split, ...],
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> Scored:
    """Score quickly; if anything is unusual, read with care and score the plain copy."""
    begin = time.perf_counter()
    text, entries = open_list(source)
    table = read_table(text, entries, truth)
    read_seconds = time.perf_counter() - begin
    if table is not None:
        try:
            return _score_table(table, truth, splits, workers, progress, (), read_seconds)
        except NotPlain:
            pass
    table, warnings = plain_table(source, truth)
    read_seconds = time.perf_counter() - begin
    return _score_table(table, truth, splits, workers, progress, warnings, read_seconds)


def plain_table(source: JsonFile, truth: GroundTruth) -> tuple[PredictionTable, tuple[Problem, ...]]:
    """Read the predictions with care, and return a plain copy of them with warnings.

    Raises:
        SubmissionRejected: they cannot be used; with every problem.
    """
    text, entries = open_list(source)
    reader = CarefulReader(text, entries, truth)
    errors, warnings, plain = reader.read()
    if errors:
        raise SubmissionRejected((*errors, *source.warnings, *_warn(reader.table, truth), *warnings))
    table = read_table(*open_list(JsonFile(source.name, plain)), truth)
    if table is None:
        raise RuntimeError("Expected a plain copy of the predictions to be readable")
    return table, warnings


def _score_table(
    table: PredictionTable,
    truth: GroundTruth,
    splits: tuple[tracklet_ap.Split, ...],
    workers: int,
    progress: Callable[[int, int], None] | None,
    warnings: tuple[Problem, ...],
    read_seconds: float,
) -> Scored:
    scorer = TrackletScorer(table, truth, splits)
    listed = blank = 0
    for done, masks in enumerate(each_video(scorer.score_video, len(truth.videos), workers), start=1):
        listed += masks.uncompressed
        blank += masks.blank
        if progress is not None:
            progress(done, len(truth.videos))
    where = Where(file=table.text.name)
    if listed:
        found = f"{counted(listed, 'mask is', 'masks are')} uncompressed RLE."
        warnings += (problem("masks-uncompressed", where, found),)
    warnings += _warn(table, truth) + warn_of_misread(scorer, table.text.name) + warn_of_blanks(table, blank)
    return Scored(scorer, warnings, read_seconds)


def _warn(table: PredictionTable, truth: GroundTruth) -> tuple[Problem, ...]:
    """Return what looks unintended about the fields of the predictions."""
    return (
        *_warn_if_empty(table.text.name, len(table)),
        *warn_of_videos(table, truth.videos),
        *warn_of_categories(table, truth.categories),
        *warn_of_scores(table),
        *warn_of_duplicates(table),
    )


def _warn_if_empty(name: str, predictions: int) -> tuple[Problem, ...]:
    if predictions:
        return ()
    return (problem("predictions-empty", Where(file=name), "The list has no predictions."),)


def _weighted_metrics(
    spec: BenchmarkSpec, pooled: PooledPredictions, weights: NDArray[np.float64]
) -> dict[str, float | None]:
    results = pooled.results(weights)
    return {key: results.metric(key) for key in spec.metrics}


def _category_metrics(
    spec: BenchmarkSpec, pooled: PooledPredictions
) -> tuple[dict[str, float | None], dict[str, dict[str, float | None]]]:
    results = pooled.results()
    metrics = {key: results.metric(key) for key in spec.metrics}
    columns = [_with_none(results.by_group(key)) for key in spec.metrics]
    per_category = {}
    for category, *numbers in zip(pooled.scorer.ground_truth.categories, *columns, strict=True):
        name = category.name if category.name not in per_category else f"{category.name} ({category.id})"
        per_category[name] = dict(zip(spec.metrics, numbers, strict=True))
    return metrics, per_category


def _video_metrics(scorer: TrackletScorer) -> dict[str, dict[str, float | None]]:
    """Return for each video the metrics it would have alone, and the number of its predictions.

    The number of its ground-truth tracklets is left out on purpose: a hidden split stays hidden.
    """
    results, group_videos = results_by_video(scorer)
    videos = scorer.ground_truth.videos
    columns = [
        _with_none(mean_by_video(results.by_group(key), group_videos, len(videos)))
        for key in PER_VIDEO_METRICS
    ]
    counts = np.diff(scorer.first_prediction).tolist()
    keys = (*PER_VIDEO_METRICS, "predictions")
    return {
        str(video.id): dict(zip(keys, numbers, strict=True))
        for video, *numbers in zip(videos, *columns, counts, strict=True)
    }


def _with_none(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers as a list, NaN as None."""
    return [None if math.isnan(value) else value for value in values.tolist()]


def _sha256(contents: memoryview) -> str:
    return hashlib.sha256(contents).hexdigest()
