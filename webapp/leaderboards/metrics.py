"""The columns of a leaderboard: `evaluator.catalog` has what is scored here, PUBLISHED what papers print."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.catalog import METRICS
from webapp.benchmarks.models import Benchmark

GROUPS = {
    "overall": "Overall",
    "area": "By area",
    "occlusion": "By occlusion",
    "length": "By video length",
    "consistency": "Consistency",
    "windows": "By window",
    "recall": "Recall",
    "tracking": "Tracking",
    "errors": "Cost of errors, AP50",
    "other": "Other",
}
# Groups of columns that are no metrics of the board: what rows cost, and the primary metric by category.
COSTS, CATEGORIES = "cost", "category"
# What an analysis of tracklets adds to the scores, some time after them.
ANALYSED = (
    *("HOTA", "DetA", "AssA", "LocA", "IDF1"),
    *(key for key, spec in METRICS.items() if spec.group == "errors"),
)
OCCLUSION = ("AP_so", "AP_mo", "AP_ho")
PRIMARY_OF_TASK = {"vis": "AP", "vps": "VPQ", "vss": "mIoU"}


@dataclass(frozen=True, slots=True)
class Metric:
    """A number as a column: `short` heads it under its group's name, `label` stands alone."""

    key: str
    label: str
    short: str
    title: str
    group: str
    description: str
    higher_is_better: bool = True


def _published(key: str, label: str, title: str, group: str, description: str) -> Metric:
    return Metric(key, label, label, title, group, description)


# On YouTube-VIS 2022, papers print short and long videos apart; DEVA measured VIPSeg its own way.
_PUBLISHED = (
    _published("VPQ10", "VPQ10", "VPQ at 10 frames", "windows", "Tubes of 10 frames."),
    _published("VPQ_inf", "VPQ∞", "VPQ over whole videos", "windows", "Tubes as long as the video."),
    _published("VPQ_deva", "VPQ DEVA", "VPQ as DEVA averages it", "windows", "Mean over other windows."),
    _published("AP_short", "AP short", "AP of short videos", "length", "AP over the short videos alone."),
    _published("AP_long", "AP long", "AP of long videos", "length", "AP over the long videos alone."),
    _published("AP50_long", "AP50 long", "AP50 of long videos", "length", "AP50 over the long videos."),
    _published("AP75_long", "AP75 long", "AP75 of long videos", "length", "AP75 over the long videos."),
    _published("AR1_long", "AR1 long", "AR1 of long videos", "length", "AR1 over the long videos."),
    _published("AR10_long", "AR10 long", "AR10 of long videos", "length", "AR10 over the long videos."),
)
PUBLISHED = {metric.key: metric for metric in _PUBLISHED}

SHORT = {
    "AP_s": "small",
    "AP_m": "medium",
    "AP_l": "large",
    "AP_so": "slight",
    "AP_mo": "moderate",
    "AP_ho": "heavy",
}


def metric(key: str) -> Metric:
    """Return how a metric is shown; an unknown key is shown as it is, under "Other"."""
    if spec := METRICS.get(key):
        group = spec.group if spec.group in GROUPS else "other"
        return Metric(
            key,
            spec.label,
            SHORT.get(key, spec.label.removeprefix("dAP50 ")),
            spec.title,
            group,
            spec.description,
            spec.higher_is_better,
        )
    return PUBLISHED.get(key) or Metric(key, key, key, key, "other", "")


def primary_metric(benchmark: Benchmark) -> str:
    """Return the key by which a benchmark ranks."""
    return benchmark.spec.primary if benchmark.spec else PRIMARY_OF_TASK[benchmark.task]


def printed_for(subset: str) -> dict[str, str]:
    """Return the keys under which papers print metrics of a subset (AP_long), each with the metric's own."""
    return {key: key.removesuffix(f"_{subset}") for key in PUBLISHED if key.endswith(f"_{subset}")}


def stand_ins(benchmark: Benchmark, keys: Sequence[str]) -> list[Metric]:
    """Return those of `keys` that order rows without the primary metric, the best one first.

    The primary metric over some of the videos says most, such as over the long ones.
    """
    primary = primary_metric(benchmark)
    parts = [key for key in keys if key.startswith(f"{primary}_")]
    parts.sort(key=lambda key: (key != f"{primary}_long", metric(key).group != "length"))
    return [metric(key) for key in dict.fromkeys((*parts, *keys)) if key != primary]


def column_order(benchmark: Benchmark) -> list[str]:
    """Return all keys in the order of columns: group by group, as the catalog lists them."""
    known = [*(benchmark.spec.metrics if benchmark.spec else ()), *ANALYSED, *PUBLISHED]
    groups = list(GROUPS)
    return sorted(dict.fromkeys(known), key=lambda key: groups.index(metric(key).group))


def is_compact(benchmark: Benchmark, key: str) -> bool:
    """Return whether the first view of a table shows the column; "all columns" shows the others too."""
    if key in ANALYSED:
        return False
    if benchmark.spec is None or key not in benchmark.spec.metrics:
        return metric(key).group != "windows"
    return key in benchmark.spec.headline or metric(key).group in ("area", "occlusion")
