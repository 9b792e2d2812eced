"""Two workers instead of one.

Videos are spread over processes; one worker is one core. Wall-clock time, so read this only where the machine
had nothing else to do: benchmarks take the right of way where the system lets them (as root, by a real-time
class). Processor time of all processes tells what sharing costs. The ground truth is prepared; the median
of nine runs in turns.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from evaluator import evaluate, warm_up
from tests.bench import bench_vis, true_maps
from tests.bench.data import cached
from tests.bench.figures import Figures
from tests.bench.many_videos import repeat_maps

ROUNDS = 9


@pytest.fixture(autouse=True)
def _right_of_way() -> Iterator[None]:
    """Let no other program of this machine run before ours, if we may ask for that."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    yield
    os.sched_setscheduler(0, *before)


def processor_s() -> float:
    """The processor time of this process and of those it has started and seen end."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def tracklets() -> tuple[Path, Path]:
    folder = next(data for data in bench_vis.SETS if data.name == "ovis 140 x 10").folder
    return folder / "gt.json", folder / "results.json"


def maps(name: str, write: Callable[..., None]) -> tuple[Path, Path]:
    """Twelve videos, so that both workers end at about the same time."""
    few = cached(f"{name}-3", partial(write, videos=3))
    folder = cached(f"{name}-12", partial(repeat_maps, source=few, videos=12))
    return folder / "truth", folder / "predictions"


SETS = {
    "ovis": tracklets,
    "vipseg": partial(maps, "vipseg", true_maps.write_vipseg),
    "vspw": partial(maps, "vspw", true_maps.write_vspw),
}


@pytest.mark.parametrize("benchmark", SETS)
def test_two_workers_need_little_more_than_half_the_time(
    benchmark: str, figures: Figures, tmp_path: Path
) -> None:
    warm_up()
    truth, predictions = SETS[benchmark]()
    score = partial(evaluate, benchmark, truth, predictions, prepared_dir=tmp_path)
    score()
    wall: dict[int, list[float]] = {1: [], 2: []}
    used: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for workers in (1, 2):
            begin = time.perf_counter(), processor_s()
            score(workers=workers)
            wall[workers].append(time.perf_counter() - begin[0])
            time.sleep(0.1)  # ended processes are accounted for in the background
            used[workers].append(processor_s() - begin[1])
    speed_up = median(wall[1]) / median(wall[2])
    figures.add(
        {
            "benchmark": benchmark,
            "one worker, s": f"{median(wall[1]):.2f}",
            "two workers, s": f"{median(wall[2]):.2f}",
            "times faster": f"{speed_up:.2f}",
            "processor time, one": f"{median(used[1]):.2f}",
            "two": f"{median(used[2]):.2f}",
        }
    )
    assert median(used[2]) < 1.25 * median(used[1])
    assert speed_up > 1.6  # the target is 1.7; the rest is for what else the machine does
