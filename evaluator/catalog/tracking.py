"""The tracking metrics of `evaluator.analyse`: HOTA and IDF1 with their parts, on masks."""

from __future__ import annotations

from typing import Final

from evaluator.catalog.spec import Example, MetricSpec, Source

_HOTA: Final = Source(
    "Luiten et al., HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking, IJCV 2021, section 5",
    "https://arxiv.org/abs/2009.07736",
)
_IDF1: Final = Source(
    "Ristani et al., Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking, 2016",
    "https://arxiv.org/abs/1609.01775",
)
_CODE: Final = Source(
    "Reference: TrackEval 1.3.0, data set YouTubeVIS", "https://github.com/JonathonLuiten/TrackEval"
)
_MASKS: Final = (
    "In every frame the masks of predictions and objects of one category are matched one to one, so that "
    "tracks which agree through the whole video are preferred. At a threshold $\\alpha$ of 0.05, 0.10, ... "
    "0.95 a matched pair with IoU of at least $\\alpha$ is right (TP); the other masks of the ground truth "
    "are missed (FN), those of predictions wrong (FP). "
)
_PAIRS: Final = (
    "For a right pair, $n$ is the number of frames in which the same two tracks form one, $|g|$ and $|p|$ "
    "are the numbers of frames in which each of them has a mask. "
)
_AVERAGED: Final = (
    "Masks of all videos and categories are summed first; the mean over the 19 thresholds comes last. "
    "`analyse` also gives the mean over categories."
)
_QUIRKS: Final = (
    "Scores are not used: every prediction is a track and every mask a detection. `--min-score` leaves "
    "unsure predictions out.",
    "Crowds are ordinary objects, and a mask without pixels is a wrong detection.",
    "In the mean over all categories, one without any mask counts as 0 (for LocA as 1).",
)
_PAIRING: Final = (
    "Whole tracks of one category are paired one to one, so that the number of frames in which the masks of "
    "a pair have IoU of at least 0.5 (IDTP) is largest; other masks of the ground truth are IDFN, those of "
    "predictions IDFP. Sums run over all videos and categories."
)


def _hota(
    key: str, title: str, description: str, meaning: str, part: str, symbols: str, working: str, value: float
) -> MetricSpec:
    return MetricSpec(
        key=key,
        label=key,
        title=title,
        group="tracking",
        description=description,
        meaning=meaning,
        formula=(f"\\mathrm{{{key}}} = \\frac{{1}}{{19}} \\sum_\\alpha {part}",),
        symbols=f"{_MASKS}{symbols}{_AVERAGED}",
        sources=(_HOTA, _CODE),
        quirks=_QUIRKS,
        example=Example("swap", working, value),
    )


def _identity(
    key: str, title: str, description: str, meaning: str, formula: str, working: str, value: float
) -> MetricSpec:
    return MetricSpec(
        key=key,
        label=key,
        title=title,
        group="tracking",
        description=description,
        meaning=meaning,
        formula=(f"\\mathrm{{{key}}} = {formula}",),
        symbols=_PAIRING,
        sources=(_IDF1, _CODE),
        quirks=_QUIRKS[:2],
        example=Example("swap", working, value),
    )


def _association(divisor: str) -> str:
    return f"\\frac{{1}}{{|\\mathrm{{TP}}|}} \\sum_{{(p,g) \\in \\mathrm{{TP}}}} \\frac{{n}}{{{divisor}}}"


