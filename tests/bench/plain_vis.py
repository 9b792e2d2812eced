"""The official algorithm of YouTube-VIS and OVIS on pycocotools and numpy, for `bench_vis.py`.

It does the work that the official code does, in the same order and as often: an object for every mask;
area and box of every predicted one when the file is read; intersection and union of two masks each merged
anew, for all pairs of a video and category; matching in Python for every category, range and video.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

Tracklet = dict[str, Any]
Key = tuple[int, int]
Floats = NDArray[np.float64]

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREAS = ((0, 1e10), (0, 128**2), (128**2, 256**2), (256**2, 1e10))
OCCLUSIONS = ((0.0, 0.25), (0.25, 0.5), (0.5, 1.0))
LIMITS = (1, 10, 100)
OCCLUSION_OF = {"no_occlusion": 0.0, "slight_occlusion": 0.25, "severe_occlusion": 0.75}


def average_precision(truth: Path, predictions: Path, *, occlusion: bool) -> dict[str, float]:
    """Return AP of the first range under "AP", and of the others under their number: "AP1", ..."""
    document = json.loads(truth.read_text())
    found = json.loads(predictions.read_text())
    sizes = {video["id"]: (video["height"], video["width"]) for video in document["videos"]}
    categories = [category["id"] for category in document["categories"]]
    for number, tracklet in enumerate(found, start=1):
        describe_prediction(number, tracklet)
    for tracklet in document["annotations"]:
        compress(tracklet, *sizes[tracklet["video_id"]])
        if occlusion:
            tracklet["occlusion_score"] = occlusion_score(tracklet["occlusion"])
    true, predicted = by_video_and_category(document["annotations"]), by_video_and_category(found)
    keys = [(video, category) for category in categories for video in sorted(sizes)]
    ious = {key: track_ious(predicted[key], true[key]) for key in keys}
    ranges = [(area, (-1.0, 2.0)) for area in AREAS]
    ranges += [(AREAS[0], scores) for scores in OCCLUSIONS] if occlusion else []
    results = {}
    for index, (area, scores) in enumerate(ranges):
        matched = {key: match(predicted[key], true[key], ious[key], area, scores) for key in keys}
        precision = [
            accumulate([matched[video, category] for video in sorted(sizes)], limit)
            for category in categories
            for limit in LIMITS
        ]
        counted = [values for values in precision[2::3] if values is not None]
        results[f"AP{index}" if index else "AP"] = float(np.mean(counted)) if counted else -1.0
    return results


def describe_prediction(number: int, tracklet: Tracklet) -> None:
    """Add what the official code knows of a prediction: areas, and boxes that nothing asks for."""
    tracklet["id"] = number
    tracklet["areas"], tracklet["boxes"] = [], []
    for mask in tracklet["segmentations"]:
        tracklet["areas"].append(coco.area(mask) if mask else None)
        tracklet["boxes"].append(coco.toBbox(mask) if mask else None)
    areas = [area for area in tracklet["areas"] if area]
    tracklet["mean_area"] = float(np.array(areas).mean()) if areas else 0.0
    tracklet["iscrowd"] = 0


def compress(tracklet: Tracklet, height: int, width: int) -> None:
    """Turn the run lengths of a ground truth into compressed strings."""
    masks = tracklet["segmentations"]
    for frame, mask in enumerate(masks):
        if mask and isinstance(mask["counts"], list):
            masks[frame] = coco.frPyObjects(mask, height, width)
    areas = [area for area in tracklet["areas"] if area]
    tracklet["mean_area"] = float(np.array(areas).mean()) if areas else 0.0


def occlusion_score(levels: list[str | None]) -> float:
    weights = sorted((OCCLUSION_OF[level] for level in levels if level), reverse=True)
    return sum(weights[: (len(weights) + 1) // 2]) / ((len(weights) + 1) // 2)


def by_video_and_category(tracklets: list[Tracklet]) -> dict[Key, list[Tracklet]]:
    groups: dict[Key, list[Tracklet]] = defaultdict(list)
    for tracklet in tracklets:
        groups[tracklet["video_id"], tracklet["category_id"]].append(tracklet)
    return groups


def best_first(tracklets: list[Tracklet]) -> list[Tracklet]:
    order = np.argsort([-tracklet["score"] for tracklet in tracklets], kind="mergesort")
    return [tracklets[i] for i in order[: LIMITS[-1]]]


def track_ious(predicted: list[Tracklet], true: list[Tracklet]) -> Floats:
    """Return the track IoU [N, G] of all pairs."""
    ious = np.zeros((min(len(predicted), LIMITS[-1]), len(true)))
    if not ious.size:
        return ious
    for i, p in enumerate(best_first(predicted)):
        for j, g in enumerate(true):
            ious[i, j] = track_iou(p["segmentations"], g["segmentations"])
    return ious


def track_iou(predicted: list[Any], true: list[Any]) -> float:
    shared, covered = 0.0, 0.0
    for p, g in zip(predicted, true, strict=True):
        if p and g:
            shared += coco.area(coco.merge([p, g], True))
            covered += coco.area(coco.merge([p, g], False))
        elif p or g:
            covered += coco.area(p or g)
    return shared / covered if covered else 0.0


def match(
    predicted: list[Tracklet],
    true: list[Tracklet],
    ious: Floats,
    area: tuple[float, float],
    scores: tuple[float, float],
) -> dict[str, Any] | None:
    """Match the predictions of one video and category; None if there is nothing to match."""
    if not predicted and not true:
        return None
    ignored = np.array([is_ignored(g, area, scores) for g in true], bool)
    order = np.argsort(ignored, kind="mergesort")
    ignored = ignored[order]
    predicted = best_first(predicted)
    crowd = [true[g]["iscrowd"] for g in order]
    ious = ious[:, order]
    outside = np.array([not area[0] <= p["mean_area"] <= area[1] for p in predicted], bool)
    matches = np.full((len(THRESHOLDS), len(predicted)), -1)
    taken = np.zeros((len(THRESHOLDS), len(true)), bool)
    for t, threshold in enumerate(THRESHOLDS):
        for i in range(len(predicted)):
            best, chosen = min(threshold, 1 - 1e-10), -1
            for g in range(len(true)):
                if taken[t, g] and not crowd[g]:
                    continue
                if chosen > -1 and not ignored[chosen] and ignored[g]:
                    break
                if ious[i, g] < best:
                    continue
                best, chosen = ious[i, g], g
            if chosen > -1:
                matches[t, i] = chosen
                taken[t, chosen] = True
    found = matches > -1
    ignores = np.where(found, ignored[matches] if len(true) else False, outside)
    return {
        "scores": [p["score"] for p in predicted],
        "found": found,
        "ignores": ignores,
        "positives": int((~ignored).sum()),
    }


def is_ignored(true: Tracklet, area: tuple[float, float], scores: tuple[float, float]) -> bool:
    outside = not area[0] <= true["mean_area"] <= area[1]
    return bool(
        true["iscrowd"] or outside or not scores[0] <= true.get("occlusion_score", scores[0]) <= scores[1]
    )


def accumulate(matched: list[dict[str, Any] | None], limit: int) -> Floats | None:
    """Return the precision [T, 101] of one category and range; None if no ground truth counts."""
    videos = [video for video in matched if video is not None]
    positives = sum(video["positives"] for video in videos)
    if not positives:
        return None
    scores = np.concatenate([video["scores"][:limit] for video in videos])
    order = np.argsort(-scores, kind="mergesort")
    found = np.concatenate([video["found"][:, :limit] for video in videos], axis=1)[:, order]
    ignores = np.concatenate([video["ignores"][:, :limit] for video in videos], axis=1)[:, order]
    true = np.cumsum(found & ~ignores, axis=1).astype(float)
    false = np.cumsum(~found & ~ignores, axis=1).astype(float)
    precision = np.zeros((len(THRESHOLDS), len(RECALLS)))
    for t in range(len(THRESHOLDS)):
        recall = true[t] / positives
        values = (true[t] / (false[t] + true[t] + np.spacing(1))).tolist()
        for i in range(len(values) - 1, 0, -1):
            values[i - 1] = max(values[i - 1], values[i])
        for r, place in enumerate(np.searchsorted(recall, RECALLS, side="left")):
            if place < len(values):
                precision[t, r] = values[place]
    return precision
