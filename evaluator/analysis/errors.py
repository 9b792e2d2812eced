"""Finds the errors that keep AP50 below 1, and how much AP50 each kind costs.

After TIDE (Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV 2020), with
the errors of localisation split up for tracks. docs/error-analysis.md has the definitions and formulas.

S splits of the ground truth, N predictions, G ground truths, K categories.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.analysis.error_kernels import (
    BACKGROUND,
    BOTH,
    CLASSIFICATION,
    DUPLICATE,
    FRAGMENT,
    NONE,
    SPATIAL,
    SWITCH,
    TEMPORAL,
    explain_video,
    find_matches,
)
from evaluator.analysis.overlaps import VideoOverlaps
from evaluator.compute.video_pool import shared_array
from evaluator.tracklets.average_precision import (
    FALSE_POSITIVE,
    IGNORED,
    RECALL_LIMITS,
    RECALL_THRESHOLDS,
    TRUE_POSITIVE,
    accumulate,
)
from evaluator.tracklets.kernels import MAX_RANK
from evaluator.tracklets.scorer import TrackletScorer

MISSED: Final = 8
KINDS: Final = {
    CLASSIFICATION: "classification",
    SPATIAL: "spatial",
    TEMPORAL: "temporal",
    SWITCH: "switch",
    FRAGMENT: "fragment",
    DUPLICATE: "duplicate",
    BOTH: "both",
    BACKGROUND: "background",
    MISSED: "missed",
}
# Once fixed, predictions with these errors become right; others vanish.
REPAIRABLE: Final = (CLASSIFICATION, SPATIAL, TEMPORAL, SWITCH, FRAGMENT)

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Errors = dict[str, dict[str, float | int | None]]


@dataclass(frozen=True, slots=True)
class Explanations:
    """The error that each prediction would be, the object it targets, and the object it was matched with.

    Attributes:
        kind: int64 [N], a key of KINDS, NONE for predictions that count nowhere.
        target: int64 [N], a ground truth, or NONE.
        match: int64 [S, N], the ground truth of a true positive, NONE for all others.
    """

    kind: Ints
    target: Ints
    match: Ints

    @classmethod
    def empty(cls, scorer: TrackletScorer) -> Explanations:
        """Return explanations that `explain` fills, video by video."""
        predictions = len(scorer.score)
        kind, target = shared_array((2, predictions), NONE, np.int64)
        return cls(kind, target, shared_array((len(scorer.splits), predictions), NONE, np.int64))

    def explain(self, scorer: TrackletScorer, index: int, overlaps: VideoOverlaps) -> None:
        """Fill in the predictions of one video, in any process of `each_video`."""
        mine = scorer.predictions(index)
        arrays = scorer.ground_truth.tracklets
        first, last = arrays.first_tracklet[index : index + 2].tolist()
        pixels = (overlaps.shared, overlaps.p_areas, overlaps.g_areas)
        categories = (scorer.category[mine], arrays.category[first:last])
        counts = (scorer.rank[mine] < MAX_RANK) & (scorer.category[mine] >= 0)
        rank = np.where(counts, scorer.rank[mine], NONE).astype(np.int32)
        explain_video(
            *pixels,
            categories[0],
            rank,
            categories[1],
            arrays.crowd[first:last],
            self.kind[mine],
            self.target[mine],
        )
        for split, match in enumerate(self.match):
            right = scorer.outcome[split, 0, mine] == TRUE_POSITIVE
            find_matches(*pixels, *categories, right, scorer.ignored[split, first:last], match[mine])
            match[mine][match[mine] >= 0] += first
        self.target[mine][self.target[mine] >= 0] += first


@dataclass(frozen=True, slots=True)
class _State:
    """The predictions as they are, or as they would be with some errors fixed, in some videos.

    Attributes:
        category: [N]; outcome: [N], as in `evaluator.tracklets.average_precision`.
        positives: [K], the ground truths to be found.
    """

    category: NDArray[np.int32]
    outcome: NDArray[np.uint8]
    positives: Floats


class ErrorAnalysis:
    """The errors of one submission in some videos and one split.

    Args:
        scorer: after `score_video` for all videos.
        found: what `Explanations.explain` filled in for all videos.
        split: the index of the split among those of the scorer.
        videos: bool, which videos count.
    """

    def __init__(self, scorer: TrackletScorer, found: Explanations, split: int, videos: Flags) -> None:
        arrays = scorer.ground_truth.tracklets
        self._scorer = scorer
        self._found = found
        self._categories = len(scorer.ground_truth.categories)
        self._truth_category = arrays.category
        self._counts = (scorer.ignored[split] == 0) & videos[arrays.video]
        outcome = np.where(videos[scorer.video], scorer.outcome[split, 0], IGNORED).astype(np.uint8)
        outcome[found.kind == NONE] = IGNORED
        self._wrong = outcome == FALSE_POSITIVE
        self._matched = np.zeros(len(self._counts), bool)
        match = found.match[split]
        self._matched[match[(match >= 0) & (outcome == TRUE_POSITIVE)]] = True
        self._missed = self._find_missed()
        self._now = _State(scorer.category, outcome, self._count_by_category(self._counts))

    def _find_missed(self) -> Flags:
        """Return [G], the objects that are not found and no repairable prediction is about."""
        tried = self._wrong & np.isin(self._found.kind, REPAIRABLE)
        reached = np.zeros(len(self._counts), bool)
        reached[self._found.target[tried]] = True
        missed: Flags = self._counts & ~self._matched & ~reached
        return missed

    def _count_by_category(self, chosen: Flags) -> Floats:
        return np.bincount(self._truth_category[chosen], minlength=self._categories).astype(np.float64)

    def ap50(self, fixed: tuple[int, ...] = ()) -> float | None:
        """Return AP50 if errors of some kinds were fixed, or None where there is no ground truth."""
        state = self._now
        for kind in fixed:
            state = self._fix(state, kind)
        defined = self._now.positives > 0
        values = self._average_precisions(state)[defined]
        # With nothing left to be found, everything is.
        return float(np.mean(np.where(np.isnan(values), 1.0, values))) if len(values) else None

    def errors(self) -> Errors:
        """Return for each kind the number of errors and `dAP50`, the gain of fixing these alone."""
        now = self.ap50()
        errors: Errors = {}
        for kind, name in KINDS.items():
            fixed = self.ap50((kind,))
            gain = None if now is None or fixed is None else fixed - now
            count = self._missed if kind == MISSED else self._wrong & (self._found.kind == kind)
            errors[name] = {"dAP50": gain, "count": int(np.count_nonzero(count))}
        return errors

    def category_shift(self) -> dict[str, float | int] | None:
        """Return the commonest difference of ids, given minus true, of predictions with a wrong category.

        `share` is its part of these predictions. None where there are none.
        """
        guilty = np.flatnonzero(self._wrong & (self._found.kind == CLASSIFICATION))
        if not len(guilty):
            return None
        ids = np.array([category.id for category in self._scorer.ground_truth.categories], np.int64)
        true = ids[self._truth_category[self._found.target[guilty]]]
        shifts, counts = np.unique(ids[self._scorer.category[guilty]] - true, return_counts=True)
        most = int(np.argmax(counts))
        return {"shift": int(shifts[most]), "share": float(counts[most] / len(guilty))}

    def _fix(self, state: _State, kind: int) -> _State:
        if kind == MISSED:
            return replace(state, positives=state.positives - self._count_by_category(self._missed))
        outcome = state.outcome.copy()
        category = state.category.copy()
        guilty = np.flatnonzero(self._wrong & (self._found.kind == kind))
        outcome[guilty] = IGNORED
        if kind in REPAIRABLE:
            best = self._best_of_each_target(guilty, self._free(state))
            outcome[best] = TRUE_POSITIVE
            category[best] = self._truth_category[self._found.target[best]]
        return replace(state, category=category, outcome=outcome)

    def _free(self, state: _State) -> Flags:
        """Return [G], the scored objects that are still unmatched after the fixes."""
        fixed = self._wrong & (state.outcome == TRUE_POSITIVE)
        free: Flags = self._counts & ~self._matched
        free[self._found.target[fixed]] = False
        return free

    def _best_of_each_target(self, guilty: Ints, free: Flags) -> Ints:
        """Return for each free object the prediction about it that has the highest score."""
        guilty = guilty[free[self._found.target[guilty]]]
        guilty = guilty[np.argsort(-self._scorer.score[guilty], kind="stable")]
        _, first = np.unique(self._found.target[guilty], return_index=True)
        return guilty[first]

    def _average_precisions(self, state: _State) -> Floats:
        """Return [K], AP50 of each category, NaN where nothing is to be found."""
        rows = np.lexsort((-self._scorer.score, state.category))
        starts = np.searchsorted(state.category[rows], np.arange(self._categories + 1))
        ap, ar = np.empty((self._categories, 1, 1)), np.empty((self._categories, 1, len(RECALL_LIMITS), 1))
        accumulate(
            rows,
            starts,
            self._scorer.rank,
            state.outcome[None, None],
            np.ones(len(rows)),
            state.positives[:, None],
            RECALL_THRESHOLDS,
            RECALL_LIMITS,
            ap,
            ar,
        )
        return ap[:, 0, 0]
