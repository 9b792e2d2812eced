"""Masks of a submission or ground truth as a file that a browser reads piece by piece. See `store`.

Importing the package is cheap; numpy and the compiled kernels are loaded by the first call.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.catalog import BenchmarkSpec
from evaluator.options import Options

if TYPE_CHECKING:
    from evaluator.playback.store import StoreIndex


def store_predictions(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, path: Path, options: Options
) -> StoreIndex:
    """Write the masks of a submission to `path`. Of the ground truth names and sizes are written alone.

    Raises:
        SubmissionRejected: the predictions cannot be read; those that were scored can.
        OSError: a file cannot be read or written.
    """
    if spec.task == "vis":
        from evaluator.playback.tracklets import store_predictions
    else:
        from evaluator.playback.maps import store_predictions
    return store_predictions(spec, ground_truth, predictions, path, options)


def store_ground_truth(spec: BenchmarkSpec, ground_truth: Path, path: Path, options: Options) -> StoreIndex:
    """Write the annotated masks to `path`.

    Raises:
        GroundTruthError: the ground truth cannot be read.
        OSError: a file cannot be read or written.
    """
    if spec.task == "vis":
        from evaluator.playback.tracklets import store_ground_truth
    else:
        from evaluator.playback.maps import store_ground_truth
    return store_ground_truth(spec, ground_truth, path, options)


def store_events(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, path: Path, options: Options
) -> StoreIndex:
    """Write what happens to each annotated object to `path`. See `events`, and `segments` for maps.

    Raises:
        SubmissionRejected: the predictions cannot be used.
        OSError: a file cannot be read or written.
        ValueError: the benchmark is semantic, and so has no objects to follow.
    """
    if spec.task == "vss":
        raise ValueError(f"Expected a benchmark with objects to follow, but got {spec.key!r}")
    if spec.task == "vis":
        from evaluator.playback.events import store_events
    else:
        from evaluator.playback.segments import store_events
    return store_events(spec, ground_truth, predictions, path, options)
