"""Average precision and recall in many draws of the videos at once, for the bootstrap.

A prediction matches the same ground truth whatever videos are drawn, so a draw only changes the weights of
outcomes. Per category, split and threshold they are laid out once, as *steps*: the true and false positives
by descending score up to the last true one (later ones lower no interpolated precision and raise no recall).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import FLOAT64_IN, INT32_IN, INT64_IN, compiled
from evaluator.tracklets.average_precision import (
    EPS,
    IGNORED,
    RECALL_LIMITS,
    RECALL_THRESHOLDS,
    TRUE_POSITIVE,
    mean_precision,
)
from evaluator.tracklets.kernels import MAX_RANK
from evaluator.tracklets.results import PooledPredictions, TrackletResults, split_of

Ints = NDArray[np.int64]
Places = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]

_CUBE_IN = "Array(uint8, 3, 'C', readonly=True)"
_PLANE_IN = "Array(float64, 2, 'C', readonly=True)"
_BLOCK_IN = "Array(float64, 3, 'C', readonly=True)"


class DrawnAp:
    """Metrics in many draws at once: what `evaluator.statistics.bootstrap` asks for."""

    def __init__(self, pooled: PooledPredictions, metrics: Sequence[str]) -> None:
        self._pooled = pooled
        self._metrics = metrics

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        """Return each metric [B]; `weights` [B, V] say how often each video counts in each draw."""
        results = self._steps.results(weights)
        return {key: results.by_group(key) for key in self._metrics}

    @cached_property
    def _steps(self) -> Steps:
        return Steps.of(self._pooled, {split_of(key) for key in self._metrics})


@dataclass(frozen=True, slots=True)
class Steps:
    """The outcomes of a submission, laid out for drawing.

    Attributes:
        splits: their names.
        video: int32 [L], the index of each step's video.
        rank: int32 [L], the rank of a true positive; -1 marks a false one.
        starts: int64 [S * K * T + 1], where the steps of a split, category and threshold begin.
        positives: float64 [V, S * K], the ground truths that count, by video.
    """

    splits: tuple[str, ...]
    video: Places
    rank: Places
    starts: Ints
    positives: Floats

    @classmethod
    def of(cls, pooled: PooledPredictions, splits: Collection[str]) -> Steps:
        """Lay out the outcomes of the named splits, for all of `pooled`."""
        scorer = pooled.scorer
        chosen = [index for index, split in enumerate(scorer.splits) if split.key in splits]
        outcome = scorer.outcome[chosen]
        categories = len(scorer.ground_truth.categories)
        starts = np.zeros(len(chosen) * categories * outcome.shape[1] + 1, np.int64)
        count_steps(pooled.rows, pooled.starts, scorer.rank, outcome, starts)
        np.cumsum(starts, out=starts)
        video, rank = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int32)
        lay_steps(pooled.rows, pooled.starts, scorer.rank, scorer.video, outcome, starts, video, rank)
        arrays = scorer.ground_truth.tracklets
        groups = arrays.video.astype(np.int64) * categories + arrays.category
        videos = len(scorer.ground_truth.videos)
        positives = [
            np.bincount(groups, scorer.ignored[split] == 0, videos * categories).reshape(videos, categories)
            for split in chosen
        ]
        names = tuple(scorer.splits[split].key for split in chosen)
        return cls(names, video, rank, starts, np.concatenate(positives, axis=1))

    def results(self, weights: Floats) -> TrackletResults:
        """Return results with one group per draw, the mean over the categories that occur in it.

        Args:
            weights: [B, V], how often each video counts in each draw.
        """
        draws, splits = len(weights), len(self.splits)
        categories = self.positives.shape[1] // splits
        thresholds = (len(self.starts) - 1) // max(splits * categories, 1)
        # Sums of whole numbers are exact, in any order.
        positives = (weights @ self.positives).reshape(draws, splits, categories)
        ap = np.zeros((draws, splits, thresholds))
        ar = np.zeros((draws, splits, len(RECALL_LIMITS), thresholds))
        draw_results(
            self.video,
            self.rank,
            self.starts,
            np.ascontiguousarray(weights),
            positives,
            RECALL_THRESHOLDS,
            RECALL_LIMITS,
            ap,
            ar,
        )
        return TrackletResults(self.splits, ap, ar)


@compiled(f"void({INT64_IN}, {INT64_IN}, {INT32_IN}, {_CUBE_IN}, int64[::1])")
def count_steps(rows: Ints, groups: Ints, rank: Places, outcome: Flags, counts: Ints) -> None:
    """Write the number of steps of every split, category and threshold to `counts[1:]`."""
    row = 0
    for s in range(outcome.shape[0]):
        for k in range(groups.size - 1):
            for t in range(outcome.shape[1]):
                row += 1
                count = 0
                for i in range(groups[k], groups[k + 1]):
                    n = rows[i]
                    if rank[n] < MAX_RANK and outcome[s, t, n] != IGNORED:
                        count += 1
                        if outcome[s, t, n] == TRUE_POSITIVE:
                            counts[row] = count


@compiled(
    f"void({INT64_IN}, {INT64_IN}, {INT32_IN}, {INT32_IN}, {_CUBE_IN}, {INT64_IN}, int32[::1], int32[::1])"
)
def lay_steps(
    rows: Ints,
    groups: Ints,
    rank: Places,
    video: Places,
    outcome: Flags,
    starts: Ints,
    step_video: Places,
    step_rank: Places,
) -> None:
    """Write the steps themselves."""
    row = 0
    for s in range(outcome.shape[0]):
        for k in range(groups.size - 1):
            for t in range(outcome.shape[1]):
                at = starts[row]
                row += 1
                for i in range(groups[k], groups[k + 1]):
                    if at == starts[row]:
                        break
                    n = rows[i]
                    if rank[n] < MAX_RANK and outcome[s, t, n] != IGNORED:
                        step_video[at] = video[n]
                        step_rank[at] = rank[n] if outcome[s, t, n] == TRUE_POSITIVE else -1
                        at += 1


@compiled()
def _walk(
    first: int,
    last: int,
    video: Places,
    rank: Places,
    weight: Floats,
    positives: float,
    limits: Ints,
    precision: Floats,
    recall: Floats,
    found: Floats,
) -> int:
    """Write precision and recall at the true positives, and their weight within each limit to `found`."""
    true = 0.0
    false = 0.0
    count = 0
    found[:] = 0.0
    for step in range(first, last):
        w = weight[video[step]]
        if rank[step] < 0:
            false += w
        elif w > 0:
            true += w
            for m in range(limits.size):
                if rank[step] < limits[m]:
                    found[m] += w
            recall[count] = true / positives
            precision[count] = true / (false + true + EPS)
            count += 1
    return count


@compiled(
    f"void({INT32_IN}, {INT32_IN}, {INT64_IN}, {_PLANE_IN}, {_BLOCK_IN}, {FLOAT64_IN}, {INT64_IN},"
    "float64[:, :, ::1], float64[:, :, :, ::1])"
)
def draw_results(
    video: Places,
    rank: Places,
    starts: Ints,
    weights: Floats,
    positives: Floats,
    recalls: Floats,
    limits: Ints,
    ap: Floats,
    ar: Floats,
) -> None:
    """Fill `ap` [B, S, T] and `ar` [B, S, M, T], which are zeros, with means over the categories.

    Args:
        video, rank, starts: see `Steps`.
        weights: [B, V]; positives: [B, S, K]; recalls, limits: as for
            `evaluator.tracklets.average_precision`.
    """
    longest = 0
    for i in range(starts.size - 1):
        longest = max(longest, starts[i + 1] - starts[i])
    precision = np.empty(longest)
    recall = np.empty(longest)
    found = np.empty(limits.size)
    thresholds = ap.shape[2]
    for b in range(weights.shape[0]):
        for s in range(positives.shape[1]):
            defined = 0
            for k in range(positives.shape[2]):
                total = positives[b, s, k]
                if total == 0:
                    continue
                defined += 1
                for t in range(thresholds):
                    row = (s * positives.shape[2] + k) * thresholds + t
                    count = _walk(
                        starts[row],
                        starts[row + 1],
                        video,
                        rank,
                        weights[b],
                        total,
                        limits,
                        precision,
                        recall,
                        found,
                    )
                    ap[b, s, t] += mean_precision(count, precision, recall, recalls)
                    for m in range(limits.size):
                        ar[b, s, m, t] += found[m] / total
            ap[b, s] /= defined if defined else np.nan
            ar[b, s] /= defined if defined else np.nan
