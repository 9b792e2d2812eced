"""Track AP computed from the definition, slowly and on its own: dense masks, plain loops, no code of ours."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)


@dataclass(eq=False)
class Track:
    """Masks [T, H, W] of one object; `score` of a prediction, `crowd` of a ground truth."""

    video: int
    category: int
    masks: NDArray[np.bool_]
    score: float = 0.0
    crowd: bool = False

    def mean_area(self) -> float:
        areas = [int(mask.sum()) for mask in self.masks if mask.any()]
        return float(np.mean(areas)) if areas else 0.0


@cache
def iou(a: Track, b: Track) -> float:
    union = int((a.masks | b.masks).sum())
    return int((a.masks & b.masks).sum()) / union if union else 0.0


def outcomes(
    predictions: list[Track], truths: list[Track], threshold: float, area: tuple[float, float]
) -> list[tuple[float, bool]]:
    """Return (score, right?) of the predictions of one video and category that count, best first."""
    ranked = sorted(predictions, key=lambda item: -item.score)[:100]
    ignored = [truth.crowd or not area[0] <= truth.mean_area() <= area[1] for truth in truths]
    free = set(range(len(truths)))
    found = []
    for item in ranked:
        choice = None
        for wanted in (False, True):
            open_truths = [g for g in range(len(truths)) if g in free or truths[g].crowd]
            fitting = [(iou(item, truths[g]), g) for g in open_truths if ignored[g] is wanted]
            fitting = [pair for pair in fitting if pair[0] >= min(threshold, 1 - 1e-10)]
            if choice is None and fitting:
                choice = max(fitting)[1]  # of equal ones the later
        if choice is not None:
            free.discard(choice)
        skipped = ignored[choice] if choice is not None else not area[0] <= item.mean_area() <= area[1]
        if not skipped:
            found.append((item.score, choice is not None))
    return found


def average_precision(
    predictions: list[Track], truths: list[Track], area: tuple[float, float] = (0, 1e10)
) -> float | None:
    videos = sorted({track.video for track in predictions + truths})
    values = []
    for category in sorted({truth.category for truth in truths}):
        mine = [truth for truth in truths if truth.category == category]
        positives = sum(not t.crowd and area[0] <= t.mean_area() <= area[1] for t in mine)
        if not positives:
            continue
        for threshold in THRESHOLDS:
            pooled = []
            for video in videos:
                pooled += outcomes(
                    [p for p in predictions if (p.video, p.category) == (video, category)],
                    [t for t in mine if t.video == video],
                    threshold,
                    area,
                )
            pooled.sort(key=lambda item: -item[0])
            right = np.cumsum([item[1] for item in pooled])
            precision = right / (np.arange(len(pooled)) + 1) if len(pooled) else np.zeros(0)
            recall = right / positives
            for wanted in RECALLS:
                reached = precision[recall >= wanted] if len(pooled) else precision
                values.append(reached.max() if len(reached) else 0.0)
    return float(np.mean(values)) if values else None
