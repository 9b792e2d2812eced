"""Endless populations of videos with the outcomes of a method on them, from which splits are drawn.

What a prediction is worth is drawn directly (track IoU, score, pixels that agree), not rendered. Videos
differ in difficulty, categories in frequency and difficulty, and objects of a video resemble each other.
"""

from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BENCHMARKS
from evaluator.maps.sums import weigh_draws
from evaluator.panoptic.stq import StqStat
from evaluator.panoptic.vpq import PqStat
from evaluator.semantic.miou import IouStat
from evaluator.semantic.video_consistency import ConsistencyStat
from evaluator.statistics.bootstrap import DrawnMetrics, columns
from evaluator.tracklets.average_precision import IOU_THRESHOLDS
from evaluator.tracklets.draws import DrawnAp
from evaluator.tracklets.results import PooledPredictions, pool

Floats = NDArray[np.float64]
OVIS_CATEGORIES, CLASSES = 25, 124
VIPSEG = BENCHMARKS["vipseg"]


def _frequencies(number: int) -> Floats:
    """Return how often each category occurs: some a hundred times as often as others."""
    shares = 1 / np.arange(1, number + 1) ** 0.9
    return shares / shares.sum()


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def tracklets(
    rng: np.random.Generator, videos: int, skill: Sequence[float] = (0.0,), per_video: int = 10
) -> list[PooledPredictions]:
    """Return the pooled predictions of methods of some skill on one split of OVIS' proportions."""
    difficulty = rng.normal(0, 0.7, videos)
    count = 1 + rng.poisson(4.8, videos)
    video = np.repeat(np.arange(videos), count)
    main = rng.choice(OVIS_CATEGORIES, videos, p=_frequencies(OVIS_CATEGORIES))
    other = rng.choice(OVIS_CATEGORIES, len(video), p=_frequencies(OVIS_CATEGORIES))
    category = np.where(rng.random(len(video)) < 0.7, main[video], other)
    hardness = np.linspace(-0.6, 0.6, OVIS_CATEGORIES)[category]
    shared = 0.2 + difficulty[video] + hardness + rng.normal(0, 0.8, len(video))
    return [_submission(rng, videos, per_video, video, category, shared + more) for more in skill]


def _submission(
    rng: np.random.Generator,
    videos: int,
    per_video: int,
    video: NDArray[np.int64],
    category: NDArray[np.int64],
    quality: Floats,
) -> PooledPredictions:
    own = quality + rng.normal(0, 0.8, len(quality))
    iou = _sigmoid(own)
    score = _sigmoid(own + rng.normal(0, 1, len(own)))
    wrong = np.repeat(np.arange(videos), np.maximum(0, per_video - np.bincount(video, minlength=videos)))
    videos_of = np.r_[video, wrong]
    categories_of = np.r_[category, rng.choice(category, len(wrong))]
    scores = np.r_[score, _sigmoid(rng.normal(-1.5, 1, len(wrong)))]
    order = np.lexsort((-scores, categories_of, videos_of))
    outcome = np.zeros((1, len(IOU_THRESHOLDS), len(order)), np.uint8)
    outcome[0, :, : len(iou)] = iou >= IOU_THRESHOLDS[:, np.newaxis]
    group = (videos_of * OVIS_CATEGORIES + categories_of)[order]
    scorer: Any = SimpleNamespace(
        video=videos_of[order].astype(np.int32),
        category=categories_of[order].astype(np.int32),
        score=scores[order],
        rank=(np.arange(len(order)) - np.searchsorted(group, group)).astype(np.int32),
        outcome=np.ascontiguousarray(outcome[:, :, order]),
        splits=[SimpleNamespace(key="all")],
        ignored=np.zeros((1, len(video)), np.uint8),
        ground_truth=SimpleNamespace(
            videos=range(videos),
            categories=range(OVIS_CATEGORIES),
            tracklets=SimpleNamespace(video=video, category=category),
        ),
    )
    return pool(scorer)


def panoptic(
    rng: np.random.Generator, videos: int, skill: Sequence[float] = (0.0,)
) -> list[tuple[PqStat, StqStat]]:
    """Return the sums of methods of some skill on one split like VIPSeg; even classes are things."""
    scene = _Scene(rng, videos)
    found = []
    for more in skill:
        right = scene.shares(more)
        pixels = StqStat(*scene.pixels(right, CLASSES + 1), *scene.association(more))
        found.append((scene.windows(right), pixels))
    return found


