"""Analyses a submission of tracklets (task vis): tracking metrics and the cost of its errors."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.analysis import tracking
from evaluator.analysis.errors import ErrorAnalysis, Explanations
from evaluator.analysis.overlaps import video_overlaps
from evaluator.catalog import BenchmarkSpec
from evaluator.compute.video_pool import each_video
from evaluator.files.source import open_predictions
from evaluator.options import Options
from evaluator.statistics.subsets import choose_videos, labels_of
from evaluator.tracklets.average_precision import IOU_THRESHOLDS
from evaluator.tracklets.evaluate import load_ground_truth, score_predictions
from evaluator.tracklets.results import PooledPredictions, TrackletResults, pool, splits_of
from evaluator.tracklets.scorer import TrackletScorer
from evaluator.types import Analysis, AnalysisPart, CategoryInfo
from evaluator.version import __version__

# Annotated frames, both ends included.
LENGTHS: Final = {"short": (1, 31), "medium": (32, 63), "long": (64, 1 << 62)}
_GROUPS: Final = {
    "size": {"small": "small", "medium": "medium", "large": "large"},
    "occlusion": {"light": "occlusion_light", "medium": "occlusion_medium", "heavy": "occlusion_heavy"},
}

Flags = NDArray[np.bool_]


def analyse(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, min_score: float | None, options: Options
) -> Analysis:
    """Analyse one submission; the contract is that of `evaluator.analyse`."""
    begin = time.perf_counter()
    truth = load_ground_truth(spec, ground_truth, options.prepared_dir)
    videos = len(truth.videos)
    chosen = choose_videos(options.subsets, labels_of(truth.videos))
    source = open_predictions(predictions)
    report = options.report_progress
    scored = score_predictions(
        source, truth, splits_of(spec), options.workers, lambda done, _: report(done, 2 * videos)
    )
    matched = time.perf_counter()
    analyser = _Analyser(spec, scored.scorer, -np.inf if min_score is None else min_score)
    for done in analyser.go_through(options.workers):
        report(videos + done, 2 * videos)
    explained = time.perf_counter()
    whole = analyser.part(np.ones(videos, bool))
    parts = {name: analyser.part(_flags(indices, videos)) for name, indices in chosen.items()}
    end = time.perf_counter()
    return Analysis(
        benchmark=spec.key,
        task=spec.task,
        evaluator=__version__,
        whole=whole,
        subsets=parts,
        seconds={
            "match": matched - begin,
            "explain": explained - matched,
            "accumulate": end - explained,
            "total": end - begin,
        },
        warnings=source.warnings + scored.warnings,
    )


def _flags(indices: Sequence[int], videos: int) -> Flags:
    flags = np.zeros(videos, bool)
    flags[list(indices)] = True
    return flags


class _Analyser:
    def __init__(self, spec: BenchmarkSpec, scorer: TrackletScorer, min_score: float) -> None:
        self._spec = spec
        self._scorer = scorer
        self._min_score = min_score
        self._pooled: PooledPredictions = pool(scorer)
        self._found = Explanations.empty(scorer)
        self._rows: tracking.Rows = []

    def go_through(self, workers: int) -> Iterator[int]:
        """Compare the masks of every video, frame by frame, yielding how many videos are done."""
        videos = len(self._scorer.ground_truth.videos)
        for done, rows in enumerate(each_video(self._video, videos, workers), start=1):
            self._rows += rows
            yield done

    def _video(self, index: int) -> tracking.Rows:
        overlaps = video_overlaps(self._scorer, index)
        self._found.explain(self._scorer, index, overlaps)
        return tracking.track_video(self._scorer, index, overlaps, self._min_score)

    def part(self, videos: Flags) -> AnalysisPart:
        """Return what was found in the videos that are marked, after `go_through`."""
        results = self._pooled.results(videos.astype(np.float64))
        return AnalysisPart(
            videos=int(np.count_nonzero(videos)),
            predictions=int(np.count_nonzero(videos[self._scorer.video])),
            metrics={key: results.metric(key) for key in self._spec.metrics},
            thresholds=self._thresholds(results),
            tracking=self._tracking(videos),
            errors=self._errors(videos),
        )

    def _thresholds(self, results: TrackletResults) -> dict[str, Any]:
        """Return AP at each of the official thresholds, whose mean is AP, and the same by occlusion."""
        return {
            "iou": np.round(IOU_THRESHOLDS, 2).tolist(),
            "AP": results.by_threshold("all"),
            "by": {
                group: {name: results.by_threshold(key) for name, key in members.items()}
                for group, members in self._groups().items()
            },
        }

    def _groups(self) -> dict[str, dict[str, str]]:
        """Return the slices of objects that this benchmark has, each with its split."""
        splits = {split.key for split in self._scorer.splits}
        return {group: members for group, members in _GROUPS.items() if splits >= set(members.values())}

    def _tracking(self, videos: Flags) -> dict[str, Any]:
        categories = self._scorer.ground_truth.categories
        found = tracking.summarise(tracking.join_rows(self._rows), len(categories), videos)
        return {
            "det_averaged": found.det_averaged,
            "class_averaged": found.class_averaged,
            "present_class_averaged": found.present_class_averaged,
            "per_category": dict(zip(_unique_names(categories), found.by_category, strict=True)),
            "empty_masks": found.empty_masks,
        }

    def _errors(self, videos: Flags) -> dict[str, Any]:
        splits = [split.key for split in self._scorer.splits]
        lengths = np.array([video.length for video in self._scorer.ground_truth.videos])
        by = {
            group: {name: self._split(splits.index(key), videos) for name, key in members.items()}
            for group, members in self._groups().items()
        }
        by["length"] = {
            name: self._split(0, videos & (lengths >= low) & (lengths <= high))
            for name, (low, high) in LENGTHS.items()
        }
        whole = ErrorAnalysis(self._scorer, self._found, 0, videos)
        return {
            "AP50": whole.ap50(),
            "kinds": whole.errors(),
            "category_shift": whole.category_shift(),
            "by": by,
        }

    def _split(self, split: int, videos: Flags) -> dict[str, Any]:
        found = ErrorAnalysis(self._scorer, self._found, split, videos)
        return {"AP50": found.ap50(), "kinds": found.errors()}


def _unique_names(categories: Sequence[CategoryInfo]) -> list[str]:
    names: list[str] = []
    for category in categories:
        taken = category.name in names
        names.append(f"{category.name} ({category.id})" if taken else category.name)
    return names
