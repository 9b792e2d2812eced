"""Findings of an analysis, as the evaluator gives them, with chosen costs."""

from typing import Any

from evaluator import __version__
from webapp.submissions.analyses.attempts import analysis_claim, analysis_finish
from webapp.submissions.analyses.diagnosis import KINDS
from webapp.submissions.analyses.services import analyses_request_due

IOUS = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]


def make_findings(
    costs: dict[str, float] | None = None,
    *,
    heavy: dict[str, float] | None = None,
    counts: dict[str, int] | None = None,
    category_shift: dict[str, float] | None = None,
    association: float = 0.31,
) -> dict[str, Any]:
    """`costs` of each kind of error in AP50; those of `heavy` for heavily occluded objects."""

    def part(found: dict[str, float]) -> dict[str, Any]:
        kinds = {
            kind: {"dAP50": found.get(kind, 0.0), "count": (counts or {}).get(kind, 3)} for kind in KINDS
        }
        return {"AP50": 0.5, "kinds": kinds}

    curve = [round(0.62 - 0.06 * n, 2) for n in range(len(IOUS))]
    tracking: dict[str, float | None] = dict.fromkeys(
        ("HOTA", "DetA", "LocA", "DetRe", "DetPr", "AssRe", "AssPr", "IDF1", "IDR", "IDP"), 0.4
    )
    levels = {"light": part({}), "medium": part(heavy or {}), "heavy": part(heavy or {})}
    return {
        "videos": 1,
        "predictions": 12,
        "metrics": {"AP": 0.35},
        "thresholds": {
            "iou": IOUS,
            "AP": curve,
            "by": {"occlusion": {"light": curve, "medium": curve, "heavy": [v / 2 for v in curve]}},
        },
        "tracking": {
            "det_averaged": tracking | {"AssA": association},
            "per_category": {"cat": {"HOTA": 0.123}},
            "empty_masks": 0,
        },
        "errors": {
            **part(costs or {}),
            "category_shift": category_shift,
            "by": {"occlusion": levels if heavy is not None else {}, "size": {}, "length": {}},
        },
    }


def analyse_as(findings: dict[str, Any]) -> None:
    """Have the analysis that is next in line asked for, claimed and stored, as housekeeper and worker do."""
    analyses_request_due()
    taken = analysis_claim(worker="worker@test")
    assert taken is not None, "no analysis was due"
    assert analysis_finish(token=taken.token, evaluator=__version__, findings=findings)
