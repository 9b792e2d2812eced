"""Compares and matches the tracklets of each video, and keeps only the outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.video_pool import shared_array
from evaluator.tracklets.average_precision import IOU_THRESHOLDS, Split, match_video
from evaluator.tracklets.copies import link_copies
from evaluator.tracklets.ground_truth import GroundTruth, TrackletArrays
from evaluator.tracklets.kernels import compare_video, decode_tracklet
from evaluator.tracklets.results_json import PredictionTable


class NotPlain(Exception):
    """A mask is wrong or unusual: the careful reader must read the file."""


@dataclass(frozen=True, slots=True)
class DecodedTracklets:
    """The masks of N predictions over T frames.

    Attributes:
        bounds: int32, those of all masks; see `evaluator.tracklets.kernels`.
        first, runs, areas: int64 [N, T], each mask's first bound, foreground runs and pixels.
        given: bool [N, T], False where the mask is null, {} or [].
    """

    bounds: NDArray[np.int32]
    first: NDArray[np.int64]
    runs: NDArray[np.int64]
    areas: NDArray[np.int64]
    given: NDArray[np.bool_]


class VideoMasks(NamedTuple):
    """Counts of one video: masks that were not compressed, predictions without any pixel."""

    uncompressed: int
    blank: int


class TrackletScorer:
    """The predictions of one submission against one ground truth.

    After `score_video` was called for every video (in any order, by any process of `each_video`), `outcome`
    [S, T, N] says what each prediction is. Its order is that of `video`, `category`, `score` and `rank` [N]:
    by video, category and descending score.
    """

    def __init__(self, table: PredictionTable, ground_truth: GroundTruth, splits: Sequence[Split]) -> None:
        order = np.lexsort((-table.score, table.category, table.video))  # stable, as the official sort
        self.ground_truth = ground_truth
        self.splits = tuple(splits)
        self.order = order
        self.video = table.video[order]
        self.category = table.category[order]
        self.score = table.score[order]
        self.rank = _ranks(self.video, self.category)
        self.outcome = shared_array((len(splits), len(IOU_THRESHOLDS), len(order)), 0, np.uint8)
        self.ignored = ignored_tracklets(ground_truth.tracklets, splits)
        self.first_prediction = np.searchsorted(self.video, np.arange(len(ground_truth.videos) + 1))
        self._data = table.text.data
        self._spans = np.ascontiguousarray(table.spans[order])
        lengths = self._spans[:, 1] - self._spans[:, 0]
        self._by_length = np.lexsort((lengths, self.video)) - self.first_prediction[self.video]
        self._area_ranges = np.array([split.area for split in splits])
        self._scratch = np.empty(1 << 18, np.int32)

    def score_video(self, index: int) -> VideoMasks:
        """Decide the outcome of every prediction of one video.

        Raises:
            NotPlain: a prediction needs the careful reader.
        """
        mine = self.predictions(index)
        if mine.start == mine.stop:
            return VideoMasks(0, 0)
        iou, mean_area, listed = self.compare(index)
        arrays = self.ground_truth.tracklets
        tracklets = slice(int(arrays.first_tracklet[index]), int(arrays.first_tracklet[index + 1]))
        match_video(
            iou,
            mean_area,
            self.category[mine],
            arrays.category[tracklets],
            arrays.crowd[tracklets],
            self.ignored[:, tracklets],
            self._area_ranges,
            IOU_THRESHOLDS,
            self.outcome[:, :, mine],
        )
        return VideoMasks(listed, int((mean_area == 0).sum()))

    def compare(self, index: int) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """Compare the predictions of one video with its ground truth.

        Returns:
            track IoU [N, G], 0 where categories differ or it is below 0.5; mean areas [N] in pixels; the
            number of masks that were not compressed.

        Raises:
            NotPlain: a prediction needs the careful reader.
        """
        mine = self.predictions(index)
        video = self.ground_truth.videos[index]
        arrays = self.ground_truth.tracklets
        tracklets = slice(int(arrays.first_tracklet[index]), int(arrays.first_tracklet[index + 1]))
        masks = slice(int(arrays.first_mask[index]), int(arrays.first_mask[index + 1]))
        shape = (tracklets.stop - tracklets.start, video.length)
        spans = self._spans[mine]
        next_copy = np.empty(len(spans), np.int64)
        is_copy = np.empty(len(spans), np.bool_)
        link_copies(self._data, spans, self._by_length[mine], next_copy, is_copy)
        # A mask has at most one run more than pixels, and a run takes at least one byte of the file.
        longest = int((spans[:, 1] - spans[:, 0]).max(initial=0))
        room = min(longest, video.length * (video.height * video.width + 1))
        iou = np.empty((len(spans), shape[0]))
        mean_area = np.empty(len(spans))
        compared, listed = compare_video(
            self._data,
            spans,
            next_copy,
            is_copy,
            video.height,
            video.width,
            self._scratch_for(room),
            self.category[mine],
            self.rank[mine],
            arrays.category[tracklets],
            arrays.bounds,
            arrays.first[masks].reshape(shape),
            arrays.runs[masks].reshape(shape),
            arrays.areas[masks].reshape(shape),
            iou,
            mean_area,
        )
        if compared < len(spans):
            raise NotPlain
        return iou, mean_area, int(listed)

    def decode(self, index: int) -> DecodedTracklets:
        """Return the masks of one video's predictions.

        Raises:
            NotPlain: a prediction needs the careful reader.
        """
        video = self.ground_truth.videos[index]
        spans = self._spans[self.predictions(index)]
        room = np.minimum(spans[:, 1] - spans[:, 0], video.length * (video.height * video.width + 1))
        bounds = np.empty(int(room.sum()), np.int32)  # what is not written of it takes no memory
        first, runs, areas = np.zeros((3, len(spans), video.length), np.int64)
        written = np.empty((len(spans), video.length), np.int64)
        used = 0
        for n, at in enumerate(spans[:, 0].tolist()):
            count, _, frames = decode_tracklet(
                self._data, at, video.height, video.width, bounds[used:], first[n], runs[n], areas[n]
            )
            if count < 0 or frames < video.length:
                raise NotPlain
            written[n] = np.diff(first[n], append=count)
            first[n] += used
            used += int(count)
        return DecodedTracklets(bounds, first, runs, areas, written > 0)

    def _scratch_for(self, bounds: int) -> NDArray[np.int32]:
        """Return memory used for every tracklet; fresh pages for each would cost more than decoding."""
        if bounds > len(self._scratch):
            self._scratch = np.empty(bounds, np.int32)
        return self._scratch

    def predictions(self, index: int) -> slice:
        """Return the rows of one video."""
        return slice(int(self.first_prediction[index]), int(self.first_prediction[index + 1]))


def _ranks(video: NDArray[np.int32], category: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the rank of each row within its video and category."""
    if not len(video):
        return np.empty(0, np.int32)
    new_group = np.concatenate([[True], (np.diff(video) != 0) | (np.diff(category) != 0)])
    starts = np.flatnonzero(new_group)
    return (np.arange(len(video)) - np.repeat(starts, np.diff([*starts, len(video)]))).astype(np.int32)


def ignored_tracklets(arrays: TrackletArrays, splits: Sequence[Split]) -> NDArray[np.uint8]:
    """Return [S, G], 1 where a ground truth does not count: crowds, and what is outside a split's ranges."""
    ignored = np.empty((len(splits), len(arrays.video)), np.uint8)
    for row, split in zip(ignored, splits, strict=True):
        outside = (arrays.mean_area < split.area[0]) | (arrays.mean_area > split.area[1])
        if split.occlusion is not None:
            low, high = split.occlusion
            outside |= (arrays.occlusion < low) | (arrays.occlusion > high)
        row[:] = outside | (arrays.crowd != 0)
    return ignored
