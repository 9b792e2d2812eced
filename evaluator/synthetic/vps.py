"""A video panoptic segmentation benchmark in the layout of VIPSeg, made from nothing but a seed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.synthetic.film import film
from evaluator.synthetic.map_files import write_panoptic_maps
from evaluator.synthetic.maps import GROUND, POST, MappedVideo, predicted_maps, true_maps
from evaluator.synthetic.mistakes import QUALITIES
from evaluator.synthetic.scene import make_scenes
from evaluator.synthetic.shapes import SHAPES

CATEGORY_IDS = {name: number for number, name in enumerate((GROUND, POST, *SHAPES))}
_STUFF = (GROUND, POST)


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
    categories = {number: CATEGORY_IDS[category] for number, category in video.category.items()}
    return {"video_id": name, "annotations": write_panoptic_maps(folder, video.maps, categories)}
