"""Tracklets of the size and difficulty of the validation sets, for `bench_vis.py`.

Objects are ellipses with a wavy outline that wander, hide each other and leave; predictions are distorted
copies with the mistakes of real methods: wrong classes, switched identities, fragments, missed frames,
duplicates. Ground truth is written as uncompressed run lengths and predictions as compressed strings, as the
official files are. One stream of random numbers a video: the first videos of a larger
set are those of a smaller.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from pycocotools import mask as coco

Spans = NDArray[np.int64]  # places (y + x * height) where the foreground begins and ends, in turn
Shift = tuple[float, float]
NOTHING: Final[Spans] = np.zeros(0, np.int64)

# What the predictions get wrong: shares, and deviations relative to the object's size.
JITTER, SCALE, OTHER_CLASS, SWITCHED, FRAGMENTED, MISSED_FRAME, MISSED = 0.10, 0.12, 0.2, 0.2, 0.2, 0.1, 0.1


@dataclass(frozen=True)
class Preset:
    videos: int
    length: tuple[int, int]
    sizes: tuple[tuple[int, int], ...]
    categories: int
    objects: tuple[int, int]
    object_size: tuple[float, float]


PRESETS: Final = {
    "ytvis2021": Preset(421, (18, 36), ((720, 1280),) * 9 + ((1080, 1920),), 40, (1, 4), (0.2, 0.8)),
    "ovis": Preset(140, (44, 90), ((1080, 1920),), 25, (3, 9), (0.15, 0.7)),
}


def write_tracklets(folder: Path, preset: Preset, videos: int, per_video: int) -> None:
    """Write gt.json and results.json, one video at a time: memory does not grow with their number."""
    number = 0
    records = []
    with (folder / "annotations").open("w") as annotations, (folder / "results.json").open("w") as results:
        for index in range(videos):
            scene = Scene(preset, index)
            records.append(scene.record())
            for tracklet in scene.annotations():
                number += 1
                annotations.write(f"{', ' if number > 1 else ''}{json.dumps({'id': number, **tracklet})}")
            for place, prediction in enumerate(scene.predictions(per_video)):
                results.write(f"{', ' if index or place else '['}{json.dumps(prediction)}")
        results.write("]")
    categories = [{"id": i, "name": f"cat_{i:02d}"} for i in range(1, preset.categories + 1)]
    head = json.dumps({"videos": records, "categories": categories})[:-1]
    with (folder / "gt.json").open("w") as truth:
        truth.write(f'{head}, "annotations": [')
        with (folder / "annotations").open() as annotations:
            while part := annotations.read(1 << 24):
                truth.write(part)
        truth.write("]}")
    (folder / "annotations").unlink()


class Scene:
    """One video: its objects, and what of them can be seen in each frame."""

    def __init__(self, preset: Preset, index: int) -> None:
        self.random = random = RandomState(index * 7919 + 11)
        self.preset, self.index = preset, index
        self.height, self.width = preset.sizes[index % len(preset.sizes)]
        self.length = random.randint(preset.length[0], preset.length[1] + 1)
        count = random.randint(preset.objects[0], preset.objects[1] + 1)
        self.shapes = [self.shape() for _ in range(count)]
        frequent = random.randint(1, preset.categories + 1, 2)
        self.categories = [
            int(frequent[random.randint(2)]) if random.rand() < 0.7 else self.any_category()
            for _ in range(count)
        ]
        # [objects][frames] what can be seen, and which part of the whole that is
        self.seen: list[list[tuple[Spans, float] | None]] = [[None] * self.length for _ in range(count)]
        for t in range(self.length):
            self._film(t)
        self.visible = [i for i in range(count) if any(self.seen[i])]

    def shape(self) -> "Shape":
        return Shape(self.random, self.height, self.width, self.length, self.preset.object_size)

    def any_category(self) -> int:
        return int(self.random.randint(1, self.preset.categories + 1))

    def _film(self, t: int) -> None:
        front = NOTHING
        for shape, seen in zip(self.shapes, self.seen, strict=True):  # the first is nearest
            whole = shape.mask(self.random, t) if shape.present(t) else NOTHING
            if not len(whole):
                continue
            rest = combined(whole, front, "minus")
            front = combined(front, whole, "or")
            if area(rest):
                seen[t] = (rest, area(rest) / area(whole))

    def record(self) -> dict[str, Any]:
        files = [f"video_{self.index:04d}/{5 * t:05d}.jpg" for t in range(self.length)]
        size = {"width": self.width, "height": self.height, "length": self.length}
        return {"id": self.index + 1, **size, "file_names": files}

    def annotations(self) -> Iterator[dict[str, Any]]:
        for i in self.visible:
            self.random.rand(2)  # what crowds and polygons take in variants of this data
            seen = self.seen[i]
            yield {
                "video_id": self.index + 1,
                "category_id": self.categories[i],
                "iscrowd": 0,
                "width": self.width,
                "height": self.height,
                "length": self.length,
                "segmentations": [self._listed(frame[0]) if frame else None for frame in seen],
                "bboxes": [box(frame[0], self.height) if frame else None for frame in seen],
                "areas": [area(frame[0]) if frame else None for frame in seen],
                "occlusion": [level(frame[1]) if frame else None for frame in seen],
            }

    def _listed(self, spans: Spans) -> dict[str, Any]:
        counts = np.diff(np.concatenate([[0], spans, [self.height * self.width]])).tolist()
        return {"size": [self.height, self.width], "counts": counts if counts[-1] else counts[:-1]}

    def predictions(self, count: int) -> list[dict[str, Any]]:
        """Return `count` predictions: one or two for most objects, then duplicates and inventions."""
        random = self.random
        found = {i: self._copy(i, 0) for i in self.visible if random.rand() >= MISSED}
        self._switch(found)
        scored: list[tuple[float, int, list[Spans]]] = []
        for i, masks in found.items():
            other = random.rand() < OTHER_CLASS
            category = self.any_category() if other else self.categories[i]
            score = float(np.round(random.uniform(0.5, 0.99), 4))
            if random.rand() < FRAGMENTED and self.length > 2:
                cut = random.randint(1, self.length)
                scored.append((score, category, masks[:cut] + [NOTHING] * (self.length - cut)))
                scored.append((float(np.round(score * 0.9, 4)), category, [NOTHING] * cut + masks[cut:]))
            else:
                scored.append((score, category, masks))
        bank = list(found.values())
        while len(scored) < count:
            masks = self._another(bank)
            known = self.visible and random.rand() < 0.5
            category = (
                self.categories[self.visible[random.randint(len(self.visible))]]
                if known
                else self.any_category()
            )
            scored.append((float(np.round(random.uniform(0.001, 0.5), 4)), category, masks))
        return [self._prediction(*values) for values in scored[:count]]

    def _copy(self, i: int, worse: int) -> list[Spans]:
        """Return a distorted copy of an object, hidden where the object is hidden."""
        random, shape = self.random, self.shapes[i]
        waves = shape.waves + np.concatenate([np.zeros((4, 1)), random.normal(0, 0.3 * SCALE, (4, 4))], 1)
        scale = float(np.exp(random.normal(0, SCALE * (1 + 0.5 * worse))))
        x, y = random.normal(0, JITTER * (1 + 0.5 * worse) + 1e-9, 2)
        masks = []
        for t, seen in enumerate(self.seen[i]):
            if seen is None or random.rand() < MISSED_FRAME:
                masks.append(NOTHING)
                continue
            mask = shape.mask(random, t, (x * shape.radius_x, y * shape.radius_y), scale, waves, rough=1)
            masks.append(combined(mask, combined(shape.mask(random, t), seen[0], "minus"), "minus"))
        return masks

    def _switch(self, found: dict[int, list[Spans]]) -> None:
        order = sorted(found)
        for p, q in pairwise(order):
            if self.random.rand() < SWITCHED and self.length > 2:
                cut = self.random.randint(1, self.length)
                found[p][cut:], found[q][cut:] = found[q][cut:], found[p][cut:]

    def _another(self, bank: list[list[Spans]]) -> list[Spans]:
        random, chance = self.random, self.random.rand()
        if bank and chance < 0.6:
            return bank[random.randint(len(bank))]
        if self.visible and chance < 0.75:
            masks = self._copy(self.visible[random.randint(len(self.visible))], 2)
        else:
            shape = self.shape()
            masks = [
                shape.mask(random, t, rough=1) if shape.present(t) else NOTHING for t in range(self.length)
            ]
        bank.append(masks)
        return masks

    def _prediction(self, score: float, category: int, masks: list[Spans]) -> dict[str, Any]:
        segmentations = [self._compressed(mask) if len(mask) else None for mask in masks]
        named = {"video_id": self.index + 1, "score": score, "category_id": category}
        return {**named, "segmentations": segmentations}

    def _compressed(self, spans: Spans) -> dict[str, Any]:
        mask = coco.frPyObjects(self._listed(spans), self.height, self.width)
        return {"size": [self.height, self.width], "counts": mask["counts"].decode("ascii")}


@dataclass
class Shape:
    """A wavy ellipse that moves and grows; some have a hole, come late, leave early or blink."""

    random: RandomState = field(repr=False)
    height: int
    width: int
    length: int
    size: tuple[float, float]

    def __post_init__(self) -> None:
        random, (h, w) = self.random, (self.height, self.width)
        slow = max(self.length, 8)
        self.centre = np.array([random.uniform(0.1, 0.9) * w, random.uniform(0.15, 0.85) * h])
        self.speed = np.array([random.uniform(-0.5, 0.5) * w, random.uniform(-0.25, 0.25) * h]) / slow
        self.wobble = random.uniform(0, 0.06, 2) * np.array([w, h])
        self.phase = random.uniform(0, 6.3, 3)
        size, aspect = random.uniform(*self.size) * min(h, w), random.uniform(0.5, 2.0)
        self.radius_x, self.radius_y = 0.5 * size * np.sqrt(aspect), 0.5 * size / np.sqrt(aspect)
        self.growth = random.uniform(-0.3, 0.4) / slow
        self.waves = new_waves(random)
        self.has_hole = random.rand() < 0.35
        self.hole_waves = new_waves(random)
        half = self.length // 2
        self.begin = 0 if random.rand() < 0.75 else random.randint(0, max(1, half))
        self.end = self.length if random.rand() < 0.75 else random.randint(half, self.length) + 1
        blinks = random.rand() < 0.2
        self.gap = (random.randint(0, self.length), random.randint(1, 3)) if blinks else (self.length, 0)

    def present(self, t: int) -> bool:
        return self.begin <= t < self.end and not self.gap[0] <= t < sum(self.gap)

    def mask(
        self,
        random: RandomState,
        t: int,
        shift: Shift = (0, 0),
        scale: float = 1.0,
        waves: NDArray[np.float64] | None = None,
        rough: int = 0,
    ) -> Spans:
        x, y = self.centre + self.speed * t + self.wobble * np.sin(0.4 * t + self.phase[:2])
        growth = max(0.2, 1 + self.growth * t)
        rx, ry = self.radius_x * growth, self.radius_y * growth
        size = (self.height, self.width)
        outline = self.waves if waves is None else waves
        place = (x + shift[0], y + shift[1])
        spans = wavy_ellipse(random, place, (rx * scale, ry * scale), size, outline, rough)
        if not self.has_hole or not len(spans):
            return spans
        hole = wavy_ellipse(random, (place[0], y + 0.3 * ry), (0.25 * rx, 0.3 * ry), size, self.hole_waves, 0)
        return combined(spans, hole, "minus")


def new_waves(random: RandomState) -> NDArray[np.float64]:
    """Return [4, 5]: frequency, then amplitude and phase of the upper and of the lower outline."""
    columns = [(1, 9), (-0.12, 0.12), (0, 6.3), (-0.12, 0.12), (0, 6.3)]
    return np.stack([random.uniform(*limits, 4) for limits in columns], 1)


def wavy_ellipse(
    random: RandomState,
    centre: Shift,
    radii: Shift,
    size: tuple[int, int],
    waves: NDArray[np.float64],
    rough: int,
) -> Spans:
    """Return one span a column, its ends moved by up to `rough` pixels."""
    (x, y), (rx, ry), (height, width) = centre, radii, size
    first, last = max(0, int(np.ceil(x - rx))), min(width - 1, int(np.floor(x + rx)))
    if last < first or rx < 0.5 or ry < 0.5:
        return NOTHING
    columns = np.arange(first, last + 1)
    u = (columns - x) / rx
    half = ry * np.sqrt(np.clip(1 - u * u, 0, 1))
    frequency, up, up_phase, down, down_phase = (wave[:, None] for wave in waves.T)
    top = y - half * (1 + (up * np.sin(frequency * u + up_phase)).sum(0))
    bottom = y + half * (1 + (down * np.sin(frequency * u + down_phase)).sum(0))
    if rough:
        top = top + random.randint(-rough, rough + 1, len(columns))
        bottom = bottom + random.randint(-rough, rough + 1, len(columns))
    top, bottom = (np.clip(np.round(edge).astype(np.int64), 0, height) for edge in (top, bottom))
    column = columns[bottom > top] * height
    spans = np.stack([column + top[bottom > top], column + bottom[bottom > top]], 1).ravel()
    return without_repeats(spans)


def without_repeats(places: Spans) -> Spans:
    """Drop spans' ends where the next span begins."""
    joined = np.flatnonzero(places[1:] == places[:-1])
    return np.delete(places, np.concatenate([joined, joined + 1]))


