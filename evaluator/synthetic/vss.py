"""A video semantic segmentation benchmark in the layout of VSPW, made from nothing but a seed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BENCHMARKS
from evaluator.synthetic.film import film
from evaluator.synthetic.map_files import write_class_maps
from evaluator.synthetic.maps import GROUND, POST, MappedVideo, predicted_maps, true_maps
from evaluator.synthetic.mistakes import QUALITIES
from evaluator.synthetic.scene import make_scenes

# VSPW has its fixed classes, so each shape stands in for the one that it resembles most.
_CLASS_NAMES = {
    GROUND: "wall",
    POST: "pole",
    "disc": "ball",
    "ring": "tyre",
    "star": "flag",
    "gear": "other_machine",
    "amoeba": "stone",
    "flower": "flower",
    "arrow": "tool",
    "crescent": "lamp",
}
_VOID = 0


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

    The folder receives `frames/<video>/00000.jpg` ..., `ground_truth/val.txt` with
    `ground_truth/data/<video>/mask/00000.png` ..., and `predictions/{strong,medium,weak}/<video>/00000.png`.
    The same arguments write the same bytes. Every shape is drawn as a class of VSPW.

    Args:
        out: the folder; it is made if it is missing, and files of the same name in it are replaced.
        videos, frames, height, width, seed: see `scene.make_scenes`.
        progress: called after every video with (videos done, videos).

    Raises:
        ValueError: an argument is out of its range.
    """
    scenes = make_scenes(seed, videos=videos, frames=frames, height=height, width=width)
    for index, scene in enumerate(scenes):
        footage = film(scene, out / "frames" / scene.name, seed=(seed, index))
        true = _classes(true_maps(footage))
        write_class_maps(
            out / "ground_truth" / "data" / scene.name / "mask", np.where(true < 0, _VOID, true + 1)
        )
        for rank, (name, quality) in enumerate(QUALITIES.items(), 1):
            rng = np.random.default_rng([seed, index, 1, rank])
            predicted = _classes(predicted_maps(rng, scene, footage, quality))
            write_class_maps(out / "predictions" / name / scene.name, predicted)
        if progress is not None:
            progress(index + 1, videos)
    names = "".join(f"{scene.name}\n" for scene in scenes)
    (out / "ground_truth" / "val.txt").write_text(names, encoding="utf-8", newline="\n")


def _classes(video: MappedVideo) -> NDArray[np.int16]:
    """Return the class of every pixel [T, H, W], -1 for void."""
    classes = BENCHMARKS["vspw"].classes
    table = np.full(max(video.category) + 1, -1, np.int16)
    for number, category in video.category.items():
        table[number] = classes.index(_CLASS_NAMES[category])
    return table[video.maps]
