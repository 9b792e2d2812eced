"""The metrics grouped by what they measure, and how each is computed at home; a light module."""

from __future__ import annotations

from typing import Final

from evaluator.catalog.benchmarks import METRICS, benchmarks_with
from evaluator.catalog.spec import MetricSpec

FAMILIES: Final = {
    "vis": "Tracklets: video instance segmentation",
    "tracking": "Tracklets: tracking",
    "errors": "Tracklets: what errors cost",
    "vps": "Panoptic maps: video panoptic segmentation",
    "vss": "Semantic maps: video semantic segmentation",
}


def metrics_of(family: str) -> list[MetricSpec]:
    """Return the metrics of one of `FAMILIES`, in the order of the catalog."""
    tasks = {spec.key: benchmarks_with(spec.key)[0].task for spec in METRICS.values()}
    return [
        spec for spec in METRICS.values() if family == (spec.group if spec.is_analysed else tasks[spec.key])
    ]


def command_for(spec: MetricSpec) -> str:
    """Return the command that computes a metric on one's own machine."""
    benchmark = benchmarks_with(spec.key)[0]
    verb = "analyse" if spec.is_analysed else "score"
    files = "--gt annotations.json --pred results.json"
    if benchmark.task != "vis":
        files = "--gt ground_truth/ --pred predictions.zip"
    return f"python -m evaluator {verb} {benchmark.key} {files}"
