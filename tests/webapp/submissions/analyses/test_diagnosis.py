"""The sentence that begins the page of a result: strong, weak and empty results of every task."""

from typing import Any

import pytest

from evaluator.problem_table import PROBLEMS
from tests.support.findings import make_findings
from webapp.submissions.analyses.diagnosis import MISTAKES, Facts, diagnosis

OVIS = {"AP": 0.354, "AP50": 0.56, "AP75": 0.4, "AR10": 0.475, "AP_so": 0.5, "AP_mo": 0.45, "AP_ho": 0.4}
ZERO = dict.fromkeys(OVIS, 0.0)
VIPSEG = {"VPQ": 0.41, "VPQ_th": 0.42, "VPQ_st": 0.4, "VPQ1": 0.45, "VPQ8": 0.43, "SQ": 0.6, "AQ": 0.5}
VSPW = {"mIoU": 0.5, "fwIoU": 0.6, "VC8": 0.92, "VC16": 0.9}


def warning(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "severity": "warning", "message": message}


MIXED = warning("categories-mixed-up", "9 of 10 masks looked at fit an object of another category.")
EMPTY = warning("videos-without-predictions", "17 of the 20 videos have no prediction, this one first.")
SHIFTED = warning("classes-shifted", "The classes look shifted: they are one too high on 98 % of pixels.")

