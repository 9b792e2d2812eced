"""Track AP and AR computed from the definition, slowly and on their own: dense masks, plain loops."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = np.linspace(0.5, 0.95, 10).tolist()
RECALLS = np.linspace(0, 1, 101)


@dataclass(eq=False)
class Track:
    """Masks [T, H, W] of one object; `score` of a prediction, the rest of a ground truth.

    `levels` has 0, 1 or 2 for each frame: not, slightly or severely occluded, where the object is visible.
    """

    video: int
    category: int
    masks: NDArray[np.bool_]
    score: float = 0.0
    crowd: bool = False
    levels: tuple[int, ...] = ()

    def mean_area(self) -> float:
        areas = [int(mask.sum()) for mask in self.masks if mask.any()]
        return float(np.mean(areas)) if areas else 0.0

    def occlusion(self) -> float:
        weights = [(0, 0.25, 0.75)[n] for n, mask in zip(self.levels, self.masks, strict=True) if mask.any()]
        upper = sorted(weights)[len(weights) // 2 :]
        return sum(upper) / len(upper)


@dataclass(frozen=True)
class Part:
    """Which objects a metric counts; both ends belong to a range."""

    area: tuple[float, float] = (0, 1e10)
    occlusion: tuple[float, float] | None = None

    def has_size(self, track: Track) -> bool:
        return self.area[0] <= track.mean_area() <= self.area[1]

    def counts(self, truth: Track) -> bool:
        hidden = self.occlusion and not self.occlusion[0] <= truth.occlusion() <= self.occlusion[1]
        return self.has_size(truth) and not truth.crowd and not hidden


EVERYTHING = Part()


@cache
def iou(a: Track, b: Track) -> float:
    union = int((a.masks | b.masks).sum())
    return int((a.masks & b.masks).sum()) / union if union else 0.0


def outcomes(
    predictions: list[Track], truths: list[Track], threshold: float, part: Part
) -> list[tuple[float, bool | None]]:
    """Return (score, right?) of the predictions of one video and category, best first; None if ignored."""
    ranked = sorted(predictions, key=lambda item: -item.score)[:100]
    ignored = [not part.counts(truth) for truth in truths]
    free = set(range(len(truths)))
    found: list[tuple[float, bool | None]] = []
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
        skipped = ignored[choice] if choice is not None else not part.has_size(item)
        found.append((item.score, None if skipped else choice is not None))
    return found


def by_category(
    predictions: list[Track], truths: list[Track], threshold: float, part: Part
) -> list[tuple[int, list[list[tuple[float, bool | None]]]]]:
    """Return for each category with ground truth that counts their number, and the outcomes by video."""
    videos = sorted({track.video for track in predictions + truths})
    found = []
    for category in sorted({truth.category for truth in truths}):
        mine = [truth for truth in truths if truth.category == category]
        positives = sum(part.counts(truth) for truth in mine)
        if positives:
            each = [
                outcomes(
                    [p for p in predictions if (p.video, p.category) == (video, category)],
                    [t for t in mine if t.video == video],
                    threshold,
                    part,
                )
                for video in videos
            ]
            found.append((positives, each))
    return found


def average_precision(
    predictions: list[Track],
    truths: list[Track],
    part: Part = EVERYTHING,
    thresholds: Sequence[float] = THRESHOLDS,
) -> float | None:
    values = []
    for threshold in thresholds:
        for positives, videos in by_category(predictions, truths, threshold, part):
            pooled = [item for video in videos for item in video if item[1] is not None]
            pooled.sort(key=lambda item: -item[0])
            right = np.cumsum([item[1] for item in pooled])
            precision = right / (np.arange(len(pooled)) + 1) if len(pooled) else np.zeros(0)
            recall = right / positives
            for wanted in RECALLS:
                reached = precision[recall >= wanted] if len(pooled) else precision
                values.append(reached.max() if len(reached) else 0.0)
    return float(np.mean(values)) if values else None


def average_recall(
    predictions: list[Track], truths: list[Track], limit: int = 100, part: Part = EVERYTHING
) -> float | None:
    """Return the mean recall with the best predictions of each video and category."""
    values = [
        sum(item[1] is True for video in videos for item in video[:limit]) / positives
        for threshold in THRESHOLDS
        for positives, videos in by_category(predictions, truths, threshold, part)
    ]
    return float(np.mean(values)) if values else None
