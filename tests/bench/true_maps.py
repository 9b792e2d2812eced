"""Panoptic and semantic videos of true size: as many frames, pixels and segments as VIPSeg and VSPW have.

Bands of stuff with wavy borders, things with rough edges that move before them, and a void block. The
prediction misplaces, mixes up, loses and mislabels things, and some stuff.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

VIDEOS: Final = 343
"""Videos of either validation set."""
_CLASSES, _THINGS, _BANDS = 124, 58, 5
_ERROR = 0.12
_VOID = 0

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Video:
    """Labels [T, H, W] of both sides, and the class of each label; 0 is void."""

    truth: Labels
    predicted: Labels
    true_class: NDArray[np.int64]
    predicted_class: NDArray[np.int64]


class _Thing:
    """An ellipse with wavy edges on its way through the picture."""

    def __init__(self, rng: np.random.Generator, frames: int, height: int, width: int) -> None:
        self.centre = rng.uniform((0.15 * height, 0.1 * width), (0.85 * height, 0.9 * width))
        self.speed = rng.uniform(-0.3, 0.3, 2) * (height, width) / frames
        self.radius = 0.5 * rng.uniform(0.15, 0.5) * height * rng.uniform(0.7, 1.4, 2)
        self.waves = rng.uniform(0, 6.3, (2, 3))

    def paint(
        self, out: Labels, label: int, t: int, rng: np.random.Generator, shift: NDArray[Any], scale: float
    ) -> None:
        y, x = self.centre + self.speed * t + shift * self.radius
        tall, wide = self.radius * scale
        columns = np.arange(max(0, int(x - wide) + 1), min(out.shape[1], int(x + wide)))
        u = (columns - x) / wide
        half = tall * np.sqrt(1 - u * u)
        edges = (1 + 0.1 * np.sin(3 * (1 + np.arange(3)) * u[:, None] + wave).sum(1) for wave in self.waves)
        top, bottom = (
            y + side * half * edge + rng.integers(-1, 2, len(columns))
            for side, edge in zip((-1, 1), edges, strict=True)
        )
        rows = np.arange(out.shape[0])[:, None]
        out[:, columns] = np.where((rows >= top) & (rows < bottom), np.uint8(label), out[:, columns])


def draw_video(rng: np.random.Generator, frames: int, height: int, width: int) -> Video:
    things = [_Thing(rng, frames, height, width) for _ in range(rng.integers(3, 13))]
    n = len(things)
    stuff, kinds = (
        rng.permutation(np.arange(_THINGS, _CLASSES))[: 2 * _BANDS],
        rng.integers(0, _THINGS, 2 * n),
    )
    true_class = np.concatenate([[0], stuff[:_BANDS], kinds[:n], kinds[:n]])
    predicted_class = true_class.copy()
    wrong = rng.random(_BANDS + n) < _ERROR
    other = np.concatenate([stuff[_BANDS:], kinds[n:]])
    predicted_class[1 : 1 + _BANDS + n][wrong] = other[wrong]
    levels, waves = np.sort(rng.uniform(0.1, 0.95, _BANDS - 1)), rng.uniform(0, 6.3, _BANDS - 1)
    shifts, scales = rng.normal(0, _ERROR, (n, 2)), np.exp(rng.normal(0, _ERROR, n))
    lost, switch = rng.random(n) < _ERROR, np.where(rng.random(n) < 2 * _ERROR, frames // 2, frames)
    truth, predicted = np.empty((2, frames, height, width), np.uint8)
    for t in range(frames):
        truth[t] = _bands(levels, waves, t, 0, height, width)
        predicted[t] = _bands(levels, waves, t, 0.04 * np.sin(t), height, width)
        for i, thing in enumerate(things):
            label = 1 + _BANDS + i
            thing.paint(truth[t], label, t, rng, np.zeros(2), 1)
            if not lost[i]:
                thing.paint(predicted[t], label + n * int(t >= switch[i]), t, rng, shifts[i], scales[i])
        for maps, row, step in ((truth, 0.7, 0.05), (predicted, 0.3, 0.07)):
            y, x = int(row * height), int(step * width * t) % width
            maps[t, y : y + height // 8, x : x + width // 8] = _VOID
    return Video(truth, predicted, true_class, predicted_class)


def _bands(
    levels: NDArray[Any], waves: NDArray[Any], t: int, shift: float, height: int, width: int
) -> NDArray[np.uint8]:
    x = np.arange(width) * (6.3 / width)
    borders = [
        level + shift + 0.05 * np.sin((1 + j) * x + wave + 0.15 * t)
        for j, (level, wave) in enumerate(zip(levels, waves, strict=True))
    ]
    rows = np.arange(height)[:, None]
    return 1 + sum((rows >= height * border).astype(np.uint8) for border in borders)


def _videos(count: int, frames: tuple[int, int], height: int, width: int) -> Iterator[tuple[str, Video]]:
    for number in range(count):
        rng = np.random.default_rng(number)
        yield f"video_{number:04d}", draw_video(rng, int(rng.integers(*frames)), height, width)


def write_vipseg(folder: Path, videos: int) -> None:
    """Write ground truth and predictions of the first videos to `truth` and `predictions` in the folder."""
    truth, predicted = [], []
    for name, video in _videos(videos, (22, 27), 720, 1280):
        places = folder / "truth" / "panomasksRGB" / name, folder / "predictions" / "pan_pred" / name
        truth.append(_write_panoptic(places[0], name, video.truth, video.true_class))
        predicted.append(_write_panoptic(places[1], name, video.predicted, video.predicted_class))
    categories = [{"id": i, "name": f"class {i}", "isthing": int(i < _THINGS)} for i in range(_CLASSES)]
    document = {"categories": categories, "videos": [], "annotations": truth}
    (folder / "truth" / "panoptic.json").write_text(json.dumps(document))
    (folder / "predictions" / "pred.json").write_text(json.dumps({"annotations": predicted}))


def _write_panoptic(folder: Path, name: str, maps: Labels, classes: NDArray[np.int64]) -> dict[str, Any]:
    folder.mkdir(parents=True)
    label = np.arange(256)
    ids = np.where(label == _VOID, 0, 1 + 251 * label + 65536 * (label % 5))
    colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], -1).astype(np.uint8)
    frames = []
    for t, frame in enumerate(maps):
        file = f"{6 * t:08d}.png"
        Image.fromarray(colours[frame]).save(folder / file)
        areas = np.bincount(frame.ravel(), minlength=256)
        segments = [
            {"id": int(ids[i]), "category_id": int(classes[i]), "iscrowd": 0, "area": int(areas[i])}
            for i in np.flatnonzero(areas)
            if i != _VOID
        ]
        frames.append({"file_name": file, "segments_info": segments})
    return {"video_id": name, "annotations": frames}


def write_vspw(folder: Path, videos: int) -> None:
    """Write ground truth and predictions of the first videos to `truth` and `predictions` in the folder."""
    names = []
    for name, video in _videos(videos, (60, 81), 480, 853):
        names.append(f"{name}\n")
        true_value = np.where(np.arange(len(video.true_class)) == _VOID, 0, video.true_class + 1)
        _write_values(folder / "truth" / "data" / name / "mask", true_value[video.truth])
        _write_values(folder / "predictions" / name, video.predicted_class[video.predicted])
    (folder / "truth" / "val.txt").write_text("".join(names))


def _write_values(folder: Path, maps: NDArray[np.int64]) -> None:
    folder.mkdir(parents=True)
    for t, values in enumerate(maps):
        Image.fromarray(values.astype(np.uint8)).save(folder / f"{t:08d}.png")
