"""What a result says, in one sentence made of its own numbers. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.numbers import percent

Values = Mapping[str, float | None]

# Warnings that explain a bad score by one mistake in the file, the surest first.
MISTAKES = (
    "predictions-empty",
    "categories-counted-otherwise",
    "masks-row-by-row",
    "categories-mixed-up",
    "classes-shifted",
)
# Shares of a full score: from here on, the first half of a sentence says this.
FINDS = (
    (0.55, "Finds objects and follows their outlines well"),
    (0.35, "Finds objects"),
    (0.15, "Finds some of the objects"),
    (0.0, "Finds few objects"),
)
SEGMENTS = (
    (0.4, "Segments most of the scene"),
    (0.2, "Segments part of the scene"),
    (0.0, "Segments little of the scene"),
)
GOOD = 0.35
# What each kind of error means for objects that are found, and how its cost is named.
KINDS = {
    "switch": ("loses their identity", "switched identities cost"),
    "fragment": ("breaks their tracks into pieces", "broken tracks cost"),
    "classification": ("gives them wrong categories", "wrong categories cost"),
    "spatial": ("outlines them inexactly", "inexact masks cost"),
    "temporal": ("begins or ends their tracks at the wrong time", "wrong times cost"),
    "duplicate": ("reports the same object more than once", "duplicates cost"),
    "both": ("takes them for other objects of other categories", "wrong categories with inexact masks cost"),
    "background": ("reports objects where there are none", "false alarms cost"),
    "missed": ("misses others", "missed objects cost"),
}
IDENTITY = ("switch", "fragment")
# Below this share of AP50, a kind of error is no weakness.
SMALL_COST = 0.02
# A number that falls below this share of the one beside it has fallen much.
FALLEN = 0.6
# Of predictions about no object at all, this share says that they belong elsewhere.
MOSTLY = 0.8


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers of one result.

    Attributes:
        task: of the benchmark: vis, vps or vss.
        metrics: of the report.
        problems: warnings that are stored with it, as `evaluator.Problem.to_json` gives them.
        findings: of its analysis, None where there is none (yet).
    """

    task: str
    metrics: Values
    problems: Iterable[Mapping[str, Any]] = ()
    findings: Mapping[str, Any] | None = None


def diagnosis(facts: Facts) -> str:
    """Return what is good and what costs most, in a sentence; empty where the numbers say nothing."""
    primary = {"vis": "AP", "vps": "VPQ", "vss": "mIoU"}[facts.task]
    value = facts.metrics.get(primary)
    if value is None:
        return ""
    reason = _mistake(facts)
    if value == 0:
        return f"Nothing is right ({primary} {percent(value)}): {reason or _why_nothing(facts)}"
    if reason:
        return f"A mistake in the file may explain these numbers ({primary} {percent(value)}): {reason}"
    return {"vis": _tracklets, "vps": _panoptic, "vss": _semantic}[facts.task](facts)


def _mistake(facts: Facts) -> str:
    """Return the sentence of the warning that explains most."""
    found = {problem["code"]: str(problem["message"]) for problem in facts.problems}
    code = next((code for code in MISTAKES if code in found), "")
    if not code:
        return ""
    shift = _shift(facts)
    more = f" {shift}" if code == "categories-mixed-up" and shift else ""
    return _lower(found[code]) + more


def _shift(facts: Facts) -> str:
    """Return a sentence on category ids that are all off by the same number, empty where they are not."""
    found = (facts.findings or {"errors": {}})["errors"].get("category_shift")
    if not found or not found["shift"] or found["share"] < MOSTLY:
        return ""
    amount, way = abs(found["shift"]), "high" if found["shift"] > 0 else "low"
    return f"Their category ids are {amount} too {way}: count them as the annotation file does."


def _why_nothing(facts: Facts) -> str:
    if facts.task != "vis":
        return "no class is found where it is. Check that the maps are those of this split."
    kinds = _kinds(facts)
    wrong = kinds.get("classification", {}).get("dAP50") or 0.0
    if wrong > SMALL_COST:
        found = f"objects are found, but under wrong categories, which cost {percent(wrong)} AP50."
        return f"{found} {_shift(facts)}".strip()
    counts = {kind: found["count"] for kind, found in kinds.items() if kind != "missed"}
    tried = sum(counts.values())
    if tried and counts["background"] >= MOSTLY * tried:
        return (
            f"most predictions are about no object ({counts['background']:,} of {tried:,}). They may belong "
            "to another split, or to other frames."
        )
    if empty := next((one for one in facts.problems if one["code"] == "videos-without-predictions"), None):
        return (
            f"{_lower(str(empty['message']).partition(',')[0])}, and elsewhere no prediction fits an object."
        )
    return "no prediction overlaps an object of its category by half, over the whole track."


