"""Describes ground truths of all tasks.

The numeric parts load on the first call, so that the site may import this package at no cost.
"""

from __future__ import annotations

from pathlib import Path

from evaluator.catalog import BENCHMARKS
from evaluator.types import GroundTruthSummary


def describe_ground_truth(benchmark: str, path: Path) -> GroundTruthSummary:
    """Check a ground truth completely and return its public facts.

    Raises:
        GroundTruthError: it is unusable; every problem is listed.
        OSError: the file cannot be read.
        KeyError: the benchmark is unknown.
    """
    spec = BENCHMARKS[benchmark]
    if spec.task == "vps":
        from evaluator.panoptic.ground_truth import describe_panoptic

        return describe_panoptic(path, len(spec.classes))
    if spec.task == "vss":
        from evaluator.semantic.ground_truth import describe_semantic

        return describe_semantic(path, spec.classes)
    from evaluator.tracklets.annotations import read_annotations  # loads numba

    ground_truth = read_annotations(path, occlusion=spec.has_occlusion)
    return GroundTruthSummary(
        ground_truth.videos,
        ground_truth.categories,
        ground_truth.annotations,
        warnings=ground_truth.warnings,
    )
