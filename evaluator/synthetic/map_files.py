"""Maps of segments and of classes as the PNG files of VIPSeg and VSPW."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ID_STEP = 1000
"""Segment ids are (category + 1) x 1000 + number, so that no two categories share one."""


def write_panoptic_maps(
    folder: Path, maps: NDArray[np.int32], categories: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Write the maps of a video, and return its frames for the JSON: files and segments.

    Args:
        folder: is made where it is missing.
        maps: [T, H, W], the number of the segment of every pixel, 0 for void.
        categories: the category id of each number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = np.zeros(max(categories) + 1, np.uint32)
    for number, category in categories.items():
        ids[number] = (category + 1) * _ID_STEP + number
    frames = []
    for frame, numbers in enumerate(maps):
        file = f"{frame:05d}.png"
        Image.fromarray(_rgb(ids[numbers])).save(folder / file)
        # In the order of the numbers: stuff comes first, so that the official STQ, which leaves out the first
        # segment of a video if it is a thing, counts every thing.
        segments = [
            _segment(numbers == number, int(ids[number]), categories[number])
            for number in np.unique(numbers).tolist()
            if number in categories
        ]
        frames.append({"file_name": file, "image_id": f"{frame:05d}", "segments_info": segments})
    return frames


def write_class_maps(folder: Path, maps: NDArray[np.int16]) -> None:
    """Write maps [T, H, W] of values in [0, 256), one PNG per frame; `folder` is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame, values in enumerate(maps):
        Image.fromarray(values.astype(np.uint8)).save(folder / f"{frame:05d}.png")


def _segment(mask: NDArray[np.bool_], segment_id: int, category_id: int) -> dict[str, Any]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = int(rows[0]), int(columns[0])
    return {
        "id": segment_id,
        "category_id": category_id,
        "iscrowd": 0,
        "area": int(mask.sum()),
        "bbox": [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1],
    }


def _rgb(ids: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], -1).astype(np.uint8)
