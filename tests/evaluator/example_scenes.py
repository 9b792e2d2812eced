"""The scenes that the documentation of the metrics works its examples out on, made and evaluated."""

from pathlib import Path
from typing import Any

import numpy as np

from evaluator import analyse, evaluate
from evaluator.catalog.spec import Scene
from tests.evaluator.map_files import (
    Panoptic,
    write_class_maps,
    write_class_truth,
    write_predictions,
    write_truth,
)
from tests.evaluator.vis_files import rle, write

HEIGHT, WIDTH = 200, 1000
SKY, CAT, LATER_CAT = 1, 5, 6
Numbers = dict[str, float | None]
CATEGORIES = ("cat", "lion", "dog", "bear", "fox", "owl", "cow", "pig", "hen", "ant")


def evaluated(scene: Scene, folder: Path) -> Numbers:
    """Return every metric of the scene."""
    makers = {
        "tracklets": _tracklets,
        "swap": _swap,
        "mistakes": _mistakes,
        "panoptic": _panoptic,
        "semantic": _semantic,
    }
    return makers[scene](folder)


def _columns(first: int, count: int) -> dict[str, Any]:
    return rle(first * HEIGHT, count * HEIGHT, size=(HEIGHT, WIDTH))


def _write_tracklets(
    folder: Path, truths: list[dict[str, Any]], found: list[dict[str, Any]], length: int
) -> tuple[Path, Path]:
    video = {"id": 1, "height": HEIGHT, "width": WIDTH, "length": length}
    truth = {
        "videos": [{**video, "file_names": [f"v/{t}.jpg" for t in range(length)]}],
        "categories": [{"id": number, "name": name} for number, name in enumerate(CATEGORIES, start=1)],
        "annotations": [
            {"id": number, "video_id": 1, "category_id": 1, "iscrowd": 0, **item}
            for number, item in enumerate(truths, start=1)
        ],
    }
    results = [{"video_id": 1, "category_id": 1, **item} for item in found]
    folder.mkdir(parents=True, exist_ok=True)
    return write(folder / "gt.json", truth), write(folder / "results.json", results)


def _tracklets(folder: Path) -> Numbers:
    none, severe = "no_occlusion", "severe_occlusion"
    placed = ((0, 50, [none] * 3), (100, 200, [severe, none, none]), (400, 400, [severe, severe, none]))
    truths = [
        {"segmentations": [_columns(x, w)] * 3, "areas": [w * HEIGHT] * 3, "occlusion": levels}
        for x, w, levels in placed
    ]
    predictions = ((0.9, 400, 330), (0.8, 900, 40), (0.7, 100, 200), (0.6, 0, 31))
    found = [{"score": s, "segmentations": [_columns(x, w)] * 3} for s, x, w in predictions]
    return evaluate("ovis", *_write_tracklets(folder, truths, found, 3)).metrics


def _swap(folder: Path) -> Numbers:
    a, b = _columns(0, 50), _columns(500, 50)
    truths = [{"segmentations": [mask] * 4, "areas": [50 * HEIGHT] * 4} for mask in (a, b)]
    found = [{"score": 0.9, "segmentations": masks} for masks in ([a, a, b, b], [b, b, None, None])]
    analysis = analyse("ytvis2021", *_write_tracklets(folder, truths, found, 4))
    numbers: Numbers = analysis.whole.tracking["det_averaged"]
    return numbers


def _mistakes(folder: Path) -> Numbers:
    number = {name: place for place, name in enumerate(CATEGORIES, start=1)}
    homes = ("cat", "dog", "bear", "fox", "owl", "cow", "cow", "pig", "hen", "ant")
    exact = [_columns(100 * place, 50) for place in range(len(homes))]
    cat, dog, bear, fox, owl, first_cow, second_cow, pig, hen, _ = exact
    truths = [
        {"category_id": number[name], "segmentations": [mask] * 4, "areas": [50 * HEIGHT] * 4}
        for name, mask in zip(homes, exact, strict=True)
    ]
    found: list[tuple[str, float, list[Any]]] = [
        ("lion", 0.9, [cat] * 4),
        ("dog", 0.9, [_columns(100, 20)] * 4),
        ("bear", 0.9, [bear, None, None, None]),
        ("fox", 0.9, [fox, fox, dog, dog]),
        ("owl", 0.9, [owl, None, None, None]),
        ("owl", 0.8, [None, owl, None, None]),
        ("owl", 0.7, [None, None, owl, None]),
        ("cow", 0.9, [first_cow] * 4),
        ("cow", 0.8, [first_cow] * 4),
        ("cow", 0.7, [second_cow] * 4),
        ("pig", 0.9, [_columns(500, 20)] * 4),
        ("pig", 0.8, [pig] * 4),
        ("hen", 0.9, [_columns(860, 30)] * 4),
        ("hen", 0.8, [hen] * 4),
    ]
    results = [{"category_id": number[name], "score": s, "segmentations": masks} for name, s, masks in found]
    analysis = analyse("ytvis2021", *_write_tracklets(folder, truths, results, 4))
    return {f"dAP50_{kind}": cost["dAP50"] for kind, cost in analysis.whole.errors["kinds"].items()}


def _panoptic(folder: Path) -> Numbers:
    category = {SKY: 0, CAT: 1, LATER_CAT: 1}
    true = np.full((8, 10, 10), SKY, np.uint32)
    true[:, :, 6:] = CAT
    found = true.copy()
    found[:, :6, 0] = 0
    found[4:, :, 6:] = LATER_CAT
    truth = write_truth(folder / "gt", {"v": Panoptic(true, category)})
    predictions = write_predictions(folder / "pred", {"v": Panoptic(found, category)})
    return evaluate("vipseg", truth, predictions).metrics


def _semantic(folder: Path) -> Numbers:
    true = np.full((18, 10, 10), 1, np.uint8)
    true[:, :, 6:] = 2
    found = true - 1
    found[9, :, 6:8] = 0
    truth = write_class_truth(folder / "gt", {"v": true})
    return evaluate("vspw", truth, write_class_maps(folder / "pred", {"v": found})).metrics
