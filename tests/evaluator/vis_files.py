"""Small files of the tracklet benchmarks, for tests to change and spoil."""

import json
from pathlib import Path
from typing import Any

from evaluator.tracklets.rle import compress_runs

HEIGHT, WIDTH, LENGTH = 4, 6, 3
PIXELS = HEIGHT * WIDTH


def rle(*runs: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> dict[str, Any]:
    """Return a compressed mask from its run lengths; what is left of the frame is background."""
    lengths = list(runs)
    rest = size[0] * size[1] - sum(lengths)
    if rest:
        lengths += [rest] if len(lengths) % 2 == 0 else [0, rest]
    return {"size": list(size), "counts": compress_runs(lengths)}


def column(index: int, columns: int = 1) -> dict[str, Any]:
    """Return a mask of whole columns, each HEIGHT pixels."""
    return rle(index * HEIGHT, columns * HEIGHT)


def annotation(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "video_id": 7,
        "category_id": 2,
        "iscrowd": 0,
        "areas": [4, 4, None],
        "occlusion": ["no_occlusion", "severe_occlusion", None],
        "segmentations": [column(0), column(1), None],
    } | changes


def ground_truth(*annotations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Two videos, 7 "seven" and 9 "nine", and the categories 2 "cat" and 5 "dog"."""
    shape = {"height": HEIGHT, "width": WIDTH, "length": LENGTH}
    videos = [
        {"id": number, **shape, "file_names": [f"{name}/{frame:05d}.jpg" for frame in range(LENGTH)]}
        for number, name in ((7, "seven"), (9, "nine"))
    ]
    categories = [{"id": 2, "name": "cat"}, {"id": 5, "name": "dog"}]
    found = list(annotations) or [annotation()]
    return {"videos": videos, "categories": categories, "annotations": found} | changes


def prediction(**changes: Any) -> dict[str, Any]:
    return {
        "video_id": 7,
        "category_id": 2,
        "score": 0.5,
        "segmentations": [column(0), column(1), None],
    } | changes


def write(path: Path, content: object) -> Path:
    """Write text as it is and anything else as JSON."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path