def semantic(
    rng: np.random.Generator, videos: int, skill: Sequence[float] = (0.0,)
) -> list[tuple[IouStat, ConsistencyStat]]:
    """Return the sums of methods of some skill on one split of VSPW's proportions."""
    scene = _Scene(rng, videos)
    found = []
    for more in skill:
        windows = np.full((videos, 2), 40.0)
        stays = _sigmoid(1.5 + more + scene.difficulty[:, np.newaxis] + rng.normal(0, 0.3, (videos, 2)))
        iou = IouStat(*scene.pixels(scene.shares(more), CLASSES), np.zeros(videos))
        found.append((iou, ConsistencyStat(windows * stays, windows)))
    return found


class _Scene:
    """Which classes are in which video, how large and how hard: the same for all methods."""

    def __init__(self, rng: np.random.Generator, videos: int) -> None:
        self.rng = rng
        self.difficulty = rng.normal(0, 0.6, videos)
        present = rng.random((videos, CLASSES)) < np.minimum(0.9, 9 * _frequencies(CLASSES))
        self.size = present * np.exp(rng.normal(10, 1.2, (videos, CLASSES)))
        self.count = present * (1 + rng.poisson(1.0, (videos, CLASSES)) * (np.arange(CLASSES) % 2 == 0))
        hardness = rng.normal(0, 0.5, (videos, CLASSES)) + np.linspace(0.6, -0.6, CLASSES)
        self.quality = 0.3 + self.difficulty[:, np.newaxis] + hardness

    def shares(self, more: float) -> Floats:
        """Return what share of each class [V, K] a method gets right."""
        return _sigmoid(self.quality + more + self.rng.normal(0, 0.5, self.quality.shape))

    def pixels(self, right: Floats, classes: int) -> tuple[Floats, Floats, Floats]:
        """Return hits, true and predicted pixels [V, classes]; what is missed goes to others of the video."""
        hits = self.size * right
        missed = (self.size - hits).sum(axis=1, keepdims=True)
        taken = self.size * self.rng.random(self.size.shape)
        wrong = missed * taken / np.maximum(taken.sum(axis=1, keepdims=True), 1)
        more = ((0, 0), (0, classes - CLASSES))
        return np.pad(hits, more), np.pad(self.size, more), np.pad(hits + wrong, more)

    def windows(self, right: Floats) -> PqStat:
        """Return the sums of VPQ: longer windows match less."""
        longer = np.array([1.0, 0.95, 0.9, 0.85, 0.8])[np.newaxis, :, np.newaxis]
        tubes = 20.0 * self.count[:, np.newaxis] * np.ones((1, len(VIPSEG.windows), 1))
        true = np.rint(tubes * right[:, np.newaxis] * longer)
        false = np.rint((tubes - true) * self.rng.random(true.shape))
        overlap = 0.6 + 0.35 * right[:, np.newaxis]
        return PqStat(true * overlap, np.stack([true, false, tubes - true], axis=-1))

    def association(self, more: float) -> tuple[Floats, Floats]:
        """Return the summed association of the tubes of each video, and their number."""
        tubes = self.count[:, ::2].sum(axis=1).astype(float)
        return tubes * _sigmoid(0.2 + more + self.difficulty + self.rng.normal(0, 0.3, len(tubes))), tubes


def drawn_tracklets(pooled: PooledPredictions) -> DrawnMetrics:
    return DrawnAp(pooled, BENCHMARKS["ytvis2021"].headline)


def drawn_panoptic(sums: tuple[PqStat, StqStat]) -> DrawnMetrics:
    is_thing = np.arange(CLASSES) % 2 == 0
    rows = [VIPSEG.windows.index(k) for k in VIPSEG.mean_windows]

    def metrics(pq: PqStat, stq: StqStat) -> dict[str, float | None]:
        of_kinds = {"VPQ": None, "VPQ_th": is_thing, "VPQ_st": ~is_thing}
        found = {key: pq.mean_over(rows, chosen) for key, chosen in of_kinds.items()}
        return {**found, "STQ": stq.stq(), "AQ": stq.aq(), "SQ": stq.sq()}

    return partial(_drawn, sums, metrics)


def drawn_semantic(sums: tuple[IouStat, ConsistencyStat]) -> DrawnMetrics:
    def metrics(iou: IouStat, stays: ConsistencyStat) -> dict[str, float | None]:
        return {"mIoU": iou.miou(), "fwIoU": iou.fwiou(), "VC8": stays.vc(0), "VC16": stays.vc(1)}

    return partial(_drawn, sums, metrics)


def _drawn(
    sums: tuple[Any, Any], metrics: Callable[..., dict[str, float | None]], weights: Floats
) -> dict[str, Floats]:
    draws = [metrics(*both) for both in zip(*(weigh_draws(stat, weights) for stat in sums), strict=True)]
    return columns(draws, list(draws[0]))
