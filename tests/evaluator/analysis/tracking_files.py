"""Random tracks that touch, cross and repeat, as files that this evaluator and TrackEval both read."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.tracklets.rle import compress_runs
from tests.evaluator.vis_files import write

HEIGHT, WIDTH, LENGTH = 6, 8, 5
VIDEOS, CATEGORIES = (1, 2, 3), (1, 2, 3)

Masks = list[NDArray[np.bool_] | None]


def random_masks(rng: np.random.Generator) -> Masks:
    """Return boxes that wander; some frames have none, and some an empty one."""
    masks: Masks = []
    corner = rng.integers(0, 4, 2)
    for _ in range(LENGTH):
        kind = rng.random()
        mask = np.zeros((HEIGHT, WIDTH), bool)
        if kind > 0.1:
            top, left = corner
            mask[top : top + 3, left : left + rng.integers(2, 5)] = True
        masks.append(None if kind > 0.85 else mask)
        corner = np.clip(corner + rng.integers(-1, 2, 2), 0, 4)
    return masks


def wobble(rng: np.random.Generator, masks: Masks) -> Masks:
    """Return masks near the given ones."""
    return [
        None if mask is None or rng.random() < 0.15 else np.roll(mask, rng.integers(-1, 2), axis=1)
        for mask in masks
    ]


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat])))
    return [int(run) for run in np.diff([0, *edges, flat.size])]


def encode(mask: NDArray[np.bool_] | None, *, compressed: bool) -> dict[str, Any] | None:
    if mask is None:
        return None
    runs = run_lengths(mask)
    return {"size": [HEIGHT, WIDTH], "counts": compress_runs(runs) if compressed else runs}


def tracks(
    seed: int, truths: int = 3, predictions: int = 6
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return ground truths and predictions, both with dense masks under `masks`."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    guesses: list[dict[str, Any]] = []
    for video in VIDEOS:
        for _ in range(rng.integers(0, truths + 1)):
            category = int(rng.integers(1, 3))
            found.append({"video_id": video, "category_id": category, "masks": random_masks(rng)})
        here = [track for track in found if track["video_id"] == video]
        for _ in range(rng.integers(0, predictions + 1)):
            model = here[rng.integers(len(here))] if here and rng.random() < 0.8 else None
            masks = random_masks(rng) if model is None else wobble(rng, model["masks"])
            category = int(rng.integers(1, 3)) if model is None else model["category_id"]
            guesses.append({"video_id": video, "category_id": category, "masks": masks})
        if guesses and rng.random() < 0.5:
            guesses.append(dict(guesses[-1]))  # an exact copy: only the order of trying decides
    for guess in guesses:
        guess["score"] = float(np.round(rng.random(), 1))
    return found, guesses


def write_files(
    folder: Path, found: list[dict[str, Any]], guesses: list[dict[str, Any]], *, categories: tuple[int, ...]
) -> tuple[Path, Path]:
    """Write annotations and results in the format of YouTube-VIS, with the fields that TrackEval wants."""
    shape = {"height": HEIGHT, "width": WIDTH}
    names = {video: [f"v{video}/{frame}.jpg" for frame in range(LENGTH)] for video in VIDEOS}
    truth = {
        "videos": [{"id": v, **shape, "length": LENGTH, "file_names": names[v]} for v in VIDEOS],
        "categories": [{"id": number, "name": f"c{number}"} for number in categories],
        "annotations": [
            {
                **{key: track[key] for key in ("video_id", "category_id")},
                **shape,
                "id": number,
                "iscrowd": 0,
                "areas": [None if mask is None else int(mask.sum()) for mask in track["masks"]],
                "segmentations": [encode(mask, compressed=False) for mask in track["masks"]],
            }
            for number, track in enumerate(found, start=1)
        ],
    }
    results = [
        {
            **{key: guess[key] for key in ("video_id", "category_id", "score")},
            "segmentations": [encode(mask, compressed=True) for mask in guess["masks"]],
        }
        for guess in guesses
    ]
    for part in ("gt/youtube_vis_val", "trackers/youtube_vis_val/ours/data"):
        (folder / part).mkdir(parents=True)
    return (
        write(folder / "gt/youtube_vis_val/annotations.json", truth),
        write(folder / "trackers/youtube_vis_val/ours/data/results.json", results),
    )
