"""Writes results as the files that the benchmarks take, the same that any user would upload.

YouTube-VIS, OVIS    results.json
VIPSeg               pred.json, pan_pred/<video>/<frame>.png
VSPW                 <video>/<frame>.png
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask

from dvis_model.categories import category_ids
from dvis_model.config import DvisConfig
from dvis_model.outputs import Segment, VideoInstances, VideoPanoptic, VideoResult, VideoSemantic

# Odd, so that multiplying spreads ids over the colours without two of them meeting.
COLOUR_STEP: Final = 2654435761
COLOURS: Final = 2**24


class SubmissionWriter:
    """Collects the videos of one submission in a folder; `finish` writes what all of them share."""

    def __init__(self, folder: Path, config: DvisConfig) -> None:
        self.folder, self.task = folder, config.task
        self.category_ids = category_ids(config)
        self._entries: list[dict[str, Any]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, video: int | str, frame_names: Sequence[str], result: VideoResult) -> None:
        """Write one video.

        Args:
            video: its id in the data set.
            frame_names: of its pictures, `00000012.jpg`; as many as the result has frames.
        """
        match result:
            case VideoInstances():
                self._entries += instance_entries(video, result, self.category_ids)
            case VideoPanoptic():
                self._entries.append(self._write_panoptic(str(video), frame_names, result))
            case VideoSemantic():
                self._write_semantic(str(video), frame_names, result)

    def finish(self) -> None:
        """Write the JSON file."""
        if self.task == "vis":
            (self.folder / "results.json").write_text(json.dumps(self._entries))
        elif self.task == "vps":
            (self.folder / "pred.json").write_text(json.dumps({"annotations": self._entries}))

    def _write_panoptic(
        self, video: str, frame_names: Sequence[str], result: VideoPanoptic
    ) -> dict[str, Any]:
        folder = self.folder / "pan_pred" / video
        folder.mkdir(parents=True, exist_ok=True)
        frames = []
        for name, ids in zip(frame_names, result.ids, strict=True):
            Image.fromarray(coloured(ids)).save(folder / f"{PurePath(name).stem}.png")
            infos = segments_info(ids, result.segments, self.category_ids)
            frames.append({"file_name": name, "segments_info": infos})
        return {"video_id": video, "annotations": frames}

    def _write_semantic(self, video: str, frame_names: Sequence[str], result: VideoSemantic) -> None:
        folder = self.folder / video
        folder.mkdir(parents=True, exist_ok=True)
        table = np.array(self.category_ids, dtype=np.uint8)
        for name, labels in zip(frame_names, result.labels, strict=True):
            Image.fromarray(table[labels]).save(folder / f"{PurePath(name).stem}.png")


def instance_entries(video: int | str, result: VideoInstances, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the entries of results.json: every frame has a mask, empty ones too."""
    return [
        {
            "video_id": video,
            "score": float(score),
            "category_id": ids[label],
            "segmentations": [_rle(mask) for mask in masks],
        }
        for score, label, masks in zip(result.scores, result.labels, result.masks, strict=True)
    ]


def _rle(mask: NDArray[np.bool_]) -> dict[str, Any]:
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(map(int, rle["size"])), "counts": rle["counts"].decode()}


def colour_ids(ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the number that a segment has in a PNG: R + 256 G + 65536 B. 0, void, stays 0."""
    return ids.astype(np.int64) * COLOUR_STEP % COLOURS


def coloured(ids: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return uint8 RGB [H, W, 3] of segment ids [H, W]."""
    numbers = colour_ids(ids)
    return np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], axis=-1).astype(np.uint8)


def segments_info(
    ids: NDArray[np.int32], segments: Sequence[Segment], categories: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the segments that one frame [H, W] shows.

    Official quirk: width and height of a box are largest less smallest coordinate, one less than its pixels.
    """
    infos = []
    for segment in segments:
        rows, columns = np.nonzero(ids == segment["id"])
        if not len(rows):
            continue
        x, y = int(columns.min()), int(rows.min())
        infos.append(
            {
                "id": int(colour_ids(np.array(segment["id"], dtype=np.int32))),
                "category_id": categories[segment["category_id"]],
                "iscrowd": 0,
                "area": len(rows),
                "bbox": [x, y, int(columns.max()) - x, int(rows.max()) - y],
            }
        )
    return infos
