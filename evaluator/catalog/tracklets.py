"""The metrics of tracklets: average precision and recall, by area and by occlusion."""

from __future__ import annotations

from typing import Final

from evaluator.catalog.spec import Example, MetricGroup, MetricSpec, Source

_PAPER: Final = Source(
    "Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019, the evaluation metrics",
    "https://arxiv.org/abs/1905.04804",
)
_CODE: Final = Source(
    "Official code: youtubevos/cocoapi f3f9948, PythonAPI/pycocotools/ytvoseval.py",
    "https://github.com/youtubevos/cocoapi",
)
_OVIS_PAPER: Final = Source(
    "Qi et al., Occluded Video Instance Segmentation: A Benchmark, IJCV 2022",
    "https://arxiv.org/abs/2102.01558",
)
_OVIS_CODE: Final = Source(
    "Official code: qjy981010/cocoapi 886baff, oviseval.py", "https://github.com/qjy981010/cocoapi"
)
_IOU: Final = r"v(p,g) = \frac{\sum_t |p_t \cap g_t|}{\sum_t |p_t \cup g_t|}"
_MATCHING: Final = (
    "In each video and category the predictions are matched to objects by falling score, each to the free "
    "object with the largest track IoU $v$ of at least $\\tau$. "
)
_PRECISION: Final = (
    "$p_t$ and $g_t$ are the masks of a prediction and an object in frame $t$, empty where there is none. "
    + _MATCHING
    + "The predictions of all videos then stand in one list by score; $\\mathrm{prec}_{c,\\tau}(r)$ is the "
    "share of matched ones from its top to where recall $r$ is reached, 0 if it never is. "
    "$r$ takes the values 0, 0.01, ... 1"
)
_CATEGORIES: Final = " and $C$ are the categories with an object to find."
_PRECISION_QUIRKS: Final = (
    "Of two objects with the same IoU, the later one in the file is taken.",
    "The 100 best predictions count in each video and category, not in each video.",
    "A perfect result is 0.9999999999999998: the divisor of precision has a tiny number added.",
    "The ninth threshold is 0.8999999999999999, and ten of the recalls lie one step of floating point above "
    "their hundredth.",
)
_AREA_QUIRKS: Final = (
    "The area is the mean over the frames in which the annotation file lists one above 0; it is not "
    "measured on the masks.",
    "Both ends belong to a range: an area of exactly 128² or 256² counts in two of them.",
    "Predictions that find an object outside the range are left out, and unmatched ones whose own area is "
    "outside as well.",
)
_OCCLUSION_QUIRKS: Final = (
    "Both ends belong to a range: a score of exactly 0.25 or 0.5 counts in two of them.",
    "Predictions have no occlusion score, so an unmatched one is a false positive in every range, and these "
    "three numbers lie lower than AP alone would suggest.",
    "Frames in which the object is not visible are left out of its score.",
)
_RECALL_QUIRKS: Final = (
    "The limit holds in each video and category, not in each video, as its name may suggest.",
    "Of two objects with the same IoU, the later one in the file is taken.",
)


def _precision(
    key: str, title: str, threshold: str, description: str, meaning: str, working: str, value: float
) -> MetricSpec:
    name = f"\\mathrm{{AP}}_{{{threshold}}}" if threshold else "\\mathrm{AP}"
    at = f"0.{threshold}" if threshold else "\\tau"
    mean = "\\frac{1}{|C|}" if threshold else "\\frac{1}{10 |C|}"
    thresholds = "" if threshold else "\\sum_\\tau "
    best = f"\\max_{{r' \\ge r}} \\mathrm{{prec}}_{{c,{at}}}(r')"
    symbols = f", $\\tau$ is {f'0.{threshold}' if threshold else 'one of 0.50, 0.55, ... 0.95'},"
    return MetricSpec(
        key=key,
        label=key,
        title=title,
        group="overall",
        description=description,
        meaning=meaning,
        formula=(_IOU, f"{name} = {mean} \\sum_{{c \\in C}} {thresholds}\\frac{{1}}{{101}} \\sum_r {best}"),
        symbols=f"{_PRECISION}{symbols}{_CATEGORIES}",
        sources=(_PAPER, _CODE),
        quirks=_PRECISION_QUIRKS,
        example=Example("tracklets", working, value),
    )


