"""The generator of the synthetic occlusion benchmarks.

Frames per second of processor time of one core, with the exact truth: clips made in memory, as training takes
them, and written as a benchmark with `python -m evaluator synth`. Ten videos of 30 frames, every plot among
them; the kernels are compiled already. The least time of three counts.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from evaluator.synthetic.clips import VALIDATION_SEED, make_clip, vis, vps, vss
from evaluator.synthetic.clips.clip import PROGRAMME
from tests.bench.figures import Figures

FRAMES = 30 * len(PROGRAMME)
TARGET = 200


def frames_per_second(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return FRAMES / min(times)


def make(size: tuple[int, int]) -> None:
    for video in range(len(PROGRAMME)):
        make_clip(VALIDATION_SEED, video, size=size)


def write(task: Any, size: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shape = {"videos": len(PROGRAMME), "frames": 30, "height": size[0], "width": size[1]}
        task.write_benchmark(Path(folder), seed=VALIDATION_SEED, **shape)


def test_clips_are_made_fast_enough_to_train_on_without_files(figures: Figures) -> None:
    made = {}
    for size in ((96, 160), (180, 320)):
        made[size] = frames_per_second(partial(make, size))
        figures.add(
            {
                "size": "{} x {}".format(*size),
                "in memory": f"{made[size]:.0f}",
                **{
                    f"files of {task.__name__[-3:]}": f"{frames_per_second(partial(write, task, size)):.0f}"
                    for task in (vis, vps, vss)
                },
            }
        )
    assert made[96, 160] >= TARGET
