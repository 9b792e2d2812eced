"""The synthetic occlusion benchmark in which every pixel has a class, in the layout of VSPW."""

import json
from pathlib import Path
from typing import Final

import numpy as np

from evaluator.catalog import BENCHMARKS
from evaluator.synthetic.clips.clip import Clip
from evaluator.synthetic.clips.files import Progress, filmed, video_name
from evaluator.synthetic.clips.names import STUFF, THINGS, VIPSEG_NAMES, VOID
from evaluator.synthetic.map_files import write_class_maps

_SPEC: Final = BENCHMARKS["vspw"]
_VOID: Final = 0


def write_benchmark(
    out: Path,
    *,
    videos: int,
    frames: int,
    height: int,
    width: int,
    seed: int,
    progress: Progress | None = None,
) -> None:
    """Write frames and ground truth of the clips of a seed; see `vis.write_benchmark`.

    The folder receives `frames/<video>/00000.png` ..., and `ground_truth/val.txt` with
    `ground_truth/data/<video>/mask/00000.png` ... Values in the maps are those of VSPW's 124 classes, which
    `ground_truth/label_num_dic_final.json` names; 0 is void.
    """
    folder = out / "ground_truth"
    names = []
    for video, clip in filmed(
        out, seed=seed, videos=videos, frames=frames, height=height, width=width, progress=progress
    ):
        names.append(video_name(video))
        write_class_maps(folder / "data" / names[-1] / "mask", _labels(clip))
    labels = {"others": _VOID, **{name: _label(name) for name in _SPEC.classes}}
    for file, text in (
        ("val.txt", "".join(f"{name}\n" for name in names)),
        ("label_num_dic_final.json", json.dumps(labels, indent=1) + "\n"),
    ):
        (folder / file).write_text(text, encoding="utf-8", newline="\n")


def _labels(clip: Clip) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Return the value of every pixel [T, H, W]."""
    of_stuff = np.full(VOID + 1, _VOID, np.int16)
    of_stuff[: len(STUFF)] = [_label(name) for name in STUFF]
    of_thing = np.array([_VOID, *(_label(THINGS[category]) for category in clip.categories)], np.int16)
    return np.where(clip.things > 0, of_thing[clip.things], of_stuff[clip.stuff])


def _label(name: str) -> int:
    return _SPEC.first_label + _SPEC.classes.index(VIPSEG_NAMES.get(name, name))
