"""The synthetic occlusion benchmark in which every pixel belongs to a segment, in the layout of VIPSeg."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluator.catalog import BENCHMARKS, VIPSEG_THINGS
from evaluator.synthetic.clips.clip import Clip
from evaluator.synthetic.clips.files import JsonDocument, Progress, filmed, frame_names, video_name
from evaluator.synthetic.clips.names import STUFF, THINGS, VIPSEG_NAMES, VOID
from evaluator.synthetic.map_files import write_panoptic_maps

_CLASSES: Final = BENCHMARKS["vipseg"].classes
_OF_THING: Final = tuple(_CLASSES.index(VIPSEG_NAMES.get(name, name)) for name in THINGS)
_OF_STUFF: Final = tuple(_CLASSES.index(name) for name in STUFF)
_FIRST_THING: Final = len(STUFF) + 1


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

    The folder receives `frames/<video>/00000.png` ..., and `ground_truth/panoptic_gt.json` with
    `ground_truth/panomasksRGB/<video>/00000.png` ... The JSON lists all 124 classes of VIPSeg.
    """
    clips = filmed(
        out, seed=seed, videos=videos, frames=frames, height=height, width=width, progress=progress
    )
    first = next(clips)
    folder = out / "ground_truth"
    with JsonDocument(folder / "panoptic_gt.json", {"categories": _categories()}) as document:
        document.extend("videos", (_video(video, frames, height, width) for video in range(videos)))
        document.extend("annotations", [_annotation(folder, *first)])
        for video, clip in clips:
            document.extend("annotations", [_annotation(folder, video, clip)])


def _categories() -> list[dict[str, Any]]:
    return [
        {"id": number, "name": name, "isthing": int(name in VIPSEG_THINGS)}
        for number, name in enumerate(_CLASSES)
    ]


def _video(video: int, frames: int, height: int, width: int) -> dict[str, Any]:
    images = [
        {"id": name.removesuffix(".png"), "file_name": name, "width": width, "height": height}
        for name in frame_names(frames)
    ]
    return {"video_id": video_name(video), "images": images}


def _annotation(folder: Path, video: int, clip: Clip) -> dict[str, Any]:
    """Write the maps of a clip and return its entry of the JSON."""
    maps = clip.stuff.astype(np.int32) + 1
    maps[clip.stuff == VOID] = 0
    maps = np.where(clip.things > 0, clip.things.astype(np.int32) + (_FIRST_THING - 1), maps)
    categories = dict(enumerate(_OF_STUFF, 1))
    categories |= {_FIRST_THING + thing: _OF_THING[kind] for thing, kind in enumerate(clip.categories)}
    name = video_name(video)
    return {
        "video_id": name,
        "annotations": write_panoptic_maps(folder / "panomasksRGB" / name, maps, categories),
    }
