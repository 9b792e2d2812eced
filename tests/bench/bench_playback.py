"""Mask stores of the player.

Tracklets of the size of OVIS (140 videos of 44 to 90 frames of 1080 x 1920, 1,400 tracklets), and ten times
as many, the same ones again, in a file of 1 GB; maps of 720 x 1280 of synthetic panoptic and semantic videos.
Seconds are processor time of one process, all its threads, with the ground truth prepared by the evaluation
before, the least of three; memory is what is allocated beyond what is there before anything is read (mapped
files do not count). *Packed* is what a submission weighs compressed: the gzip of results.json (level 6), the
files of maps as they are.
"""

import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evaluator import evaluate, playback
from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.synthetic import vps, vss
from tests.bench.bench_vis import MB, SETS, cpu_s
from tests.bench.data import cached
from tests.bench.figures import Figures

TIMES = 10
OVIS = SETS[1]
MAPS: dict[str, Callable[..., None]] = {"vipseg": vps.write_benchmark, "vspw": vss.write_benchmark}


def ten_times(folder: Path) -> None:
    """Write every prediction ten times."""
    entries = (OVIS.folder / "results.json").read_bytes().strip()[1:-1]
    with (folder / "results.json").open("wb") as file:
        for time in range(TIMES):
            file.write((b", " if time else b"[") + entries)
        file.write(b"]")


def gzip_bytes(path: Path) -> int:
    packed, size = zlib.compressobj(6), 0
    with path.open("rb") as file:
        while part := file.read(1 << 22):
            size += len(packed.compress(part))
    return size + len(packed.flush())


def more_memory(benchmark: str, truth: Path, predictions: Path, prepared: Path, store: Path) -> int:
    files = map(str, (truth, predictions, prepared, store))
    command = [sys.executable, "-m", "tests.bench.anonymous_memory", benchmark, *files]
    before, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(peak) - int(before)


def measure(
    name: str, benchmark: str, files: tuple[Path, Path], packed: int, times: int, work: Path, figures: Figures
) -> tuple[float, int, int]:
    """Return seconds, bytes of memory and bytes of the store of a submission."""
    prepared, store = work / "prepared", work / "store"
    evaluate(benchmark, *files, prepared_dir=prepared)
    run: Callable[[], Any] = partial(
        playback.store_predictions, BENCHMARKS[benchmark], *files, store, Options(prepared_dir=prepared)
    )
    seconds = min(cpu_s(run) for _ in range(times))
    size = store.stat().st_size
    memory = more_memory(benchmark, *files, prepared, store)
    figures.add(
        {
            "Submission": name,
            "packed, MB": f"{packed / MB:.1f}",
            "store, MB": f"{size / MB:.1f}",
            "store / packed": f"{size / packed:.2f}",
            "seconds": f"{seconds:.2f}",
            "more memory, MB": f"{memory / MB:.0f}",
        }
    )
    return seconds, memory, size


@pytest.mark.parametrize("times", [1, TIMES])
def test_tracklets_are_stored_in_little_time_memory_and_room(
    times: int, figures: Figures, tmp_path: Path
) -> None:
    folder = OVIS.folder if times == 1 else cached(f"tracklets-ovis-140x10x{TIMES}", ten_times)
    files = OVIS.folder / "gt.json", folder / "results.json"
    packed = gzip_bytes(files[1])
    name = f"OVIS, {1_400 * times:,} tracklets, {files[1].stat().st_size / MB:,.0f} MB of JSON"
    rounds = 3 if times == 1 else 1
    seconds, memory, size = measure(name, OVIS.benchmark, files, packed, rounds, tmp_path, figures)
    assert seconds <= 6 * times
    assert memory <= 100 * MB * (1 if times == 1 else 2)
    assert size <= packed


@pytest.mark.parametrize("benchmark", list(MAPS))
def test_maps_are_stored_in_little_time_memory_and_room(
    benchmark: str, figures: Figures, tmp_path: Path
) -> None:
    make = partial(MAPS[benchmark], videos=6, frames=40, height=720, width=1280, seed=1)
    folder = cached(f"playback-{benchmark}-6x40", make)
    predictions = folder / "predictions" / "medium"
    packed = sum(file.stat().st_size for file in predictions.rglob("*.png"))
    name = f"{BENCHMARKS[benchmark].name}, 240 maps"
    files = folder / "ground_truth", predictions
    seconds, memory, size = measure(name, benchmark, files, packed, 3, tmp_path, figures)
    assert seconds <= 240 * 0.05
    assert memory <= 100 * MB
    assert size <= packed