def _tracklets(facts: Facts) -> str:
    metrics, recall = facts.metrics, facts.metrics.get("AR10")
    if recall is None:
        return ""
    start = f"{_tier(FINDS, recall)} (AR10 {percent(recall)})"
    kinds = {kind: found["dAP50"] or 0.0 for kind, found in _kinds(facts).items()}
    if not kinds:
        return _tracklets_alone(metrics, recall, start)
    worst = max(kinds, key=lambda kind: kinds[kind])
    if kinds[worst] < SMALL_COST:
        return f"{start}, and no kind of error costs more than {percent(kinds[worst])} AP50."
    # Two kinds, one weakness: together they may outweigh the costliest.
    lost = sorted(IDENTITY, key=lambda kind: -kinds[kind])
    shown = [worst]
    if worst in IDENTITY or sum(kinds[kind] for kind in lost) > kinds[worst]:
        shown = [kind for kind in lost if kinds[kind] >= SMALL_COST] or shown
    under = " under occlusion" if _is_of_occlusion(facts, shown[0]) else ""
    proof = [" and ".join(f"{KINDS[kind][1]} {percent(kinds[kind])}" for kind in shown) + " AP50"]
    if shown[0] in IDENTITY and facts.findings:
        association = facts.findings["tracking"]["det_averaged"]["AssA"]
        proof.insert(0, f"HOTA's association is {percent(association)}")
    if fall := _fall(metrics):
        proof.append(fall)
    return f"{start} {_but(recall)} {KINDS[shown[0]][0]}{under}: {'; '.join(proof)}."


def _tracklets_alone(metrics: Values, recall: float, start: str) -> str:
    """Return the sentence without an analysis."""
    if fall := _fall(metrics):
        return f"{start} {_but(recall)} loses them under occlusion: {fall}."
    loose, strict = metrics.get("AP50"), metrics.get("AP75")
    if loose and strict is not None and strict < FALLEN * loose:
        proof = f"AP50 is {percent(loose)}, AP75 {percent(strict)}"
        return f"{start} {_but(recall)} outlines them inexactly: {proof}."
    small, large = metrics.get("AP_s"), metrics.get("AP_l")
    if large and small is not None and small < FALLEN * large:
        sizes = f"AP is {percent(small)} for small and {percent(large)} for large ones"
        return f"{start} {_but(recall)} is worse on small ones: {sizes}."
    return f"{start}: AP is {percent(metrics.get('AP'))}, AP50 {percent(loose)}."


def _panoptic(facts: Facts) -> str:
    metrics = facts.metrics
    value = metrics.get("VPQ") or 0.0
    start = f"{_tier(SEGMENTS, value)} (VPQ {percent(value)})"
    things, stuff = metrics.get("VPQ_th"), metrics.get("VPQ_st")
    first, last = metrics.get("VPQ1"), metrics.get("VPQ8")
    quality, association = metrics.get("SQ"), metrics.get("AQ")
    if quality and association is not None and association < FALLEN * quality:
        proof = f"STQ's association is {percent(association)}, its segmentation {percent(quality)}"
        return f"{start} {_but(value)} loses the identity of things: {proof}."
    if first and last is not None and last < 0.85 * first:
        proof = f"VPQ falls from {percent(first)} at one frame to {percent(last)} at eight"
        return f"{start} {_but(value)} does not hold it over time: {proof}."
    if things is None or stuff is None:
        return f"{start}."
    if abs(things - stuff) > 0.1:
        better, worse = ("stuff", "things") if stuff > things else ("things", "stuff")
        proof = f"VPQ is {percent(things)} for things and {percent(stuff)} for stuff"
        return f"{start} {_but(value)} is better at {better} than at {worse}: {proof}."
    return f"{start}, things and stuff alike: VPQ is {percent(things)} and {percent(stuff)}."


def _semantic(facts: Facts) -> str:
    metrics = facts.metrics
    value, weighted = metrics.get("mIoU") or 0.0, metrics.get("fwIoU")
    steady = metrics.get("VC16")
    start = f"{_tier(SEGMENTS, value)} (mIoU {percent(value)})"
    if weighted is not None and value < FALLEN * weighted:
        return (
            f"{start} {_but(value)} fails on rare classes: weighted by frequency, IoU is {percent(weighted)}."
        )
    if steady is None:
        return f"{start}."
    if steady < 0.8:
        return f"{start} {_but(value)} flickers: VC16 is {percent(steady)}."
    return f"{start}, and keeps its classes over time: VC16 is {percent(steady)}."


def _kinds(facts: Facts) -> Mapping[str, Any]:
    found: Mapping[str, Any] = facts.findings["errors"]["kinds"] if facts.findings else {}
    return found


def _is_of_occlusion(facts: Facts, kind: str) -> bool:
    """Return whether a kind of error costs much more under heavy than under slight occlusion."""
    levels = (facts.findings or {})["errors"]["by"].get("occlusion") if facts.findings else None
    if not levels:
        return False
    slight, heavy = (levels[level]["kinds"][kind]["dAP50"] or 0.0 for level in ("light", "heavy"))
    return bool(heavy >= SMALL_COST and slight < FALLEN * heavy)


def _fall(metrics: Values) -> str:
    slight, heavy = metrics.get("AP_so"), metrics.get("AP_ho")
    if not slight or heavy is None or heavy >= FALLEN * slight:
        return ""
    return f"AP falls from {percent(slight)} under slight to {percent(heavy)} under heavy occlusion"


def _tier(tiers: tuple[tuple[float, str], ...], value: float) -> str:
    return next(words for least, words in tiers if value >= least)


def _but(value: float) -> str:
    return "but" if value >= GOOD else "and"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
