"""METRICS and BENCHMARKS: the only lists of either. Columns, documentation and API are drawn from them.

Each metric is described in `tracklets`, `maps`, `tracking` or `errors` of this package.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.catalog import errors, maps, tracking, tracklets
from evaluator.catalog.spec import MetricSpec, Task

__all__ = ["BENCHMARKS", "METRICS", "BenchmarkSpec", "MetricSpec", "Task", "benchmarks_with"]


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """One benchmark: `metrics` in the official order, `headline` those a table shows first."""

    key: str
    name: str
    task: Task
    primary: str
    metrics: tuple[str, ...]
    headline: tuple[str, ...]


METRICS: dict[str, MetricSpec] = {
    spec.key: spec
    for spec in (
        *tracklets.SPECS,
        *maps.SPECS,
        *tracking.SPECS,
        *errors.SPECS,
    )
}

_YTVIS_METRICS = (
    "AP",
    "AP50",
    "AP75",
    "AP_s",
    "AP_m",
    "AP_l",
    "AR1",
    "AR10",
    "AR100",
    "AR_s",
    "AR_m",
    "AR_l",
)
_OVIS_METRICS = (
    *_YTVIS_METRICS[:6],
    "AP_so",
    "AP_mo",
    "AP_ho",
    *_YTVIS_METRICS[6:],
    "AR_so",
    "AR_mo",
    "AR_ho",
)
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


def _ytvis(year: int) -> BenchmarkSpec:
    return BenchmarkSpec(f"ytvis{year}", f"YouTube-VIS {year}", "vis", "AP", _YTVIS_METRICS, _VIS_HEADLINE)


_BENCHMARK_SPECS = (
    _ytvis(2019),
    _ytvis(2021),
    _ytvis(2022),
    BenchmarkSpec("ovis", "OVIS", "vis", "AP", _OVIS_METRICS, (*_VIS_HEADLINE, "AP_so", "AP_mo", "AP_ho")),
    BenchmarkSpec("vipseg", "VIPSeg", "vps", "VPQ", _VIPSEG_METRICS, ("VPQ", "VPQ_th", "VPQ_st", "STQ")),
    BenchmarkSpec("vspw", "VSPW", "vss", "mIoU", _VSPW_METRICS, _VSPW_METRICS),
)

BENCHMARKS: dict[str, BenchmarkSpec] = {spec.key: spec for spec in _BENCHMARK_SPECS}


def benchmarks_with(metric: str) -> list[BenchmarkSpec]:
    """Return the benchmarks whose reports have a metric; for those of `analyse`, whose analysis has it."""
    if METRICS[metric].is_analysed:
        return [spec for spec in BENCHMARKS.values() if spec.task == "vis"]
    return [spec for spec in BENCHMARKS.values() if metric in spec.metrics]
