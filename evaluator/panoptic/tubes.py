"""Holds the segments of one video and the pixels they share, frame by frame, for VPQ and STQ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Kernels contain these: see `evaluator.compute.compiled`.
ABSENT: Final = -1
VOID: Final = -1
UNLISTED: Final = -2
JointTable = tuple[NDArray[np.uint64], NDArray[np.int64]]


@dataclass(slots=True)
class FrameSegments:
    """The segments that the JSON lists for one frame, each id once, in the order of the file.

    `category` is that of the first entry with the id, `last_category` that of the last; they differ only
    where an id is listed twice. `area`, in pixels, is summed over its entries. Both `crowd` and it are a
    ground truth's.
    """

    file_name: str | None = None
    category: dict[int, int] = field(default_factory=dict)
    last_category: dict[int, int] = field(default_factory=dict)
    crowd: set[int] = field(default_factory=set)
    area: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """The S segments of one side of a video with T frames, by ascending id; [T, S] unless said otherwise.

    Attributes:
        ids: int64 [S].
        instance: int64 [S], the index of the id in the order of first appearance.
        category, last_category: int32, ABSENT in frames that do not list the id.
        crowd: uint8.
        area: int64, in pixels as the JSON says.
        position: int32, index in the list of the frame.
    """

    ids: NDArray[np.int64]
    instance: NDArray[np.int64]
    category: NDArray[np.int32]
    last_category: NDArray[np.int32]
    crowd: NDArray[np.uint8]
    area: NDArray[np.int64]
    position: NDArray[np.int32]

    def main_category(self) -> NDArray[np.int64]:
        """Return the category that each segment has in most frames, the lowest one of several, [S]."""
        found = np.full(len(self.ids), ABSENT, np.int64)
        for column in range(len(self.ids)):
            mine = self.category[:, column]
            names, frames = np.unique(mine[mine != ABSENT], return_counts=True)
            found[column] = names[frames.argmax()]
        return found


@dataclass(frozen=True, slots=True)
class VideoTubes:
    """The joint table of a video with N distinct pairs of (ground-truth id, predicted id).

    Pairs are ordered by ground-truth id, then predicted id, as the official evaluation adds them up.

    Attributes:
        truth, predicted: the segments of both sides.
        pair_truth, pair_predicted: int32 [N], columns of the listings, VOID for id 0 (unless it is listed),
            UNLISTED for an id that only the PNG has.
        first_row: int64 [T + 1], where the rows of each frame begin.
        row_pair, row_pixels: int32 and int64 [rows].
    """

    truth: Listing
    predicted: Listing
    pair_truth: NDArray[np.int32]
    pair_predicted: NDArray[np.int32]
    first_row: NDArray[np.int64]
    row_pair: NDArray[np.int32]
    row_pixels: NDArray[np.int64]

    @property
    def frames(self) -> int:
        return len(self.first_row) - 1


def make_listing(frames: Sequence[FrameSegments]) -> Listing:
    """Lay the segments of all frames of a video side by side."""
    instances: dict[int, int] = {}
    for frame in frames:
        for number in frame.category:
            instances.setdefault(number, len(instances))
    ids = sorted(instances)
    column = {number: index for index, number in enumerate(ids)}
    shape = (len(frames), len(ids))
    category, last_category = np.full(shape, ABSENT, np.int32), np.full(shape, ABSENT, np.int32)
    crowd, area = np.zeros(shape, np.uint8), np.zeros(shape, np.int64)
    position = np.zeros(shape, np.int32)
    for t, frame in enumerate(frames):
        for index, number in enumerate(frame.category):
            at = (t, column[number])
            category[at], last_category[at] = frame.category[number], frame.last_category[number]
            position[at] = index
            crowd[at] = number in frame.crowd
            area[at] = frame.area.get(number, 0)
    instance = np.array([instances[number] for number in ids], np.int64)
    return Listing(np.array(ids, np.int64), instance, category, last_category, crowd, area, position)


def join_tubes(truth: Listing, predicted: Listing, tables: Iterable[JointTable]) -> VideoTubes:
    """Put the joint tables of a video's frames together (see `evaluator.maps.joint_table`)."""
    keys, pixels = zip(*tables, strict=True)
    pairs, row_pair = np.unique(np.concatenate(keys), return_inverse=True)
    return VideoTubes(
        truth=truth,
        predicted=predicted,
        pair_truth=_columns(truth.ids, (pairs >> np.uint64(32)).astype(np.int64)),
        pair_predicted=_columns(predicted.ids, (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)),
        first_row=np.cumsum([0, *map(len, keys)], dtype=np.int64),
        row_pair=row_pair.astype(np.int32),
        row_pixels=np.concatenate(pixels),
    )


def _columns(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int32]:
    if not len(ids):
        return np.where(wanted == 0, VOID, UNLISTED).astype(np.int32)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    missing = np.where(wanted == 0, VOID, UNLISTED)
    return np.where(ids[at] == wanted, at, missing).astype(np.int32)
