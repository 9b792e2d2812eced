"""Describes the cost of each kind of error in `evaluator.analyse`: AP50 with it fixed, minus AP50."""

from __future__ import annotations

from typing import Final

from evaluator.catalog.spec import Example, MetricSpec, Source

_SOURCES: Final = (
    Source(
        "Bolya et al., TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV 2020, section 2",
        "https://arxiv.org/abs/2008.08115",
    ),
    Source(
        "Reference for AP50: youtubevos/cocoapi f3f9948",
        "https://github.com/youtubevos/cocoapi",
    ),
)
_IOU: Final = (
    "$p_t$ and $g_t$ are the masks of a prediction and an object in frame $t$, empty where there is none, "
    "and $v$ is their track IoU. "
)
_ABOUT: Final = (
    "$p$ is on $g$ in a frame if their IoU there is at least 0.5 and no other object's is larger. It is "
    "about $g$ if $v$ is at least 0.1, or if it is on $g$ in at least half of the frames in which it exists. "
)
_ORDER: Final = (
    "A false positive has one kind, the first that applies: duplicate, classification, switch, fragment, "
    "temporal, spatial, both, background. "
)
_COST: Final = (
    "$\\mathrm{AP50}'$ is AP50 with all errors of this kind fixed and nothing else; what is fixed keeps "
    "its score. Costs of several kinds need not add up to what is missing: one error may hide behind another."
)
_V_TIME: Final = r"v_\mathrm{time} = \frac{\sum_{t \in B} |p_t \cap g_t|}{\sum_{t \in B} |p_t \cup g_t|}"
_V_SPACE: Final = r"v_\mathrm{space} = \frac{W}{W + \sum_{t \in N} (|p_t| + |g_t|)}"
_RIGHT: Final = "Fixed, it becomes right, unless a better prediction has its object. "
_GONE: Final = "Fixed, it vanishes. "


def _kind(
    kind: str,
    title: str,
    meaning: str,
    when: str,
    formulas: tuple[str, ...],
    symbols: str,
    working: str,
    value: float,
) -> MetricSpec:
    return MetricSpec(
        key=f"dAP50_{kind}",
        label=f"dAP50 {kind}",
        title=title,
        group="errors",
        description=when,
        meaning=meaning,
        formula=(
            f"\\mathrm{{dAP50}}_\\mathrm{{{kind}}} = \\mathrm{{AP50}}'_\\mathrm{{{kind}}} - \\mathrm{{AP50}}",
            *formulas,
        ),
        symbols=f"{symbols}{_COST}",
        sources=_SOURCES,
        example=Example("mistakes", working, value),
        higher_is_better=False,
    )


