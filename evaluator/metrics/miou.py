"""Mean IoU of semantic segmentation, as the official VSPW evaluation computes it (`eval_miou_vspw.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compiled import BYTES_IN, WORDS_IN, compiled

CLASSES: Final = 124
_VALUES = 256
_WORD = 8
_REPEAT = np.uint64(0x0101010101010101)
"""A byte times this is a word of eight such bytes."""


@dataclass(frozen=True, slots=True)
class ConfusionStat:
    """`pixels` int64 [CLASSES, CLASSES + 1]: a row is the true class, the last column any other value."""

    pixels: NDArray[np.int64]

    @classmethod
    def empty(cls) -> ConfusionStat:
        return cls(np.zeros((CLASSES, CLASSES + 1), np.int64))

    @classmethod
    def from_values(cls, counts: NDArray[np.int64]) -> ConfusionStat:
        """Sort pixels by class; `counts` int64 [256, 256] are those of each pair of values in the maps.

        In the ground truth, 1..124 stand for the classes 0..123 and all else for void. In a prediction the
        class is the value, and what is above 123 counts as wrong on the true class and nowhere else.
        (Official quirk, not kept: such values fall into the rows of other classes, or end the evaluation.)
        """
        rows = counts[1 : CLASSES + 1]
        return cls(np.column_stack([rows[:, :CLASSES], rows[:, CLASSES:].sum(axis=1)]))

    def __add__(self, other: ConfusionStat) -> ConfusionStat:
        return ConfusionStat(self.pixels + other.pixels)

    def class_iou(self) -> NDArray[np.float64]:
        """Return the IoU of every class [CLASSES]; NaN for those without a true pixel."""
        hits = np.diagonal(self.pixels)
        truth = self.pixels.sum(axis=1)
        unions = truth + self.pixels[:, :CLASSES].sum(axis=0) - hits
        iou = np.full(CLASSES, np.nan)
        np.divide(hits, unions, out=iou, where=truth > 0)
        return iou

    def miou(self) -> float | None:
        """Return the mean IoU of the classes that occur in the ground truth; None if none does."""
        iou = self.class_iou()
        defined = iou[~np.isnan(iou)]
        return float(defined.sum() / len(defined)) if len(defined) else None

    def fwiou(self) -> float | None:
        """Return the mean IoU, every class weighted with its share of the true pixels."""
        truth = self.pixels.sum(axis=1)
        if not truth.any():
            return None
        return float((np.nan_to_num(self.class_iou()) * truth).sum() / truth.sum())

    def unknown(self) -> int:
        """Return how many pixels of a true class are predicted as no class at all."""
        return int(self.pixels[:, CLASSES].sum())


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
    place, run = np.int64(0), 0
    truth_word, predicted_word = np.uint64(0), np.uint64(0)
    for word in range(truth_words.size + 1):
        whole = word < truth_words.size
        if whole and truth_words[word] == truth_word and predicted_words[word] == predicted_word:
            run += _WORD
            continue
        for i in range(_WORD * word, _WORD * (word + 1) if whole else truth.size):
            here = np.int64(truth[i]) * _VALUES + np.int64(predicted[i])
            if here != place:
                counts[place] += run
                place, run = here, 0
            run += 1
        truth_word = np.uint64(place // _VALUES) * _REPEAT
        predicted_word = np.uint64(place % _VALUES) * _REPEAT
    counts[place] += run