CASES: dict[str, tuple[Facts, str]] = {
    "loses identities under occlusion": (
        Facts("vis", OVIS, (), make_findings({"switch": 0.082, "missed": 0.05}, heavy={"switch": 0.12})),
        "Finds objects (AR10 47.5) but loses their identity under occlusion: HOTA's association is 31.0; "
        "switched identities cost 8.2 AP50.",
    ),
    "identities, not of occlusion": (
        Facts("vis", OVIS, (), make_findings({"fragment": 0.06})),
        "Finds objects (AR10 47.5) but breaks their tracks into pieces: HOTA's association is 31.0; broken "
        "tracks cost 6.0 AP50.",
    ),
    "identities by two kinds of error, which fall with occlusion": (
        Facts(
            "vis",
            OVIS | {"AP_ho": 0.1},
            (),
            make_findings({"switch": 0.073, "fragment": 0.063, "classification": 0.076}),
        ),
        "Finds objects (AR10 47.5) but loses their identity: HOTA's association is 31.0; switched identities "
        "cost 7.3 and broken tracks cost 6.3 AP50; AP falls from 50.0 under slight to 10.0 under heavy "
        "occlusion.",
    ),
    "strong": (
        Facts("vis", OVIS | {"AP": 0.9, "AR10": 0.92}, (), make_findings({"missed": 0.011})),
        "Finds objects and follows their outlines well (AR10 92.0), and no kind of error costs more than 1.1 "
        "AP50.",
    ),
    "weak, and falls with occlusion": (
        Facts("vis", OVIS | {"AR10": 0.08, "AP_ho": 0.1}, (), make_findings({"missed": 0.4})),
        "Finds few objects (AR10 8.0) and misses others: missed objects cost 40.0 AP50; AP falls from 50.0 "
        "under slight to 10.0 under heavy occlusion.",
    ),
    "not analysed yet, falls with occlusion": (
        Facts("vis", OVIS | {"AP_ho": 0.1}),
        "Finds objects (AR10 47.5) but loses them under occlusion: AP falls from 50.0 under slight to 10.0 "
        "under heavy occlusion.",
    ),
    "not analysed yet, inexact": (
        Facts("vis", OVIS | {"AP75": 0.1}),
        "Finds objects (AR10 47.5) but outlines them inexactly: AP50 is 56.0, AP75 10.0.",
    ),
    "not analysed yet, small ones": (
        Facts("vis", {"AP": 0.3, "AP50": 0.5, "AP75": 0.4, "AR10": 0.3, "AP_s": 0.1, "AP_l": 0.5}),
        "Finds some of the objects (AR10 30.0) and is worse on small ones: AP is 10.0 for small and 50.0 for "
        "large ones.",
    ),
    "not analysed, nothing special": (
        Facts("vis", OVIS),
        "Finds objects (AR10 47.5): AP is 35.4, AP50 56.0.",
    ),
    "zero, categories off by one": (
        Facts("vis", ZERO, [MIXED], make_findings(category_shift={"shift": 1, "share": 0.97})),
        "Nothing is right (AP 0.0): 9 of 10 masks looked at fit an object of another category. Their "
        "category ids are 1 too high: count them as the annotation file does.",
    ),
    "zero, categories off by one that no warning saw": (
        Facts(
            "vis", ZERO, (), make_findings({"classification": 0.7}, category_shift={"shift": -1, "share": 1})
        ),
        "Nothing is right (AP 0.0): objects are found, but under wrong categories, which cost 70.0 AP50. "
        "Their category ids are 1 too low: count them as the annotation file does.",
    ),
    "zero, wrong split": (
        Facts("vis", ZERO, (), make_findings({"missed": 0.1}, counts={"background": 97, "missed": 500})),
        "Nothing is right (AP 0.0): most predictions are about no object (97 of 118). They may belong to "
        "another split, or to other frames.",
    ),
    "zero, most videos without predictions": (
        Facts("vis", ZERO, [EMPTY], make_findings({"missed": 0.1})),
        "Nothing is right (AP 0.0): 17 of the 20 videos have no prediction, and elsewhere no prediction fits "
        "an object.",
    ),
    "zero, transposed": (
        Facts("vis", ZERO, [warning("masks-row-by-row", "8 of 9 masks fit only if read row by row.")]),
        "Nothing is right (AP 0.0): 8 of 9 masks fit only if read row by row.",
    ),
    "zero, unknown reason": (
        Facts("vis", ZERO),
        "Nothing is right (AP 0.0): no prediction overlaps an object of its category by half, over the whole "
        "track.",
    ),
    "nearly zero, with a mistake": (
        Facts("vis", ZERO | {"AP": 0.004}, [EMPTY, MIXED]),
        "A mistake in the file may explain these numbers (AP 0.4): 9 of 10 masks looked at fit an object of "
        "another category.",
    ),
    "without the number that says whether objects are found": (Facts("vis", {"AP": 0.5}), ""),
    "panoptic, without stuff": (
        Facts("vps", VIPSEG | {"VPQ_st": None}),
        "Segments most of the scene (VPQ 41.0).",
    ),
    "undefined": (Facts("vis", dict.fromkeys(OVIS)), ""),
    "panoptic, even": (
        Facts("vps", VIPSEG),
        "Segments most of the scene (VPQ 41.0), things and stuff alike: VPQ is 42.0 and 40.0.",
    ),
    "panoptic, things": (
        Facts("vps", VIPSEG | {"VPQ_th": 0.2}),
        "Segments most of the scene (VPQ 41.0) but is better at stuff than at things: VPQ is 20.0 for things "
        "and 40.0 for stuff.",
    ),
    "panoptic, over time": (
        Facts("vps", VIPSEG | {"VPQ8": 0.3}),
        "Segments most of the scene (VPQ 41.0) but does not hold it over time: VPQ falls from 45.0 at one "
        "frame to 30.0 at eight.",
    ),
    "panoptic, identity": (
        Facts("vps", VIPSEG | {"AQ": 0.2}),
        "Segments most of the scene (VPQ 41.0) but loses the identity of things: STQ's association is 20.0, "
        "its segmentation 60.0.",
    ),
    "panoptic, zero": (
        Facts("vps", dict.fromkeys(VIPSEG, 0.0)),
        "Nothing is right (VPQ 0.0): no class is found where it is. Check that the maps are those of this "
        "split.",
    ),
    "semantic, strong": (
        Facts("vss", VSPW),
        "Segments most of the scene (mIoU 50.0), and keeps its classes over time: VC16 is 90.0.",
    ),
    "semantic, flickers": (
        Facts("vss", VSPW | {"mIoU": 0.25, "fwIoU": 0.4, "VC16": 0.7}),
        "Segments part of the scene (mIoU 25.0) and flickers: VC16 is 70.0.",
    ),
    "semantic, rare classes": (
        Facts("vss", VSPW | {"mIoU": 0.1}),
        "Segments little of the scene (mIoU 10.0) and fails on rare classes: weighted by frequency, IoU is "
        "60.0.",
    ),
    "semantic, videos too short": (
        Facts("vss", VSPW | {"VC16": None}),
        "Segments most of the scene (mIoU 50.0).",
    ),
    "semantic, zero and shifted": (
        Facts("vss", dict.fromkeys(VSPW, 0.0), [SHIFTED]),
        "Nothing is right (mIoU 0.0): the classes look shifted: they are one too high on 98 % of pixels.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_of_a_result_make_a_sentence(name: str) -> None:
    facts, sentence = CASES[name]
    assert diagnosis(facts) == sentence


def test_the_mistakes_that_it_knows_are_warnings_of_the_evaluator() -> None:
    assert [code for code in MISTAKES if PROBLEMS[code].severity != "warning"] == []