SPECS: Final = (
    _kind(
        "classification",
        "AP50 lost to classification",
        "What wrong names for well followed objects cost.",
        "False positives whose track IoU with an object of another category is at least 0.5.",
        (r"v = \frac{\sum_t |p_t \cap g_t|}{\sum_t |p_t \cup g_t|} \ge 0.5",),
        f"{_IOU}$g$ is an object of another category. Fixed, it gets the category of $g$. {_ORDER}",
        "The cat, called a lion, gets its name: AP50 of cats rises from 0 to 1, 1/9 of the mean.",
        0.1111,
    ),
    _kind(
        "spatial",
        "AP50 lost to masks",
        "What inexact masks cost.",
        "False positives about an object of their category, whose masks are worse than their extent in time.",
        (_V_TIME, _V_SPACE, r"v_\mathrm{time} \le v_\mathrm{space}"),
        f"{_IOU}$B$ are the frames in which both exist, $N$ the others, and $W$ is the sum of $|g_t|$ over "
        f"$B$. {_ABOUT}{_ORDER}{_RIGHT}",
        "The masks of the dog have IoU 0.4 in every frame, and the frames are right. Fixed, AP50 of dogs "
        "rises from 0 to 1.",
        0.1111,
    ),
    _kind(
        "temporal",
        "AP50 lost to extent in time",
        "What tracks cost that begin or end at the wrong time.",
        "False positives about an object of their category, whose extent in time is worse than their masks.",
        (_V_TIME, _V_SPACE, r"v_\mathrm{space} < v_\mathrm{time}"),
        f"{_IOU}$B$ are the frames in which both exist, $N$ the others, and $W$ is the sum of $|g_t|$ over "
        f"$B$. {_ABOUT}{_ORDER}{_RIGHT}",
        "The bear is found exactly, but in 1 of 4 frames. Fixed, AP50 of bears rises from 0 to 1.",
        0.1111,
    ),
    _kind(
        "switch",
        "AP50 lost to identity switches",
        "What tracks cost that go over from one object to another.",
        "False positives that are on an object of their category in some frames and on others in some.",
        (
            r"v_\mathrm{switch} = \frac{\sum_{t \in F} |p_t \cap g_t| + \sum_{t \in H} |g_t|}"
            r"{\sum_{t \in F} |p_t \cup g_t| + \sum_{t \in H} |g_t|} \ge 0.5",
        ),
        f"{_IOU}$H$ are the frames in which $p$ is on another object, $F$ all others. "
        f"{_ABOUT}{_ORDER}{_RIGHT}",
        "The prediction is on the fox in frames 1 and 2 and on the dog in 3 and 4. Were it on the fox there, "
        "AP50 of foxes would be 1 instead of 0.",
        0.1111,
    ),
    _kind(
        "fragment",
        "AP50 lost to fragments",
        "What objects cost that are found in pieces.",
        "False positives about an object of their category that other predictions of it continue.",
        (
            r"v_\mathrm{joined} = \frac{\sum_t |p_t \cap g_t| + \sum_t |q_t \cap g_t|}"
            r"{\sum_t |p_t \cup g_t| + \sum_t |q_t \cup g_t| + \sum_t |m_t|} \ge 0.5",
        ),
        f"{_IOU}$q_t$ is, where $p$ is absent, the mask of another prediction of the same category that is "
        "on $g$, and $m_t$ is $g_t$ where only $g$ exists. "
        f"{_ABOUT}{_ORDER}{_RIGHT}",
        "The owl is found in frames 1, 2 and 3 by a prediction each, joined 3 of 4 frames. Fixed, AP50 of "
        "owls rises from 0 to 1.",
        0.1111,
    ),
    _kind(
        "duplicate",
        "AP50 lost to duplicates",
        "What repeated predictions of found objects cost.",
        "False positives on an object of their category with track IoU of at least 0.5 that a better "
        "prediction has found.",
        (r"v = \frac{\sum_t |p_t \cap g_t|}{\sum_t |p_t \cup g_t|} \ge 0.5",),
        f"{_IOU}{_ORDER}{_GONE}",
        "The copy of the first cow stands above the second one: 51 of the 101 recalls have precision 1 and "
        "50 have 2/3. Without it all have 1: (50/3)/101 more for cows, 1/9 of it in the mean.",
        0.0183,
    ),
    _kind(
        "both",
        "AP50 lost to name and place together",
        "What predictions cost that are roughly on an object and call it wrongly.",
        "False positives about an object of another category, with track IoU below 0.5.",
        (r"v = \frac{\sum_t |p_t \cap g_t|}{\sum_t |p_t \cup g_t|}",),
        f"{_IOU}{_ABOUT}{_ORDER}{_GONE}",
        "A pig is seen on 0.4 of the first cow, above the right pig: precision 1/2 at every recall. Without "
        "it, AP50 of pigs is 1 instead of 0.5.",
        0.0556,
    ),
    _kind(
        "background",
        "AP50 lost to background",
        "What predictions cost where there is nothing to find.",
        "False positives about no object.",
        (r"v = \frac{\sum_t |p_t \cap g_t|}{\sum_t |p_t \cup g_t|}",),
        f"{_IOU}{_ABOUT}{_GONE}",
        "A hen is seen on nothing, above the right hen: precision 1/2 at every recall. Without it, AP50 of "
        "hens is 1 instead of 0.5.",
        0.0556,
    ),
    _kind(
        "missed",
        "AP50 lost to missed objects",
        "What objects cost that nothing has found, not even badly.",
        "Objects without a true positive that no classification, switch, fragment, temporal or spatial error "
        "is about.",
        (),
        "Fixed, the objects are not looked for; a category with nothing left to find has AP50 1. ",
        "Nothing is predicted for the ant. Were it not there, AP50 of ants would be 1 instead of 0.",
        0.1111,
    ),
)
