"""A video panoptic segmentation benchmark in the layout of VIPSeg, made from nothing but a seed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluator.synthetic.film import film
from evaluator.synthetic.maps import GROUND, POST, MappedVideo, predicted_maps, true_maps
from evaluator.synthetic.mistakes import QUALITIES
from evaluator.synthetic.scene import make_scenes
from evaluator.synthetic.shapes import SHAPES

CATEGORY_IDS = {name: number for number, name in enumerate((GROUND, POST, *SHAPES))}
_STUFF = (GROUND, POST)
_ID_STEP = 1000
"""Segment ids are (category + 1) x 1000 + number, so that no two categories share one."""


def write_benchmark(
    out: Path,
    *,
    videos: int,
    frames: int,
    height: int,
    width: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a benchmark with frames, ground truth and the predictions of three methods of different quality.

    The folder receives `frames/<video>/00000.jpg` ..., `ground_truth/panoptic_gt.json` with
    `ground_truth/panomasksRGB/<video>/00000.png` ..., and `predictions/{strong,medium,weak}/pred.json` with
    `pan_pred/<video>/00000.png` ... beside it. The same arguments write the same bytes.

    Args:
        out: the folder; it is made if it is missing, and files of the same name in it are replaced.
        videos, frames, height, width, seed: see `scene.make_scenes`.
        progress: called after every video with (videos done, videos).

    Raises:
        ValueError: an argument is out of its range.
    """
    scenes = make_scenes(seed, videos=videos, frames=frames, height=height, width=width)
    truth: list[dict[str, Any]] = []
    methods: dict[str, list[dict[str, Any]]] = {name: [] for name in QUALITIES}
    for index, scene in enumerate(scenes):
        footage = film(scene, out / "frames" / scene.name, seed=(seed, index))
        masks = out / "ground_truth" / "panomasksRGB" / scene.name
        truth.append(_write_video(masks, scene.name, true_maps(footage)))
        for rank, (name, quality) in enumerate(QUALITIES.items(), 1):
            rng = np.random.default_rng([seed, index, 1, rank])
            predicted = predicted_maps(rng, scene, footage, quality)
            folder = out / "predictions" / name / "pan_pred" / scene.name
            methods[name].append(_write_video(folder, scene.name, predicted))
        if progress is not None:
            progress(index + 1, videos)
    images = [
        {"id": f"{frame:05d}", "file_name": f"{frame:05d}.jpg", "width": width, "height": height}
        for frame in range(frames)
    ]
    document = {
        "categories": [
            {"id": number, "name": name, "isthing": int(name not in _STUFF)}
            for name, number in CATEGORY_IDS.items()
        ],
        "videos": [{"video_id": scene.name, "images": images} for scene in scenes],
        "annotations": truth,
    }
    _write_json(out / "ground_truth" / "panoptic_gt.json", document)
    for name, annotations in methods.items():
        _write_json(out / "predictions" / name / "pred.json", {"annotations": annotations})


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")


def _write_video(folder: Path, name: str, video: MappedVideo) -> dict[str, Any]:
    """Write the maps of a video and return its entry of the JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = np.zeros(max(video.category) + 1, np.uint32)
    for number, category in video.category.items():
        ids[number] = (CATEGORY_IDS[category] + 1) * _ID_STEP + number
    annotations = []
    for frame, numbers in enumerate(video.maps):
        file = f"{frame:05d}.png"
        Image.fromarray(_rgb(ids[numbers])).save(folder / file)
        # In the order of the numbers: background and posts come first, so that the official STQ, which leaves
        # out the first segment of a video if it is a thing, counts every shape.
        segments = [
            _segment(numbers == number, int(ids[number]), CATEGORY_IDS[video.category[number]])
            for number in np.unique(numbers).tolist()
            if number in video.category
        ]
        annotations.append({"file_name": file, "image_id": f"{frame:05d}", "segments_info": segments})
    return {"video_id": name, "annotations": annotations}


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
