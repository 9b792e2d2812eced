"""The synthetic occlusion benchmark of tracklets, in the layout of OVIS."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from evaluator.synthetic.clips.clip import LEVEL_WORDS, Clip
from evaluator.synthetic.clips.files import JsonDocument, Progress, filmed, frame_names, video_name
from evaluator.synthetic.clips.names import THINGS


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
    """Write `annotations.json` with exact masks and levels of occlusion, and `frames/<video>/00000.png` ...

    The same arguments make the same masks and pixels, and the first videos of a larger benchmark are those of
    a smaller one. Memory does not grow with the number of videos.

    Args:
        out: the folder; it is made if it is missing, and files of the same name in it are replaced.
        videos: from 1 to 100,000.
        frames, height, width, seed: see `clip.make_clip`.
        progress: called after every video with (videos done, videos).

    Raises:
        ValueError: an argument is out of its range; nothing was written.
    """
    clips = filmed(
        out, seed=seed, videos=videos, frames=frames, height=height, width=width, progress=progress
    )
    first = next(clips)
    ids = count(1)
    with JsonDocument(out / "annotations.json", _head()) as document:
        document.extend("videos", (_video(video, frames, height, width) for video in range(videos)))
        document.extend("annotations", annotations(*first, ids))
        for video, clip in clips:
            document.extend("annotations", annotations(video, clip, ids))


def annotations(video: int, clip: Clip, ids: Iterator[int]) -> Iterator[dict[str, Any]]:
    """Yield the things of a clip as entries of `annotations`; ids of videos and categories count from 1."""
    length, height, width = clip.things.shape
    numbers = np.arange(1, len(clip.categories) + 1, dtype=np.uint8)
    masks_of = (np.asfortranarray(frame[:, :, None] == numbers, np.uint8) for frame in clip.things)
    coded = [coco_mask.encode(masks) for masks in masks_of]
    for thing, category in enumerate(clip.categories):
        words = [LEVEL_WORDS[level] for level in clip.levels[thing].tolist()]
        masks = [frame[thing] if word else None for frame, word in zip(coded, words, strict=True)]
        yield {
            "id": next(ids),
            "video_id": video + 1,
            "category_id": category + 1,
            "iscrowd": 0,
            "width": width,
            "height": height,
            "length": length,
            "segmentations": [mask and {**mask, "counts": mask["counts"].decode("ascii")} for mask in masks],
            "bboxes": [mask and coco_mask.toBbox(mask).tolist() for mask in masks],
            "areas": [mask and int(coco_mask.area(mask)) for mask in masks],
            "occlusion": words,
        }


def _head() -> dict[str, Any]:
    return {
        "info": {
            "description": "Synthetic occlusion benchmark: drawn things that hide one another",
            "version": "1",
            "contributor": "DVIS-Bench",
        },
        "licenses": [
            {"id": 1, "name": "CC0 1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}
        ],
        "categories": [
            {"id": number, "name": name, "supercategory": "thing"} for number, name in enumerate(THINGS, 1)
        ],
    }


def _video(video: int, frames: int, height: int, width: int) -> dict[str, Any]:
    name = video_name(video)
    return {
        "id": video + 1,
        "name": name,
        "license": 1,
        "width": width,
        "height": height,
        "length": frames,
        "file_names": [f"{name}/{frame}" for frame in frame_names(frames)],
    }
