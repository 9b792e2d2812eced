"""Small panoptic and semantic benchmarks as the site meets them: folders to import, archives to send."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.evaluator.map_files import (
    Panoptic,
    write_class_maps,
    write_class_truth,
    write_predictions,
    write_truth,
)

VIDEOS = ("park", "kitchen")
SHAPE = (9, 6, 8)
SKY, CAT = 1, 1001


@dataclass(frozen=True)
class MapBenchmark:
    """`truth` is a folder; `good` and `bad` are archives, of which the second one lacks a video."""

    evaluator: str
    truth: Path
    good: Path
    bad: Path


def panoptic(folder: Path) -> MapBenchmark:
    """A cat before the sky, found too far to one side."""
    truth = write_truth(folder / "truth", {name: _cat(1) for name in VIDEOS})
    good = write_predictions(folder / "good", {name: _cat(2) for name in VIDEOS})
    bad = write_predictions(folder / "bad", {VIDEOS[0]: _cat(2)})
    return MapBenchmark("vipseg", truth, zipped(good), zipped(bad))


def semantic(folder: Path) -> MapBenchmark:
    """Class 4 in the upper half, class 9 below, predicted one row too high."""
    maps = np.full(SHAPE, 5, np.uint8)
    maps[:, 3:] = 10
    predicted = np.full(SHAPE, 4, np.uint8)
    predicted[:, 2:] = 9
    truth = write_class_truth(folder / "truth", dict.fromkeys(VIDEOS, maps))
    good = write_class_maps(folder / "good", dict.fromkeys(VIDEOS, predicted))
    bad = write_class_maps(folder / "bad", {VIDEOS[0]: predicted})
    return MapBenchmark("vspw", truth, zipped(good), zipped(bad))


MAKERS: dict[str, Callable[[Path], MapBenchmark]] = {"vipseg": panoptic, "vspw": semantic}


def zipped(folder: Path) -> Path:
    """Put the files of a folder into an archive as `zip -r` does."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def _cat(left: int) -> Panoptic:
    ids = np.full(SHAPE, SKY, np.uint32)
    ids[:, 2:5, left : left + 4] = CAT
    return Panoptic(ids, {SKY: 0, CAT: 1})
