"""Small panoptic and semantic videos as files, for tests to change and spoil."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Ids = NDArray[np.uint32]
CATEGORIES = [
    {"id": 0, "name": "sky", "isthing": 0},
    {"id": 1, "name": "cat", "isthing": 1},
    {"id": 2, "name": "dog", "isthing": 1},
    {"id": 7, "name": "road", "isthing": 0},
]


@dataclass
class Panoptic:
    """One video: `ids` [T, H, W], 0 is void; `category` of each id; `crowd` ids."""

    ids: Ids
    category: dict[int, int]
    crowd: set[int] = field(default_factory=set)

    def frames(self) -> list[dict[str, Any]]:
        """Return the entries of the JSON."""
        return [
            {
                "file_name": f"{t:05d}.png",
                "segments_info": [
                    {
                        "id": int(number),
                        "category_id": self.category[int(number)],
                        "iscrowd": int(number in self.crowd),
                        "area": int((frame == number).sum()),
                        "bbox": [0, 0, 1, 1],
                    }
                    for number in np.unique(frame)
                    if number
                ],
            }
            for t, frame in enumerate(self.ids)
        ]


def rgb(ids: Ids) -> NDArray[np.uint8]:
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], -1).astype(np.uint8)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def write_truth(folder: Path, videos: dict[str, Panoptic]) -> Path:
    """Write a ground truth in the layout of VIPSeg and return its folder."""
    truth: dict[str, Any] = {"categories": CATEGORIES, "videos": [], "annotations": []}
    for name, video in videos.items():
        frames = video.frames()
        images = [{"file_name": frame["file_name"].replace(".png", ".jpg")} for frame in frames]
        truth["videos"].append({"video_id": name, "images": images})
        truth["annotations"].append({"video_id": name, "annotations": frames})
        for frame, ids in zip(frames, video.ids, strict=True):
            write_png(folder / "panomasksRGB" / name / frame["file_name"], rgb(ids))
    write_json(folder / "panoptic_gt_VIPSeg_val.json", truth)
    return folder


def write_predictions(folder: Path, videos: dict[str, Panoptic]) -> Path:
    """Write a submission and return its folder."""
    annotations = [{"video_id": name, "annotations": video.frames()} for name, video in videos.items()]
    write_json(folder / "pred.json", {"annotations": annotations})
    for name, video in videos.items():
        for t, ids in enumerate(video.ids):
            write_png(folder / "pan_pred" / name / f"{t:05d}.png", rgb(ids))
    return folder


def write_class_maps(folder: Path, videos: dict[str, NDArray[np.uint8]]) -> Path:
    """Write maps [T, H, W] of each video as a submission to VSPW has them, and return the folder."""
    for name, maps in videos.items():
        for t, values in enumerate(maps):
            write_png(folder / name / f"{t:05d}.png", values)
    return folder


def write_class_truth(folder: Path, videos: dict[str, NDArray[np.uint8]]) -> Path:
    """Write maps [T, H, W] of each video in the layout of VSPW, and return the folder."""
    for name, maps in videos.items():
        for t, values in enumerate(maps):
            write_png(folder / "data" / name / "mask" / f"{t:05d}.png", values)
    (folder / "val.txt").write_text("".join(f"{name}\n" for name in videos))
    return folder
