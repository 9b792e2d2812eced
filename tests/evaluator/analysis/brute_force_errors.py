"""Kinds of errors from the definitions of docs/error-analysis.md, slowly: dense masks, no code of ours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.bool_]  # [T, H, W]
Track = dict[str, Any]  # category_id, and dense masks under `dense`


def _pixels(masks: Masks) -> int:
    return int(np.count_nonzero(masks))


def _ratio(inside: int, whole: int) -> float:
    return inside / whole if whole else 0.0


def _iou(a: Masks, b: Masks) -> float:
    return _ratio(_pixels(a & b), _pixels(a | b))


def _on(masks: Masks, objects: list[Track]) -> list[Track | None]:
    """Return the object that a prediction is on in each frame."""
    found: list[Track | None] = []
    for t, mask in enumerate(masks):
        ious = [_iou(mask, item["dense"][t]) for item in objects]
        best = int(np.argmax(ious)) if ious else 0
        found.append(objects[best] if ious and ious[best] >= 0.5 else None)
    return found


def _switch_iou(p: Masks, g: Track, on: list[Track | None]) -> float:
    elsewhere = [item is not None and item is not g for item in on]
    if not any(elsewhere) or not any(item is g for item in on):
        return 0.0
    fixed = p.copy()
    fixed[elsewhere] = g["dense"][elsewhere]
    return _iou(fixed, g["dense"])


def _joined_iou(
    p: Masks, g: Track, on: list[Track | None], others: list[Masks], objects: list[Track]
) -> float:
    exists = p.any(axis=(1, 2))
    mine = np.array([item is g for item in on])
    inside, whole = np.zeros(len(p), int), g["dense"].sum(axis=(1, 2))
    joined = False
    for other in others:
        theirs = np.array([item is g for item in _on(other, objects)])
        if not mine.any() or not (theirs & ~exists).any() or 2 * (theirs & mine).sum() > mine.sum():
            continue
        joined = True
        for t in np.flatnonzero(theirs & ~exists):
            here = _pixels(other[t] & g["dense"][t]), _pixels(other[t] | g["dense"][t])
            if _ratio(*here) > _ratio(inside[t], whole[t]):
                inside[t], whole[t] = here
    for t in np.flatnonzero(exists):
        inside[t], whole[t] = _pixels(p[t] & g["dense"][t]), _pixels(p[t] | g["dense"][t])
    return _ratio(inside.sum(), whole.sum()) if joined else 0.0


def _extent(p: Masks, g: Masks) -> str:
    common = p.any(axis=(1, 2)) & g.any(axis=(1, 2))
    exact = p.copy()
    exact[common] = g[common]
    return "temporal" if _iou(p[common], g[common]) > _iou(exact, g) else "spatial"


def kind_of(prediction: Track, others: list[Track], objects: list[Track]) -> str:
    """Return what is wrong with a prediction if it is a false positive.

    Args:
        prediction: one track; others: the other predictions of its video; objects: those of its video.
    """
    p = prediction["dense"]
    on = _on(p, objects)
    about = []
    for g in objects:
        frames = sum(item is g for item in on)
        v = _iou(p, g["dense"])
        if v >= 0.1 or (frames and 2 * frames >= p.any(axis=(1, 2)).sum()):
            about.append((v, g))
    same = [pair for pair in about if pair[1]["category_id"] == prediction["category_id"]]
    wrong = [pair for pair in about if pair[1]["category_id"] != prediction["category_id"]]
    if any(v >= 0.5 for v, _ in same):
        return "duplicate"
    if any(v >= 0.5 for v, _ in wrong):
        return "classification"
    if not same:
        return "both" if wrong else "background"
    target = max(same, key=lambda pair: pair[0])[1]
    if _switch_iou(p, target, on) >= 0.5:
        return "switch"
    alike = [item["dense"] for item in others if item["category_id"] == prediction["category_id"]]
    if _joined_iou(p, target, on, alike, objects) >= 0.5:
        return "fragment"
    return _extent(p, target["dense"])
