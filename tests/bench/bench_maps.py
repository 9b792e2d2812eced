"""Panoptic and semantic videos, against the official algorithms in plain numpy.

Three videos of true size of each benchmark: 22 to 26 frames of 720 x 1280, 60 to 80 frames of 480 x 853. One
process; processor time; programs take turns. The plain form does what the official scripts do, as often as
they do it, and gives the same numbers; the scripts themselves were once measured at 1,240 ms (VIPSeg) and
44 ms (VSPW) a frame. The floor is decoding the PNG files of both sides, or of the predictions alone where
the ground truth is prepared.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from evaluator import Report, evaluate, warm_up
from evaluator.catalog import BENCHMARKS
from evaluator.maps import png
from evaluator.maps.joint_table import decode_runs
from evaluator.panoptic.ground_truth import read_panoptic_truth
from evaluator.semantic.ground_truth import read_semantic_truth
from tests.bench import plain_maps, true_maps
from tests.bench.data import cached
from tests.bench.figures import Figures

VIDEOS = 3


@pytest.fixture(scope="module")
def vipseg() -> Path:
    """The folder with `truth` and `predictions`."""
    return cached(f"vipseg-{VIDEOS}", partial(true_maps.write_vipseg, videos=VIDEOS))


@pytest.fixture(scope="module")
def vspw() -> Path:
    return cached(f"vspw-{VIDEOS}", partial(true_maps.write_vspw, videos=VIDEOS))


def seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


class Race:
    """Our evaluation, with and without prepared ground truth, and its floors, in turns with the plain one."""

    def __init__(self, benchmark: str, folder: Path, prepared_dir: Path) -> None:
        warm_up()
        semantic = benchmark == "vspw"
        truth, predictions = folder / "truth", folder / "predictions"
        self.files = [sorted(side.rglob("*.png")) for side in (truth, predictions)]
        score = partial(evaluate, benchmark, truth, predictions)
        self.report: Report = score()
        self._ours: dict[str, Callable[[], object]] = {
            "ours": score,
            "prepared": partial(score, prepared_dir=prepared_dir),
            "truth": partial(read_truth, truth, prepared_dir, semantic),
            "floor": lambda: [decode(file, semantic) for side in self.files for file in side],
            "half floor": lambda: [decode(file, semantic) for file in self.files[1]],
        }
        self._times: dict[str, list[float]] = {name: [] for name in self._ours}
        self._plain = 0.0
        for work in self._ours.values():
            work()

    def plain(self, work: Callable[[], float], metric: str) -> None:
        """Run a part of the plain form, which must give the same number, and ours before it."""
        for name, ours in self._ours.items():
            self._times[name].append(seconds(ours))
        begin = time.process_time()
        value = work()
        self._plain += time.process_time() - begin
        assert value == pytest.approx(self.report.metrics[metric], abs=1e-9)

    def finish(self, figures: Figures, what: str) -> float:
        """Add two rows and return how many times faster ours is without prepared ground truth."""
        frames = len(self.files[0])
        plain = 1e3 * self._plain / frames
        times = {name: 1e3 * median(values) / frames for name, values in self._times.items()}
        for name, title, floor in (
            ("ours", what, "floor"),
            ("prepared", f"{what}, ground truth prepared", "half floor"),
        ):
            figures.add(
                {
                    "benchmark": title,
                    "plain form, ms a frame": f"{plain:.1f}",
                    "ours": f"{times[name]:.2f}",
                    "times faster": f"{plain / times[name]:.0f}",
                    "floor": f"{times[floor]:.2f}",
                    "times the floor": f"{times[name] / times[floor]:.1f}",
                    "of it ground truth": f"{times['truth'] / times['prepared']:.1%}"
                    if name == "prepared"
                    else "",
                }
            )
        assert times["truth"] < 0.1 * times["prepared"]
        return plain / times["ours"]


def decode(file: Path, semantic: bool) -> object:
    contents = file.read_bytes()
    header = png.read_header(contents)
    return png.decode_values(contents, header) if semantic else png.decode_ids(contents, header)


def read_truth(truth: Path, prepared_dir: Path, semantic: bool) -> None:
    """Do what a second submission does with the ground truth alone."""
    opened = (
        read_semantic_truth(truth)
        if semantic
        else read_panoptic_truth(truth, len(BENCHMARKS["vipseg"].classes))
    )
    maps = opened.maps(prepared_dir)
    for index in range(len(opened.videos)):
        for item in maps.read_video(index):
            if semantic:
                decode_runs(item.values, item.ends)


def test_vpq_of_five_windows_and_stq_are_80_times_faster_than_the_official_algorithm(
    vipseg: Path, tmp_path: Path, figures: Figures
) -> None:
    race = Race("vipseg", vipseg, tmp_path)
    truth, predictions = vipseg / "truth", vipseg / "predictions"
    for k in BENCHMARKS["vipseg"].windows:
        race.plain(partial(plain_maps.vpq, truth, predictions, k), f"VPQ{k}")
    race.plain(lambda: plain_maps.stq(truth, predictions)[1], "SQ")
    assert race.finish(figures, "VIPSeg: VPQ over 1, 2, 4, 6 and 8 frames, STQ") > 80


def test_miou_and_consistency_are_20_times_faster_than_the_official_algorithm(
    vspw: Path, tmp_path: Path, figures: Figures
) -> None:
    race = Race("vspw", vspw, tmp_path)
    truth, predictions = vspw / "truth", vspw / "predictions"
    race.plain(partial(plain_maps.miou, truth, predictions), "mIoU")
    for n in BENCHMARKS["vspw"].windows:
        race.plain(partial(plain_maps.consistency, truth, predictions, n), f"VC{n}")
    assert race.finish(figures, "VSPW: mIoU, VC8, VC16") > 20
