"""What a panoptic submission does with each annotated segment, frame by frame: `events` for maps.

A predicted segment *lies on* the annotated one with which it has an IoU above 0.5 in a frame; since segments
of a map do not overlap, at most one is. As in VPQ (`evaluator.panoptic.vpq`) pixels without annotation count
nowhere and nothing lies on a crowd; unlike there a segment of a wrong category does lie on what it covers,
so that colours say who is followed. A prediction is *about* the segment on which it lies in most frames, and
an annotated segment's *partner* is the prediction that lies on it in most frames: the first one of several.
States and events follow as in `events`. "false" are predictions that lie on nothing, unless more than half
of their pixels have no annotation or a crowd's.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.analysis.error_kernels import BACKGROUND, CLASSIFICATION, NONE
from evaluator.catalog import BenchmarkSpec
from evaluator.options import Options
from evaluator.panoptic.check import VideoReader, check_videos
from evaluator.panoptic.ground_truth import read_panoptic_truth
from evaluator.panoptic.predictions import open_panoptic_predictions
from evaluator.panoptic.tubes import VOID, Listing, VideoTubes
from evaluator.playback.events import Ints, VideoEvents, events_of, pieces_of, states_of
from evaluator.playback.store import Pieces, StoreIndex, store_videos
from evaluator.problems import ProblemList, SubmissionRejected

Flags = NDArray[np.bool_]

LIES_ABOVE: Final = 0.5
"""IoU, without equality: two segments of a map cannot both have it."""


def store_events(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, path: Path, options: Options
) -> StoreIndex:
    """Write what happens in every video to `path`; raises as `events.store_events`."""
    truth = read_panoptic_truth(ground_truth, len(spec.classes))
    maps = truth.maps(options.prepared_dir)
    source = open_panoptic_predictions(predictions)

    def pieces(index: int) -> Pieces:
        problems = ProblemList()
        tubes = VideoReader(source, problems).read_tubes(truth, index, maps.read_video(index))
        if tubes is None:
            raise SubmissionRejected(problems.to_tuple())
        return pieces_of(index + 1, video_events(tubes))

    with closing(source.members):
        check_videos(truth, source)
        return store_videos(path, pieces, len(truth.videos), options)


def video_events(tubes: VideoTubes) -> VideoEvents:
    """Return what happens in one video; segments stand in the order of the mask stores."""
    frame = np.repeat(np.arange(tubes.frames), np.diff(tubes.first_row))
    truth = _Side.of(tubes.truth, tubes.pair_truth[tubes.row_pair], frame, tubes)
    predicted = _Side.of(tubes.predicted, tubes.pair_predicted[tubes.row_pair], frame, tubes)
    g, p, pixels = truth.row, predicted.row, tubes.row_pixels
    is_crowd = np.zeros(len(g), np.bool_)
    is_crowd[g >= 0] = tubes.truth.crowd[frame[g >= 0], truth.column[g[g >= 0]]] != 0
    nowhere = tubes.pair_truth[tubes.row_pair] == VOID
    counted = predicted.areas.copy()
    np.subtract.at(counted, (p[nowhere & (p >= 0)], frame[nowhere & (p >= 0)]), pixels[nowhere & (p >= 0)])

    both = np.flatnonzero((g >= 0) & (p >= 0))
    g, p, t, shared = g[both], p[both], frame[both], pixels[both]
    iou = shared / (truth.areas[g, t] + counted[p, t] - shared)
    lies = (iou > LIES_ABOVE) & ~is_crowd[both]
    follows = np.full(predicted.areas.shape, NONE, np.int64)
    follows[p[lies], t[lies]] = g[lies]
    about = _most(p[lies], g[lies], (len(follows), len(truth.areas)))
    partner = _most(g[lies], p[lies], (len(truth.areas), len(follows)))
    states = states_of(truth.areas, follows, partner)

    ignored = predicted.sums(nowhere | is_crowd, pixels)
    kind = np.where(2 * ignored > predicted.areas.sum(axis=1), NONE, BACKGROUND)
    known = np.flatnonzero(about >= 0)
    is_right = predicted.category[known] == truth.category[about[known]]
    kind[known] = np.where(is_right, NONE, CLASSIFICATION)

    over = np.full(follows.shape, np.nan)
    over[known] = np.where((predicted.areas[known] > 0) | (truth.areas[about[known]] > 0), 0.0, np.nan)
    mine = g == about[p]
    over[p[mine], t[mine]] = iou[mine]
    events = events_of(states, partner, kind, predicted.areas)
    return VideoEvents(follows, about, kind, over, partner, states, events)


@dataclass(frozen=True, slots=True)
class _Side:
    """The S segments of one side that have a pixel, in the order in which they appear.

    Attributes:
        column: [S], where each stands in the listing.
        row: [rows of the joint table], the segment of each row; negative for none.
        areas: [S, T], pixels.
        category: [S], which each has in most frames.
    """

    column: Ints
    row: Ints
    areas: Ints
    category: Ints

    @classmethod
    def of(cls, listing: Listing, column: NDArray[np.int32], frame: Ints, tubes: VideoTubes) -> _Side:
        areas = np.zeros((len(listing.ids), tubes.frames), np.int64)
        listed = column >= 0
        np.add.at(areas, (column[listed], frame[listed]), tubes.row_pixels[listed])
        shown = np.flatnonzero(areas.any(axis=1))
        # The ids of a listing ascend, as those of a frame do in the store.
        shown = shown[np.argsort((areas[shown] > 0).argmax(axis=1), kind="stable")]
        places = np.full(len(listing.ids) + 1, NONE, np.int64)  # the last one is that of no segment
        places[shown] = np.arange(len(shown))
        row = places[np.where(listed, column, -1)]
        return cls(shown, row, areas[shown], listing.main_category()[shown])

    def sums(self, chosen: Flags, pixels: Ints) -> Ints:
        """Return the pixels of each segment in some rows of the joint table, [S]."""
        chosen = chosen & (self.row >= 0)
        return np.bincount(self.row[chosen], pixels[chosen], len(self.column)).astype(np.int64)


def _most(which: Ints, other: Ints, shape: tuple[int, int]) -> Ints:
    """Return for each of shape[0] the one of shape[1] that it meets most often, the first of several."""
    found = np.full(shape[0], NONE, np.int64)
    pairs, times = np.unique(which * shape[1] + other, return_counts=True)
    # Written last is the one that it meets most often and, of several, the first.
    order = pairs[np.lexsort((-pairs, times))]
    found[order // max(shape[1], 1)] = order % max(shape[1], 1)
    return found
