"""The official algorithms of VIPSeg and VSPW in plain numpy and Pillow, for `bench_maps.py` to compare with.

They do the work that the official scripts do, in the same order and as often: VPQ decodes every map once for
every window that it lies in, STQ builds a mask for every class, VC compares all frames of every window.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Segments = dict[int, dict[str, Any]]
OFFSET = 1 << 24
CLASSES = 124


def read_ids(path: Path) -> NDArray[np.uint32]:
    with Image.open(path) as image:
        pixels = np.array(image).astype(np.uint32)
    return pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2]


def read_values(path: Path) -> NDArray[np.int64]:
    with Image.open(path) as image:
        return np.array(image).astype(np.int64)


def vpq(truth: Path, predictions: Path, k: int) -> float:
    """Return the mean PQ over windows of k frames."""
    document = json.loads(next(truth.glob("*.json")).read_text())
    predicted = {
        item["video_id"]: item for item in json.loads((predictions / "pred.json").read_text())["annotations"]
    }
    sums: dict[int, NDArray[np.float64]] = defaultdict(lambda: np.zeros(4))
    for video in document["annotations"]:
        name = video["video_id"]
        frames = list(zip(video["annotations"], predicted[name]["annotations"], strict=True))
        for start in range(len(frames) - k + 1):
            add_window(
                sums,
                frames[start : start + k],
                truth / "panomasksRGB" / name,
                predictions / "pan_pred" / name,
            )
    quality = [s[0] / (s[1] + s[2] / 2 + s[3] / 2) for s in sums.values() if s[1:].any()]
    return sum(quality) / len(quality)


def add_window(
    sums: dict[int, NDArray[np.float64]], frames: list[tuple[Any, Any]], truth: Path, predictions: Path
) -> None:
    true_maps, maps = [], []
    true_segments: Segments = {}
    segments: Segments = {}
    for true_frame, frame in frames:
        true_maps.append(read_ids(truth / true_frame["file_name"]))
        maps.append(read_ids(predictions / true_frame["file_name"]))
        for item in true_frame["segments_info"]:
            merged = true_segments.setdefault(item["id"], {**item, "area": 0})
            merged["area"] += item["area"]
        categories = {item["id"]: item["category_id"] for item in frame["segments_info"]}
        for number, area in zip(*np.unique(maps[-1], return_counts=True), strict=True):
            if number:
                merged = segments.setdefault(int(number), {"category_id": categories[int(number)], "area": 0})
                merged["area"] += int(area)
    joint = np.stack(true_maps).astype(np.uint64) * OFFSET + np.stack(maps).astype(np.uint64)
    shared = {
        (int(key) // OFFSET, int(key) % OFFSET): int(count)
        for key, count in zip(*np.unique(joint, return_counts=True), strict=True)
    }
    matched = set()
    for (g, p), pixels in shared.items():
        if g not in true_segments or p not in segments or true_segments[g]["iscrowd"]:
            continue
        category = true_segments[g]["category_id"]
        union = true_segments[g]["area"] + segments[p]["area"] - pixels - shared.get((0, p), 0)
        if segments[p]["category_id"] == category and pixels / union > 0.5:
            sums[category] += (pixels / union, 1, 0, 0)
            matched |= {(0, g), (1, p)}
    for g, item in true_segments.items():
        if (0, g) not in matched and not item["iscrowd"]:
            sums[item["category_id"]] += (0, 0, 0, 1)
    for p, item in segments.items():
        if (1, p) not in matched and shared.get((0, p), 0) / item["area"] <= 0.5:
            sums[item["category_id"]] += (0, 0, 1, 0)


def stq(truth: Path, predictions: Path) -> tuple[float, float]:
    """Return AQ and SQ."""
    document = json.loads(next(truth.glob("*.json")).read_text())
    predicted = {
        item["video_id"]: item for item in json.loads((predictions / "pred.json").read_text())["annotations"]
    }
    things = [category["id"] for category in document["categories"] if category["isthing"]]
    confusion = np.zeros((CLASSES + 1, CLASSES + 1), np.int64)
    qualities: list[float] = []
    for video in document["annotations"]:
        name = video["video_id"]
        sizes: list[dict[int, int]] = [defaultdict(int) for _ in range(3)]
        numbers: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for true_frame, frame in zip(video["annotations"], predicted[name]["annotations"], strict=True):
            file = true_frame["file_name"]
            true_class, true_number = label(
                read_ids(truth / "panomasksRGB" / name / file), true_frame, numbers[0]
            )
            class_, number = label(read_ids(predictions / "pan_pred" / name / file), frame, numbers[1])
            flat = true_class * (CLASSES + 1) + class_
            confusion += np.bincount(flat.ravel(), minlength=confusion.size).reshape(confusion.shape)
            in_truth, in_prediction = np.zeros_like(flat, bool), np.zeros_like(flat, bool)
            for thing in things:
                in_truth |= true_class == thing
                in_prediction |= class_ == thing
            crowd = in_truth & (true_number == 0)
            in_truth &= ~crowd
            in_prediction &= ~crowd
            true_tube, tube = (true_class << 16) + true_number, (class_ << 16) + number
            both = in_truth & in_prediction
            count(sizes[0], true_tube[in_truth])
            count(sizes[1], tube[in_prediction])
            count(sizes[2], true_tube[both] * OFFSET + tube[both])
        for g, size in sizes[0].items():
            pairs = [(sizes[2].get(g * OFFSET + p, 0), other) for p, other in sizes[1].items()]
            qualities.append(sum(s * (s / (size + other - s)) for s, other in pairs) / size)
    labelled = confusion[:CLASSES]
    hits = np.append(np.diagonal(labelled), 0)
    unions = np.append(labelled.sum(1), 0) + labelled.sum(0) - hits
    return sum(qualities) / max(len(qualities), 1), float((hits[unions > 0] / unions[unions > 0]).mean())


def label(
    ids: NDArray[np.uint32], frame: dict[str, Any], numbers: dict[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    classes, instances = np.full(ids.shape, CLASSES), np.zeros(ids.shape, np.int64)
    for item in frame["segments_info"]:
        mask = ids == item["id"]
        classes[mask] = item["category_id"]
        instances[mask] = numbers.setdefault(item["id"], len(numbers))
    return classes, instances


def count(sizes: dict[int, int], tubes: NDArray[np.int64]) -> None:
    for tube, pixels in zip(*np.unique(tubes, return_counts=True), strict=True):
        sizes[int(tube)] += int(pixels)


def miou(truth: Path, predictions: Path) -> float:
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    for file in sorted((truth / "data").glob("*/mask/*.png")):
        true = read_values(file)
        true[true == 0] = 255
        true -= 1
        found = read_values(predictions / file.parent.parent.name / file.name)
        labelled = (true >= 0) & (true < CLASSES)
        flat = CLASSES * true[labelled] + found[labelled]
        confusion += np.bincount(flat, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    hits, rows = np.diagonal(confusion), confusion.sum(1)
    unions = rows + confusion.sum(0) - hits
    return float((hits[rows > 0] / unions[rows > 0]).mean())


def consistency(truth: Path, predictions: Path, n: int) -> float:
    scores = []
    for folder in sorted((truth / "data").iterdir()):
        files = sorted((folder / "mask").iterdir())
        true = [read_values(file) for file in files]
        found = [read_values(predictions / folder.name / file.name) for file in files]
        for start in range(len(files) - n):
            base, common = np.ones(true[0].shape, bool), np.ones(true[0].shape, bool)
            for t in range(start + 1, start + n):
                base &= true[t] == true[start]
                common &= found[t] == found[start]
            scores.append((base & common).sum() / base.sum() if base.any() else np.nan)
    return float(np.nanmean(scores))
