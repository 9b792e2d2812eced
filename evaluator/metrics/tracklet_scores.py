"""Goes through the videos: decodes their masks, compares and matches them. Nothing is kept but the outcomes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.formats.ytvis_json import PredictionTable
from evaluator.metrics.tracklet_ap import IOU_THRESHOLDS, Split, compare_tracklets, match_video
from evaluator.prepared import GroundTruth, TrackletArrays
from evaluator.rle import decode_tracklets

# So many bytes of JSON are decoded before their masks are compared: what they decode to stays in the cache.
_CHUNK_BYTES: Final = 256 << 10


class NotPlain(Exception):
    """A mask is wrong or unusual: the careful reader has to look at the file."""


class TrackletScorer:
    """The predictions of one submission against one ground truth.

    After `score_video` was called for every video (in any order, from any thread), `outcome` [S, T, N] says what
    each prediction is, in the order of `video`, `category`, `score` and `rank` [N]: by video, category and score.
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
        self.outcome = np.zeros((len(splits), len(IOU_THRESHOLDS), len(order)), np.uint8)
        self.ignored = ignored_tracklets(ground_truth.tracklets, splits)
        self.first_prediction = np.searchsorted(self.video, np.arange(len(ground_truth.videos) + 1))
        self._data = table.text.data
        self._places = np.ascontiguousarray(table.places[order])
        self._area_ranges = np.array([split.area for split in splits])
        self._scratch = _Scratch()

    def score_video(self, index: int) -> int:
        """Decide the outcome of every prediction of one video; returns the number of uncompressed masks.

        Raises:
            NotPlain: a prediction needs the careful reader.
        """
        first, last = (int(n) for n in self.first_prediction[index : index + 2])
        if first == last:
            return 0
        arrays = self.ground_truth.tracklets
        g_first, g_last = (int(n) for n in arrays.first_tracklet[index : index + 2])
        g_category = arrays.category[g_first:g_last]
        iou = np.empty((last - first, g_last - g_first))
        mean_area = np.empty(last - first)
        listed = 0
        for start, stop in self._chunks(first, last):
            part = slice(start - first, stop - first)
            listed += self._compare(index, start, stop, g_category, iou[part], mean_area[part])
        match_video(
            iou,
            mean_area,
            self.category[first:last],
            self.rank[first:last],
            g_category,
            arrays.crowd[g_first:g_last],
            np.ascontiguousarray(self.ignored[:, g_first:g_last]),
            self._area_ranges,
            IOU_THRESHOLDS,
            self.outcome[:, :, first:last],
        )
        return listed

    def _chunks(self, first: int, last: int) -> list[tuple[int, int]]:
        """Cut a video's predictions into parts of about `_CHUNK_BYTES`, each of one at least."""
        sizes = np.cumsum(self._places[first:last, 1] - self._places[first:last, 0])
        if sizes[-1] <= _CHUNK_BYTES:
            return [(first, last)]
        cuts = np.flatnonzero(np.diff(sizes // _CHUNK_BYTES)) + first + 1
        edges = [first, *cuts.tolist(), last]
        return list(zip(edges[:-1], edges[1:], strict=True))

    def _compare(
        self,
        index: int,
        start: int,
        stop: int,
        g_category: NDArray[np.int32],
        iou: NDArray[np.float64],
        mean_area: NDArray[np.float64],
    ) -> int:
        video = self.ground_truth.videos[index]
        places = self._places[start:stop]
        most = np.minimum(places[:, 1] - places[:, 0], video.length * (video.height * video.width + 1))
        bounds, first, runs, areas = self._scratch.get(int(most.sum()), stop - start, video.length)
        done, _, listed = decode_tracklets(
            self._data, places, video.height, video.width, video.length, bounds, first, runs, areas
        )
        if done < stop - start:
            raise NotPlain
        arrays = self.ground_truth.tracklets
        masks = slice(int(arrays.first_mask[index]), int(arrays.first_mask[index + 1]))
        shape = (len(g_category), video.length)
        compare_tracklets(
            bounds,
            first,
            runs,
            areas,
            self.category[start:stop],
            self.rank[start:stop],
            arrays.bounds,
            arrays.first[masks].reshape(shape),
            arrays.runs[masks].reshape(shape),
            arrays.areas[masks].reshape(shape),
            g_category,
            iou,
            mean_area,
        )
        return int(listed)


class _Scratch(threading.local):
    """Memory that one thread uses again for every video; fresh pages for each would cost more than decoding."""

    def __init__(self) -> None:
        self._bounds = np.empty(1 << 20, np.int32)
        self._masks = np.empty((3, 1 << 14), np.int64)

    def get(
        self, bounds: int, tracklets: int, length: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        if bounds > len(self._bounds):
            self._bounds = np.empty(bounds, np.int32)
        masks = tracklets * length
        if masks > self._masks.shape[1]:
            self._masks = np.empty((3, masks), np.int64)
        first, runs, areas = (row[:masks].reshape(tracklets, length) for row in self._masks)
        return self._bounds, first, runs, areas


def _ranks(video: NDArray[np.int32], category: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the place of each row within its video and category."""
    if not len(video):
        return np.empty(0, np.int32)
    new_group = np.concatenate([[True], (np.diff(video) != 0) | (np.diff(category) != 0)])
    starts = np.flatnonzero(new_group)
    return (np.arange(len(video)) - np.repeat(starts, np.diff([*starts, len(video)]))).astype(np.int32)


def ignored_tracklets(arrays: TrackletArrays, splits: Sequence[Split]) -> NDArray[np.uint8]:
    """Return [S, G], 1 where a ground truth does not count: crowds, and what lies outside the split's ranges."""
    ignored = np.empty((len(splits), len(arrays.video)), np.uint8)
    for row, split in zip(ignored, splits, strict=True):
        outside = (arrays.mean_area < split.area[0]) | (arrays.mean_area > split.area[1])
        if split.occlusion is not None:
            low, high = split.occlusion
            outside |= (arrays.occlusion < low) | (arrays.occlusion > high)
        row[:] = outside | (arrays.crowd != 0)
    return ignored
