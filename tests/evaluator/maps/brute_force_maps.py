"""VPQ, STQ, mIoU and VC computed from their definitions, slowly and on their own: dense maps, plain loops."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from tests.evaluator.map_files import CATEGORIES, Panoptic

THINGS = {category["id"] for category in CATEGORIES if category["isthing"]}
CLASSES = 124


def vpq(videos: list[tuple[Panoptic, Panoptic]], k: int) -> dict[int, float]:
    """Return the PQ of each category that occurs in windows of k frames."""
    iou, tp, fp, fn = (defaultdict(float) for _ in range(4))
    for truth, predicted in videos:
        for start in range(len(truth.ids) - k + 1):
            true, found = truth.ids[start : start + k], predicted.ids[start : start + k]
            true_ids, found_ids = set(np.unique(true)) - {0}, set(np.unique(found)) - {0}
            matched = set()
            for g in true_ids - truth.crowd:
                for p in found_ids:
                    if truth.category[g] != predicted.category[p]:
                        continue
                    shared = ((true == g) & (found == p)).sum()
                    union = ((true == g) | ((found == p) & (true != 0))).sum()
                    if shared / union > 0.5:
                        matched |= {("truth", g), ("found", p)}
                        iou[truth.category[g]] += shared / union
                        tp[truth.category[g]] += 1
            for g in true_ids - truth.crowd:
                fn[truth.category[g]] += ("truth", g) not in matched
            for p in found_ids:
                c = predicted.category[p]
                # In these videos a category has at most one crowd.
                ignored = (true == 0) | np.isin(true, [g for g in truth.crowd if truth.category[g] == c])
                if ("found", p) not in matched and ignored[found == p].mean() <= 0.5:
                    fp[c] += 1
    categories = [c for c in {*tp, *fp, *fn} if tp[c] + fp[c] + fn[c]]
    return {c: iou[c] / (tp[c] + fp[c] / 2 + fn[c] / 2) for c in categories}


def stq(videos: list[tuple[Panoptic, Panoptic]]) -> tuple[float, float]:
    """Return AQ and SQ."""
    shared, true_total, found_total = (defaultdict(int) for _ in range(3))
    qualities = []
    for truth, predicted in videos:
        classes = np.vectorize(lambda n, table: table.get(n, CLASSES), excluded=[1])
        true_class = classes(truth.ids, truth.category)
        found_class = classes(predicted.ids, predicted.category)
        labelled = true_class != CLASSES
        for c in range(CLASSES + 1):
            shared[c] += (labelled & (true_class == c) & (found_class == c)).sum()
            true_total[c] += (labelled & (true_class == c)).sum()
            found_total[c] += (labelled & (found_class == c)).sum()
        first = next(iter(segment["id"] for frame in truth.frames() for segment in frame["segments_info"]), 0)
        crowd = (truth.ids == first) & np.isin(true_class, list(THINGS))
        for g in set(np.unique(truth.ids)) - {0, first if crowd.any() else 0}:
            if truth.category[g] not in THINGS:
                continue
            size = (truth.ids == g).sum()
            quality = 0.0
            for p in set(np.unique(predicted.ids)) - {0}:
                if predicted.category[p] in THINGS:
                    tube = (predicted.ids == p) & ~crowd
                    both = (tube & (truth.ids == g)).sum()
                    quality += both * both / max((tube | (truth.ids == g)).sum(), 1)
            qualities.append(quality / size)
    unions = {c: true_total[c] + found_total[c] - shared[c] for c in true_total}
    ious = [shared[c] / union for c, union in unions.items() if union]
    return sum(qualities) / max(len(qualities), 1), sum(ious) / len(ious) if ious else float("nan")


def miou(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> tuple[float, float]:
    """Return mIoU and fwIoU of all pixels of ground truth (1..124) and prediction (0..123)."""
    labelled = (truth > 0) & (truth <= CLASSES)
    ious, shares = [], []
    for c in np.unique(truth[labelled]) - 1:
        true, found = truth == c + 1, (predicted == c) & labelled
        ious.append((true & found).sum() / (true | found).sum())
        shares.append(true.sum() / labelled.sum())
    return float(np.mean(ious)), float(np.dot(ious, shares))


def vc(videos: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]], n: int) -> float | None:
    """Return the consistency over windows of n frames, the last one of each video left out."""
    scores = []
    for truth, predicted in videos:
        for start in range(len(truth) - n):
            base = (truth[start : start + n] == truth[start]).all(0)
            common = (predicted[start : start + n] == predicted[start]).all(0)
            if base.any():
                scores.append((base & common).sum() / base.sum())
    return float(np.mean(scores)) if scores else None