SPECS: Final = (
    _hota(
        "HOTA",
        "Higher order tracking accuracy",
        "Geometric mean of DetA and AssA, averaged over 19 IoU thresholds of masks, 0.05..0.95.",
        "How well objects are found in every frame and kept apart through the video, both counting alike.",
        r"\sqrt{\mathrm{DetA}_\alpha \cdot \mathrm{AssA}_\alpha}",
        "",
        "All masks are exact, so every threshold gives the same: the square root of DetA 0.75 times AssA "
        "0.3889.",
        0.5401,
    ),
    _hota(
        "DetA",
        "Detection accuracy",
        "Right masks / (right, missed and wrong ones), whatever the track; averaged as HOTA.",
        "How well objects are found in every frame, whatever their identity.",
        r"\frac{|\mathrm{TP}|}{|\mathrm{TP}| + |\mathrm{FN}| + |\mathrm{FP}|}",
        "",
        "6 masks are right, A is missed in frames 3 and 4, and nothing is wrong: 6 / (6 + 2 + 0).",
        0.75,
    ),
    _hota(
        "AssA",
        "Association accuracy",
        "Over the right masks: how much of the two tracks that meet in one agrees; averaged as HOTA.",
        "How well each object is followed under one identity.",
        _association("|g| + |p| - n"),
        _PAIRS,
        "A and p form 2 right pairs: 2 / (4 + 4 - 2). B and p: the same. B and q: 2 / (4 + 2 - 2). The mean "
        "over the 6 right pairs, two of each: (1/3 + 1/3 + 1/2) / 3.",
        0.3889,
    ),
    _hota(
        "LocA",
        "Localisation accuracy",
        "Mean IoU of the right masks, averaged as HOTA.",
        "How exact the masks are that count as right.",
        r"\frac{1}{|\mathrm{TP}|} \sum_{(p,g) \in \mathrm{TP}} \mathrm{IoU}(p,g)",
        "At a threshold that no mask reaches, it is 1. ",
        "All masks are exact.",
        1.0,
    ),
    _hota(
        "DetRe",
        "Detection recall",
        "Right masks / masks of the ground truth, averaged as HOTA.",
        "The share of the objects' masks that is found.",
        r"\frac{|\mathrm{TP}|}{|\mathrm{TP}| + |\mathrm{FN}|}",
        "",
        "6 of the 8 masks of A and B are found.",
        0.75,
    ),
    _hota(
        "DetPr",
        "Detection precision",
        "Right masks / predicted masks, averaged as HOTA.",
        "The share of the predicted masks that is right.",
        r"\frac{|\mathrm{TP}|}{|\mathrm{TP}| + |\mathrm{FP}|}",
        "",
        "All 6 predicted masks are right.",
        1.0,
    ),
    _hota(
        "AssRe",
        "Association recall",
        "As AssA, compared with the length of the true track alone.",
        "How much of each object one prediction follows: low where its track is broken.",
        _association("|g|"),
        _PAIRS,
        "Every right pair meets in 2 of the 4 frames of its object.",
        0.5,
    ),
    _hota(
        "AssPr",
        "Association precision",
        "As AssA, compared with the length of the predicted track alone.",
        "How much of each prediction stays on one object: low where it goes over to another one.",
        _association("|p|"),
        _PAIRS,
        "2 of the 4 frames of p with A, 2 of 4 with B, and both frames of q: (1/2 + 1/2 + 1) / 3.",
        0.6667,
    ),
    _identity(
        "IDF1",
        "Identity F1",
        "Share of the masks that agree (IoU 0.5) under the best pairing of whole tracks.",
        "For how long each object is followed by the one prediction that fits it best.",
        r"\frac{2 \mathrm{IDTP}}{2 \mathrm{IDTP} + \mathrm{IDFN} + \mathrm{IDFP}}",
        "A with p and B with q agree in 2 frames each. 2 × 4 / (8 true + 6 predicted masks).",
        0.5714,
    ),
    _identity(
        "IDR",
        "Identity recall",
        "As IDF1, divided by the masks of the ground truth.",
        "The share of the objects' masks that the prediction paired with each has found.",
        r"\frac{\mathrm{IDTP}}{\mathrm{IDTP} + \mathrm{IDFN}}",
        "4 of 8 true masks.",
        0.5,
    ),
    _identity(
        "IDP",
        "Identity precision",
        "As IDF1, divided by the predicted masks.",
        "The share of the predicted masks that lies on the object paired with their prediction.",
        r"\frac{\mathrm{IDTP}}{\mathrm{IDTP} + \mathrm{IDFP}}",
        "4 of 6 predicted masks.",
        0.6667,
    ),
)
