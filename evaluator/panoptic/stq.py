"""Segmentation and tracking quality (STQ), as the official VIPSeg evaluation computes it.

Weber et al., STEP, arXiv:2102.11859; official code `eval_stq_vspw.py`. STQ is the geometric mean of SQ, the
mean IoU of the classes, and AQ, which asks how well the pixels of a thing stay together through the video.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.panoptic.tubes import Listing, VideoTubes

_INSTANCE_BITS = 16


@dataclass(frozen=True, slots=True)
class StqStat:
    """Sums over videos, of which the last class stands for "nothing".

    Attributes:
        hits, truth, predicted: float64 [K + 1], the pixels of each class on both sides, in the truth, in the
            prediction; only labelled pixels count.
        higher, lower: float64 scalars, pixels whose predicted class is the true one plus 1, minus 1.
        association, tubes: float64 scalars, the summed association of the ground-truth tubes, their number.
    """

    hits: NDArray[np.float64]
    truth: NDArray[np.float64]
    predicted: NDArray[np.float64]
    higher: NDArray[np.float64]
    lower: NDArray[np.float64]
    association: NDArray[np.float64]
    tubes: NDArray[np.float64]

    @classmethod
    def empty(cls, classes: int) -> StqStat:
        zeros, zero = np.zeros(classes + 1), np.zeros(())
        return cls(zeros, zeros, zeros, zero, zero, zero, zero)

    def class_iou(self) -> NDArray[np.float64]:
        """Return the IoU of the classes and of "nothing" [K + 1]; NaN where both sides have no pixel."""
        unions = self.truth + self.predicted - self.hits
        iou = np.full(len(unions), np.nan)
        np.divide(self.hits, unions, out=iou, where=unions > 0)
        return iou

    def sq(self) -> float | None:
        """Return the mean IoU; None without any labelled pixel."""
        iou = self.class_iou()
        # Official quirk: "nothing" counts as one more class, with IoU 0, wherever it covers a labelled pixel.
        defined = iou[~np.isnan(iou)]
        return float(defined.sum() / len(defined)) if len(defined) else None

    def aq(self) -> float:
        """Return the mean association. Official quirk: 0, not undefined, where there are no tubes."""
        return float(self.association / np.maximum(self.tubes, 1))

    def stq(self) -> float | None:
        sq = self.sq()
        return None if sq is None else math.sqrt(self.aq() * sq)


def compute_stq(tubes: VideoTubes, is_thing: NDArray[np.bool_]) -> StqStat:
    """Return the sums of one video.

    Args:
        tubes: its segments; categories of the listings are classes 0..K - 1.
        is_thing: [K].
    """
    classes = len(is_thing)
    frame = np.repeat(np.arange(tubes.frames), np.diff(tubes.first_row))
    truth_class, truth_instance = _labels(tubes.truth, tubes.pair_truth[tubes.row_pair], frame, classes)
    class_, instance = _labels(tubes.predicted, tubes.pair_predicted[tubes.row_pair], frame, classes)
    pixels = tubes.row_pixels
    labelled = truth_class < classes
    hit = labelled & (truth_class == class_)
    thing = np.append(is_thing, False)
    # Official quirk: things numbered 0 are taken for crowds, so the first segment that a video lists is left
    # out if it is a thing: as truth, and its pixels on the predicted side.
    crowd = thing[truth_class] & (truth_instance == 0)
    in_truth = thing[truth_class] & ~crowd
    in_prediction = thing[class_] & ~crowd
    association, count = _associate(
        (truth_class << _INSTANCE_BITS) + truth_instance,
        (class_ << _INSTANCE_BITS) + instance,
        pixels,
        in_truth,
        in_prediction,
    )
    return StqStat(
        hits=_by_class(class_[hit], pixels[hit], classes),
        truth=_by_class(truth_class[labelled], pixels[labelled], classes),
        predicted=_by_class(class_[labelled], pixels[labelled], classes),
        higher=np.array(
            pixels[labelled & (class_ == truth_class + 1) & (class_ < classes)].sum(), np.float64
        ),
        lower=np.array(pixels[labelled & (class_ == truth_class - 1)].sum(), np.float64),
        association=np.array(association),
        tubes=np.array(count, np.float64),
    )


def _by_class(class_: NDArray[np.int64], pixels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    return np.bincount(class_, pixels, minlength=classes + 1).astype(np.float64)


def _labels(
    listing: Listing, column: NDArray[np.int32], frame: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return class and instance of every row; `classes` and 0 where the frame does not list the id."""
    if not listing.category.shape[1]:
        return np.full(len(column), classes, np.int64), np.zeros(len(column), np.int64)
    found = np.where(column >= 0, listing.last_category[frame, column], -1)
    instance = np.where(found >= 0, listing.instance[column], 0)
    return np.where(found >= 0, found, classes).astype(np.int64), instance


def _associate(
    truth: NDArray[np.int64],
    predicted: NDArray[np.int64],
    pixels: NDArray[np.int64],
    in_truth: NDArray[np.bool_],
    in_prediction: NDArray[np.bool_],
) -> tuple[float, int]:
    """Return the sum of the associations of all ground-truth tubes, and their number.

    The association of a tube of g pixels is the sum, over the predicted tubes, of s * IoU / g with s shared
    pixels: all its pixels in one predicted tube that has no others give 1.
    """
    truth_ids, truth_size = _sizes(truth[in_truth], pixels[in_truth])
    # Official quirk: pixels that are void in the ground truth count into the size of a predicted tube, and
    # the classes of both tubes need not agree.
    ids, size = _sizes(predicted[in_prediction], pixels[in_prediction])
    both = in_truth & in_prediction
    rows = np.searchsorted(truth_ids, truth[both])
    columns = np.searchsorted(ids, predicted[both])
    pairs, shared = _sizes(rows * max(len(ids), 1) + columns, pixels[both])
    row, column = pairs // max(len(ids), 1), pairs % max(len(ids), 1)
    iou = shared / (truth_size[row] + size[column] - shared)
    per_tube = np.bincount(row, shared * iou, minlength=len(truth_ids)) / truth_size
    return float(per_tube.sum()), len(truth_ids)


def _sizes(keys: NDArray[np.int64], pixels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ids, at = np.unique(keys, return_inverse=True)
    return ids, np.bincount(at, pixels, minlength=len(ids)).astype(np.int64)
