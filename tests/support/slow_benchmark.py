"""A ground truth and predictions that take long to evaluate, though their files are small.

Masks are stripes of random width all over the frame, so that every tracklet overlaps every other and
each of the many pairs costs. Nothing in the product knows about it.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco

HEIGHT, WIDTH, FRAMES = 120, 160, 4
PREDICTIONS = 100  # what counts of a category in a video


def write_slow_benchmark(folder: Path, *, videos: int, tracklets: int) -> tuple[Path, Path]:
    """Write annotations.json (in the format of ytvis2019) and results.json; their paths."""
    masks = _stripes(np.random.default_rng(0), count=32)
    annotations = [
        {"id": 1 + video * tracklets + n, "iscrowd": 0, **_truth(masks, video, n)}
        for video in range(videos)
        for n in range(tracklets)
    ]
    truth = {
        "videos": [_video(video) for video in range(videos)],
        "categories": [{"id": 1, "name": "stripe", "supercategory": "shape"}],
        "annotations": annotations,
    }
    results = [
        {"score": round(1 - n / PREDICTIONS, 3), **_tracklet(masks, video, 7 * n + video)}
        for video in range(videos)
        for n in range(PREDICTIONS)
    ]
    paths = folder / "annotations.json", folder / "results.json"
    for path, content in zip(paths, (truth, results), strict=True):
        path.write_text(json.dumps(content))
    return paths


def _video(video: int) -> dict[str, Any]:
    names = [f"v{video}/{frame:05d}.jpg" for frame in range(FRAMES)]
    return {"id": video + 1, "file_names": names, "width": WIDTH, "height": HEIGHT, "length": FRAMES}


def _stripes(rng: np.random.Generator, count: int) -> list[dict[str, Any]]:
    """Run-length masks with runs of 1 to 15 pixels, half of the frame each."""
    masks = []
    for _ in range(count):
        runs = rng.integers(1, 16, size=HEIGHT * WIDTH)
        pixels = np.repeat(np.arange(len(runs)) % 2, runs)[: HEIGHT * WIDTH].astype(np.uint8)
        rle = coco.encode(np.asfortranarray(pixels.reshape(WIDTH, HEIGHT).T))
        masks.append({"size": rle["size"], "counts": rle["counts"].decode()})
    return masks


def _tracklet(masks: list[dict[str, Any]], video: int, n: int) -> dict[str, Any]:
    chosen = [masks[(n * FRAMES + frame * (n % 5 + 1)) % len(masks)] for frame in range(FRAMES)]
    return {"video_id": video + 1, "category_id": 1, "segmentations": chosen}


def _truth(masks: list[dict[str, Any]], video: int, n: int) -> dict[str, Any]:
    area = HEIGHT * WIDTH // 2
    shape = {"width": WIDTH, "height": HEIGHT, "length": FRAMES}
    boxes = [[0, 0, WIDTH, HEIGHT]] * FRAMES
    return {**_tracklet(masks, video, n), **shape, "areas": [area] * FRAMES, "bboxes": boxes}