def _part(
    key: str, name: str, group: MetricGroup, who: str, subset: str, description: str, example: Example
) -> MetricSpec:
    """A metric over the objects that satisfy a condition; `subset` is it as a formula."""
    base, suffix = key.split("_")
    label = f"{base} {suffix.upper()}"
    of = "\\mathrm{AP}" if base == "AP" else "\\mathrm{AR}_{100}"
    by_area = suffix in "sml"
    kind = "\\mathrm{area}" if by_area else "\\mathrm{occ}"
    measured = (
        "$\\mathrm{area}(g)$ is the mean area of the object's masks in pixels."
        if by_area
        else "$\\mathrm{occ}(g)$ is the mean weight of the more occluded half (rounded up) of the frames in "
        "which the object is visible; a frame weighs 0 without, 0.25 with slight, 0.75 with severe occlusion."
    )
    asked = "How precisely" if base == "AP" else "How completely"
    sources = (_PAPER, _CODE) if by_area else (_OVIS_PAPER, _OVIS_CODE)
    return MetricSpec(
        key=key,
        label=label,
        title=f"{base} of {who}",
        group=group,
        description=description,
        meaning=f"{asked} {who} are found and followed.",
        formula=(
            f"\\mathrm{{{base}}}_{{\\mathrm{{{suffix.upper()}}}}} = {of} \\text{{ over }} G",
            f"G = \\{{ g \\mid {subset.format(kind + '(g)')} \\}}",
        ),
        symbols=f"{measured} Objects outside $G$ are ignored like crowds: what is matched with them counts "
        f"neither for nor against. All else is as in {'AP' if base == 'AP' else 'AR100'}.",
        sources=sources,
        quirks=_AREA_QUIRKS if by_area else _OCCLUSION_QUIRKS,
        example=example,
    )


def _recall(limit: int, words: str, description: str, working: str, value: float) -> MetricSpec:
    best = "best prediction" if limit == 1 else f"{limit} best predictions"
    return MetricSpec(
        key=f"AR{limit}",
        label=f"AR{limit}",
        title=f"Average recall, {limit} prediction{'s' * (limit > 1)}",
        group="recall",
        description=description,
        meaning=f"The share of the objects that is found with the {words} of each video and category.",
        formula=(
            f"\\mathrm{{AR}}_{{{limit}}} = \\frac{{1}}{{10 |C|}} \\sum_{{c \\in C}} \\sum_\\tau "
            "\\frac{\\mathrm{TP}_{c,\\tau}}{|G_c|}",
        ),
        symbols=f"{_MATCHING}$\\mathrm{{TP}}_{{c,\\tau}}$ is the number of objects of category $c$ found by "
        f"the {best} of their video and category, $G_c$ all its objects, $\\tau$ is one of 0.50, 0.55, ... "
        f"0.95,{_CATEGORIES}",
        sources=(_PAPER, _CODE),
        quirks=_RECALL_QUIRKS,
        example=Example("tracklets", working, value),
    )


_AREAS: Final = {
    "s": ("small objects", "{} \\le 128^2", "Tracklets whose mean area is at most 128² pixels."),
    "m": (
        "medium objects",
        "128^2 \\le {} \\le 256^2",
        "Tracklets whose mean area is 128² to 256² pixels.",
    ),
    "l": ("large objects", "{} \\ge 256^2", "Tracklets whose mean area is at least 256² pixels."),
}
_OCCLUSIONS: Final = {
    "so": (
        "slightly occluded objects",
        "0 \\le {} \\le 0.25",
        "Tracklets with an occlusion score of 0 to 0.25.",
    ),
    "mo": (
        "moderately occluded objects",
        "0.25 \\le {} \\le 0.5",
        "Tracklets with an occlusion score of 0.25 to 0.5.",
    ),
    "ho": (
        "heavily occluded objects",
        "0.5 \\le {} \\le 1",
        "Tracklets with an occlusion score of 0.5 to 1.",
    ),
}
_PART_EXAMPLES: Final = {
    "AP_s": (
        "Only S counts. The prediction on nothing is small as well and has a higher score, so precision is "
        "1/2 at the 3 thresholds up to 0.60, where S is found, and 0 above: 3/10 × 1/2.",
        0.15,
    ),
    "AP_m": ("Only M counts. It is found exactly, and no false positive is of medium size.", 1.0),
    "AP_l": (
        "Only L counts. It is found at the 7 thresholds up to 0.80, without a false positive of its size.",
        0.7,
    ),
    "AP_so": (
        "S has the occlusion score 0 and counts alone. The prediction on nothing is a false positive before "
        "it: 1/2 at the 3 thresholds up to 0.60, 0 above.",
        0.15,
    ),
    "AP_mo": (
        "M is severely occluded in one of 3 frames: (0.75 + 0) / 2 = 0.375, so it counts alone. Up to 0.80 "
        "the prediction on L is ignored and precision is 1/2; above, it is a false positive, too, and "
        "precision 1/3: (7 × 1/2 + 3 × 1/3) / 10.",
        0.45,
    ),
    "AP_ho": (
        "L is severely occluded in two of 3 frames: (0.75 + 0.75) / 2 = 0.75, so it counts alone. It has the "
        "highest score of all and is found at 7 of 10 thresholds.",
        0.7,
    ),
    "AR_s": ("S is found at 3 of 10 thresholds.", 0.3),
    "AR_m": ("M is found at all thresholds.", 1.0),
    "AR_l": ("L is found at 7 of 10 thresholds.", 0.7),
    "AR_so": ("S, of occlusion score 0, is found at 3 of 10 thresholds.", 0.3),
    "AR_mo": ("M, of occlusion score 0.375, is found at all thresholds.", 1.0),
    "AR_ho": ("L, of occlusion score 0.75, is found at 7 of 10 thresholds.", 0.7),
}


