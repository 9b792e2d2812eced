"""Mean IoU of semantic segmentation, as the official VSPW evaluation computes it (`eval_miou_vspw.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import BYTES_IN, WORDS_IN, compiled

_VALUES = 256
_WORD = 8
_REPEAT = np.uint64(0x0101010101010101)
"""A byte times this is a word of eight such bytes."""


@dataclass(frozen=True, slots=True)
class IouStat:
    """Sums of pixels, float64 [K]: on both sides, in the truth, in the prediction; others are scalars.

    Only pixels with a true class count. `unknown` are those whose predicted value is not a class, `higher`
    and `lower` those whose predicted class is the true one plus 1, minus 1.
    """

    hits: NDArray[np.float64]
    truth: NDArray[np.float64]
    predicted: NDArray[np.float64]
    unknown: NDArray[np.float64]
    higher: NDArray[np.float64]
    lower: NDArray[np.float64]

    @classmethod
    def empty(cls, classes: int) -> IouStat:
        return cls.from_values(np.zeros((_VALUES, _VALUES), np.int64), classes, 0)

    @classmethod
    def from_values(cls, counts: NDArray[np.int64], classes: int, first_label: int) -> IouStat:
        """Sort pixels by class.

        In a prediction the class is the value, and a value without a class counts as wrong on the true class
        and nowhere else. (Official quirk, not kept: such values fall into the rows of other classes, or end
        the evaluation.)

        Args:
            counts: int64 [256, 256], the pixels of each pair of values in the maps.
            classes: their number K.
            first_label: the value of class 0 in the ground truth; the next ones follow, all else is void.
        """
        rows = counts[first_label : first_label + classes].astype(np.float64)
        known, unknown = rows[:, :classes], rows[:, classes:]
        return cls(
            known.diagonal().copy(),
            rows.sum(axis=1),
            known.sum(axis=0),
            unknown.sum(),
            rows.diagonal(1).sum(),
            rows.diagonal(-1).sum(),
        )

    def class_iou(self) -> NDArray[np.float64]:
        """Return the IoU of every class [K]; NaN for those without a true pixel."""
        iou = np.full(len(self.truth), np.nan)
        unions = self.truth + self.predicted - self.hits
        np.divide(self.hits, unions, out=iou, where=self.truth > 0)
        return iou

    def miou(self) -> float | None:
        """Return the mean IoU of the classes that occur in the ground truth; None if none does."""
        iou = self.class_iou()
        defined = iou[~np.isnan(iou)]
        return float(defined.sum() / len(defined)) if len(defined) else None

    def fwiou(self) -> float | None:
        """Return the mean IoU, every class weighted with its share of the true pixels."""
        if not self.truth.any():
            return None
        return float((np.nan_to_num(self.class_iou()) * self.truth).sum() / self.truth.sum())


def count_values(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    """Add the pairs of values of one frame, both maps [pixels], to `counts` int64 [256, 256]."""
    whole = truth.size // _WORD * _WORD
    words = (truth[:whole].view(np.uint64), predicted[:whole].view(np.uint64))
    _count(truth, predicted, *words, counts.reshape(_VALUES * _VALUES))


@compiled(f"void({BYTES_IN}, {BYTES_IN}, {WORDS_IN}, {WORDS_IN}, int64[::1])")
def _count(
    truth: NDArray[np.uint8],
    predicted: NDArray[np.uint8],
    truth_words: NDArray[np.uint64],
    predicted_words: NDArray[np.uint64],
    counts: NDArray[np.int64],
) -> None:
    """Count run by run; where eight pixels continue the run on both sides, they are compared at once."""
    pair, run = np.int64(0), 0
    truth_word, predicted_word = np.uint64(0), np.uint64(0)
    for word in range(truth_words.size + 1):
        whole = word < truth_words.size
        if whole and truth_words[word] == truth_word and predicted_words[word] == predicted_word:
            run += _WORD
            continue
        for i in range(_WORD * word, _WORD * (word + 1) if whole else truth.size):
            here = np.int64(truth[i]) * _VALUES + np.int64(predicted[i])
            if here != pair:
                counts[pair] += run
                pair, run = here, 0
            run += 1
        truth_word = np.uint64(pair // _VALUES) * _REPEAT
        predicted_word = np.uint64(pair % _VALUES) * _REPEAT
    counts[pair] += run