def combined(a: Spans, b: Spans, how: str) -> Spans:
    """Return the union ("or") of two masks, or what the first has and the second lacks ("minus")."""
    if not len(a) or not len(b):
        return b if how == "or" and not len(a) else a
    places = np.concatenate([a, b])
    order = np.argsort(places, kind="stable")
    places = places[order]
    from_a = order < len(a)
    in_a, in_b = np.cumsum(from_a) % 2 == 1, np.cumsum(~from_a) % 2 == 1
    inside = in_a | in_b if how == "or" else in_a & ~in_b
    last = np.append(places[1:] != places[:-1], True)  # after all changes at one place
    places, inside = places[last], inside[last]
    return places[inside != np.append(False, inside[:-1])]


def area(spans: Spans) -> int:
    return int((spans[1::2] - spans[::2]).sum())


def box(spans: Spans, height: int) -> list[float]:
    begin, end = spans[::2], spans[1::2] - 1
    left, right = begin[0] // height, end[-1] // height
    crosses = bool((begin // height != end // height).any())
    top, bottom = (0, height - 1) if crosses else ((begin % height).min(), (end % height).max())
    return [float(left), float(top), float(right - left + 1), float(bottom - top + 1)]


def level(visible: float) -> str:
    return "no_occlusion" if visible > 0.95 else "slight_occlusion" if visible > 0.5 else "severe_occlusion"
