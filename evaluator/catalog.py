"""METRICS and BENCHMARKS: the only lists of either. Columns, documentation and API are drawn from them.

A light module (no numpy, no numba): the site imports it on every start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal["vis", "vps", "vss"]
MetricGroup = Literal["overall", "area", "occlusion", "recall", "consistency", "windows", "tracking"]


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One number of a report: `label` heads a column, `title` names it in full."""

    key: str
    label: str
    title: str
    group: MetricGroup
    description: str
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """One benchmark: `metrics` in the official order, `headline` those a table shows first."""

    key: str
    name: str
    task: Task
    primary: str
    metrics: tuple[str, ...]
    headline: tuple[str, ...]


_METRIC_SPECS = (
    MetricSpec(
        "AP",
        "AP",
        "Average precision",
        "overall",
        "Mean of the precision at 101 recalls, over ten track IoU thresholds 0.50..0.95 and the categories. "
        "Track IoU is the sum of intersections over the sum of unions of all frames.",
    ),
    MetricSpec(
        "AP50", "AP50", "Average precision at IoU 0.50", "overall", "AP at the single threshold 0.50."
    ),
    MetricSpec(
        "AP75", "AP75", "Average precision at IoU 0.75", "overall", "AP at the single threshold 0.75."
    ),
    MetricSpec(
        "AP_s", "AP S", "AP of small objects", "area", "Tracklets whose mean area is at most 128² pixels."
    ),
    MetricSpec(
        "AP_m", "AP M", "AP of medium objects", "area", "Tracklets whose mean area is 128² to 256² pixels."
    ),
    MetricSpec(
        "AP_l", "AP L", "AP of large objects", "area", "Tracklets whose mean area is at least 256² pixels."
    ),
    MetricSpec(
        "AP_so",
        "AP SO",
        "AP of slightly occluded objects",
        "occlusion",
        "Tracklets with an occlusion score of 0 to 0.25.",
    ),
    MetricSpec(
        "AP_mo",
        "AP MO",
        "AP of moderately occluded objects",
        "occlusion",
        "Tracklets with an occlusion score of 0.25 to 0.5.",
    ),
    MetricSpec(
        "AP_ho",
        "AP HO",
        "AP of heavily occluded objects",
        "occlusion",
        "Tracklets with an occlusion score of 0.5 to 1.",
    ),
    MetricSpec(
        "AR1",
        "AR1",
        "Average recall, 1 prediction",
        "recall",
        "Final recall with the best prediction of each video and category, over thresholds and categories.",
    ),
    MetricSpec(
        "AR10", "AR10", "Average recall, 10 predictions", "recall", "As AR1, with the ten best predictions."
    ),
    MetricSpec(
        "AR100",
        "AR100",
        "Average recall, 100 predictions",
        "recall",
        "As AR1, with the hundred best predictions.",
    ),
    MetricSpec("AR_s", "AR S", "AR of small objects", "recall", "AR100 of tracklets of at most 128² pixels."),
    MetricSpec(
        "AR_m", "AR M", "AR of medium objects", "recall", "AR100 of tracklets of 128² to 256² pixels."
    ),
    MetricSpec(
        "AR_l", "AR L", "AR of large objects", "recall", "AR100 of tracklets of at least 256² pixels."
    ),
    MetricSpec(
        "AR_so", "AR SO", "AR of slightly occluded objects", "recall", "AR100 for occlusion scores 0 to 0.25."
    ),
    MetricSpec(
        "AR_mo",
        "AR MO",
        "AR of moderately occluded objects",
        "recall",
        "AR100 for occlusion scores 0.25 to 0.5.",
    ),
    MetricSpec(
        "AR_ho", "AR HO", "AR of heavily occluded objects", "recall", "AR100 for occlusion scores 0.5 to 1."
    ),
    MetricSpec(
        "VPQ",
        "VPQ",
        "Video panoptic quality",
        "overall",
        "Mean of VPQ1, VPQ2, VPQ4, VPQ6: sum of IoU / (TP + FP / 2 + FN / 2) of tubes, over the categories.",
    ),
    MetricSpec("VPQ_th", "VPQ Th", "VPQ of things", "overall", "As VPQ, over the countable categories."),
    MetricSpec("VPQ_st", "VPQ St", "VPQ of stuff", "overall", "As VPQ, over the uncountable categories."),
    *(
        MetricSpec(
            f"VPQ{k}",
            f"VPQ{k}",
            f"VPQ over {k} frame{'s' * (k > 1)}",
            "windows",
            f"Tubes are as long as {k} annotated frame{'s' * (k > 1)}; all windows of every video count.",
        )
        for k in (1, 2, 4, 6, 8)
    ),
    MetricSpec(
        "VPQ_script",
        "VPQ script",
        "VPQ as the official script prints it",
        "windows",
        "Mean of VPQ1, VPQ2, VPQ4, VPQ6 and VPQ8.",
    ),
    MetricSpec(
        "STQ",
        "STQ",
        "Segmentation and tracking quality",
        "overall",
        "Geometric mean of association quality (AQ) and segmentation quality (SQ).",
    ),
    MetricSpec(
        "AQ",
        "AQ",
        "Association quality",
        "consistency",
        "How well the pixels of a thing stay in one predicted tube through the video, whatever its class.",
    ),
    MetricSpec(
        "SQ",
        "SQ",
        "Segmentation quality",
        "overall",
        "Mean IoU of the classes over all pixels of all videos.",
    ),
    MetricSpec(
        "mIoU",
        "mIoU",
        "Mean IoU",
        "overall",
        "Mean IoU of the classes that occur in the ground truth, over all pixels of all videos.",
    ),
    MetricSpec(
        "fwIoU",
        "fwIoU",
        "Frequency-weighted IoU",
        "overall",
        "Mean IoU, every class weighted with its share of the labelled pixels.",
    ),
    *(
        MetricSpec(
            f"VC{n}",
            f"VC{n}",
            f"Video consistency over {n} frames",
            "consistency",
            f"Share of the pixels with the same true class for {n} frames whose prediction stays the same.",
        )
        for n in (8, 16)
    ),
    *(
        MetricSpec(key, key, title, "tracking", description)
        for key, title, description in (
            (
                "HOTA",
                "Higher order tracking accuracy",
                "Geometric mean of DetA and AssA, averaged over 19 IoU thresholds of masks, 0.05..0.95.",
            ),
            (
                "DetA",
                "Detection accuracy",
                "Right masks / (right, missed and wrong ones), whatever the track; averaged as HOTA.",
            ),
            (
                "AssA",
                "Association accuracy",
                "Over the right masks: how much of the two tracks that meet in one agrees; averaged as HOTA.",
            ),
            (
                "LocA",
                "Localisation accuracy",
                "Mean IoU of the right masks, averaged as HOTA.",
            ),
            (
                "DetRe",
                "Detection recall",
                "Right masks / masks of the ground truth, averaged as HOTA.",
            ),
            (
                "DetPr",
                "Detection precision",
                "Right masks / predicted masks, averaged as HOTA.",
            ),
            (
                "AssRe",
                "Association recall",
                "As AssA, compared with the length of the true track alone.",
            ),
            (
                "AssPr",
                "Association precision",
                "As AssA, compared with the length of the predicted track alone.",
            ),
            (
                "IDF1",
                "Identity F1",
                "Share of the masks that agree (IoU 0.5) under the best pairing of whole tracks.",
            ),
            (
                "IDR",
                "Identity recall",
                "As IDF1, divided by the masks of the ground truth.",
            ),
            (
                "IDP",
                "Identity precision",
                "As IDF1, divided by the predicted masks.",
            ),
        )
    ),
)

METRICS: dict[str, MetricSpec] = {spec.key: spec for spec in _METRIC_SPECS}

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
