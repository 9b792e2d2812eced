"""METRICS and BENCHMARKS: the only lists of either. Columns, documentation and API are drawn from them.

Each metric is described in `tracklets`, `maps`, `tracking` or `errors` of this package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from evaluator.catalog import errors, maps, tracking, tracklets
from evaluator.catalog.spec import MetricSpec, Task

__all__ = ["BENCHMARKS", "METRICS", "VIPSEG_THINGS", "BenchmarkSpec", "MetricSpec", "Task", "benchmarks_with"]


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """One benchmark: everything in which its evaluation differs from others of the same task.

    Attributes:
        metrics: in the official order; `headline` are those that a table shows first.
        has_occlusion: of tracklets; whether annotations have levels of occlusion.
        classes: of maps; the names of the classes 0, 1, ... Which of them are things, the JSON of a panoptic
            ground truth says.
        first_label: of semantic maps; the value in a map of the ground truth that stands for class 0. The
            next values stand for the next classes, and all other values for void.
        windows: of maps; the numbers of frames k of VPQ, or n of VC (at most 256).
        mean_windows: of panoptic maps; those whose mean is "VPQ".
    """

    key: str
    name: str
    task: Task
    primary: str
    metrics: tuple[str, ...]
    headline: tuple[str, ...]
    has_occlusion: bool = False
    classes: tuple[str, ...] = ()
    first_label: int = 0
    windows: tuple[int, ...] = ()
    mean_windows: tuple[int, ...] = ()


METRICS: dict[str, MetricSpec] = {
    spec.key: spec
    for spec in (
        *tracklets.SPECS,
        *maps.SPECS,
        *tracking.SPECS,
        *errors.SPECS,
    )
}

_PRECISION = ("AP", "AP50", "AP75", "AP_s", "AP_m", "AP_l")
_RECALL = ("AR1", "AR10", "AR100", "AR_s", "AR_m", "AR_l")
_YTVIS_METRICS = (*_PRECISION, *_RECALL)
_OVIS_METRICS = (*_PRECISION, "AP_so", "AP_mo", "AP_ho", *_RECALL, "AR_so", "AR_mo", "AR_ho")
_VIPSEG_METRICS = (
    "VPQ",
    "VPQ_th",
    "VPQ_st",
    "VPQ1",
    "VPQ2",
    "VPQ4",
    "VPQ6",
    "VPQ8",
    "VPQ_script",
    "STQ",
    "AQ",
    "SQ",
)
_VSPW_METRICS = ("mIoU", "fwIoU", "VC8", "VC16")
_VIS_HEADLINE = ("AP", "AP50", "AP75", "AR1", "AR10")


# VIPSeg has the same classes, under the same numbers.
_CLASSES_FILE = Path(__file__).parents[1] / "data" / "categories" / "vspw.json"
_VSPW_RECORDS = json.loads(_CLASSES_FILE.read_text("utf-8"))
_VSPW_CLASSES: tuple[str, ...] = tuple(item["name"] for item in _VSPW_RECORDS)
VIPSEG_THINGS: frozenset[str] = frozenset(item["name"] for item in _VSPW_RECORDS if item["isthing"])
"""Those of VIPSeg's classes that are things, as its own annotations say."""


def _ytvis(year: int) -> BenchmarkSpec:
    return BenchmarkSpec(f"ytvis{year}", f"YouTube-VIS {year}", "vis", "AP", _YTVIS_METRICS, _VIS_HEADLINE)


_BENCHMARK_SPECS = (
    _ytvis(2019),
    _ytvis(2021),
    _ytvis(2022),
    BenchmarkSpec(
        "ovis",
        "OVIS",
        "vis",
        "AP",
        _OVIS_METRICS,
        (*_VIS_HEADLINE, "AP_so", "AP_mo", "AP_ho"),
        has_occlusion=True,
    ),
    BenchmarkSpec(
        "vipseg",
        "VIPSeg",
        "vps",
        "VPQ",
        _VIPSEG_METRICS,
        ("VPQ", "VPQ_th", "VPQ_st", "STQ"),
        classes=_VSPW_CLASSES,
        windows=(1, 2, 4, 6, 8),
        mean_windows=(1, 2, 4, 6),
    ),
    BenchmarkSpec(
        "vspw",
        "VSPW",
        "vss",
        "mIoU",
        _VSPW_METRICS,
        _VSPW_METRICS,
        classes=_VSPW_CLASSES,
        first_label=1,
        windows=(8, 16),
    ),
)

BENCHMARKS: dict[str, BenchmarkSpec] = {spec.key: spec for spec in _BENCHMARK_SPECS}


def benchmarks_with(metric: str) -> list[BenchmarkSpec]:
    """Return the benchmarks whose reports have a metric; for those of `analyse`, whose analysis has it."""
    if METRICS[metric].is_analysed:
        return [spec for spec in BENCHMARKS.values() if spec.task == "vis"]
    return [spec for spec in BENCHMARKS.values() if metric in spec.metrics]