def _parts(base: str, *, by_area: bool) -> list[MetricSpec]:
    specs = []
    for suffix, (who, subset, description) in (_AREAS if by_area else _OCCLUSIONS).items():
        key = f"{base}_{suffix}"
        group: MetricGroup = "recall" if base == "AR" else "area" if by_area else "occlusion"
        scope = description if base == "AP" else f"AR100 of {description[0].lower()}{description[1:]}"
        working, value = _PART_EXAMPLES[key]
        example = Example("tracklets", working, value)
        specs.append(_part(key, who, group, who, subset, scope, example))
    return specs


_AT_LOW: Final = (
    "Up to 0.60 the list is right, wrong, right, right: precision is 1 up to recall 1/3 (34 of 101 recalls), "
    "then 3/4 (67): 0.8342. "
)
_AT_MIDDLE: Final = "From 0.65 to 0.80 S is lost: 1 (34 recalls), 2/3 up to recall 2/3 (33), then 0: 0.5545. "

SPECS: Final = (
    _precision(
        "AP",
        "Average precision",
        "",
        "Mean of the precision at 101 recalls, over ten track IoU thresholds 0.50..0.95 and the categories. "
        "Track IoU is the sum of intersections over the sum of unions of all frames.",
        "How many of the objects are found, exactly and through the whole video, before wrong predictions "
        "come up.",
        f"{_AT_LOW}{_AT_MIDDLE}From 0.85 on only M is right, as the third: 1/3 (34 recalls): 0.1122. "
        "(3 × 0.8342 + 4 × 0.5545 + 3 × 0.1122) / 10.",
        0.5057,
    ),
    _precision(
        "AP50",
        "Average precision at IoU 0.50",
        "50",
        "AP at the single threshold 0.50.",
        "As AP, where a track that overlaps its object by half is good enough: whether things are found, "
        "not how exactly.",
        _AT_LOW.strip(),
        0.8342,
    ),
    _precision(
        "AP75",
        "Average precision at IoU 0.75",
        "75",
        "AP at the single threshold 0.75.",
        "As AP, where a track has to overlap its object by three quarters.",
        _AT_MIDDLE.strip(),
        0.5545,
    ),
    *_parts("AP", by_area=True),
    *_parts("AP", by_area=False),
    _recall(
        1,
        "single best prediction",
        "Final recall with the best prediction of each video and category, over thresholds and categories.",
        "The best prediction is the one on L, right at 7 of 10 thresholds: 7/10 × 1/3.",
        0.2333,
    ),
    _recall(
        10,
        "ten best predictions",
        "As AR1, with the ten best predictions.",
        "3 objects are found at the 3 thresholds up to 0.60, 2 at the next 4, 1 at the last 3: "
        "(3 × 3/3 + 4 × 2/3 + 3 × 1/3) / 10.",
        0.6667,
    ),
    _recall(
        100,
        "hundred best predictions",
        "As AR1, with the hundred best predictions.",
        "As AR10, since there are only four predictions.",
        0.6667,
    ),
    *_parts("AR", by_area=True),
    *_parts("AR", by_area=False),
)
