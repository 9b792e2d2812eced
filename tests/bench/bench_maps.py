"""Panoptic and semantic videos, against the official algorithms in plain numpy.

One video of the official length and frame size each, drawn on demand. Times are CPU seconds of one process,
so that other work on the machine matters little. The floor is what decoding the PNG files alone costs.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from evaluator import evaluate, warm_up
from evaluator.formats import png
from evaluator.metrics import video_consistency, vpq
from evaluator.synthetic import vps, vss
from tests.bench import plain_maps
from tests.bench.figures import Figures

Result = TypeVar("Result")


def timed(work: Callable[[], Result], repeat: int = 1) -> tuple[Result, float]:
    """Return the result and the least CPU time of a few calls."""
    best = float("inf")
    for _ in range(repeat):
        begin = time.process_time()
        result = work()
        best = min(best, time.process_time() - begin)
    return result, best


def decode_all(folder: Path, semantic: bool) -> None:
    for file in sorted(folder.rglob("*.png")):
        contents = file.read_bytes()
        header = png.read_header(contents)
        png.decode_values(contents, header) if semantic else png.decode_ids(contents, header)


def test_vpq_of_five_windows_and_stq_are_80_times_faster_than_the_official_algorithm(
    tmp_path: Path, figures: Figures
) -> None:
    vps.write_benchmark(tmp_path, videos=1, frames=24, height=720, width=1280, seed=0)
    truth, predictions = tmp_path / "ground_truth", tmp_path / "predictions" / "medium"
    warm_up()
    report, own = timed(lambda: evaluate("vipseg", truth, predictions), repeat=5)
    again = partial(evaluate, "vipseg", truth, predictions, prepared_dir=tmp_path / "prepared")
    assert again().digest == report.digest
    _, prepared = timed(again, repeat=5)
    print(f"\nwith the ground truth prepared {1e3 * prepared / 24:.2f} ms a frame")
    _, floor = timed(lambda: (decode_all(truth, False), decode_all(predictions, False)), repeat=3)
    plain = 0.0
    for k in vpq.WINDOWS:
        value, seconds = timed(partial(plain_maps.vpq, truth, predictions, k))
        assert abs((report.metrics[f"VPQ{k}"] or 0) - value) < 1e-9
        plain += seconds
    (aq, sq), seconds = timed(lambda: plain_maps.stq(truth, predictions))
    assert abs((report.metrics["AQ"] or 0) - aq) < 1e-9
    assert abs((report.metrics["SQ"] or 0) - sq) < 1e-9
    assert (
        show(figures, "VIPSeg, VPQ over 1, 2, 4, 6, 8 frames and STQ", 24, plain + seconds, own, floor) > 80
    )


def test_miou_and_consistency_are_20_times_faster_than_the_official_algorithm(
    tmp_path: Path, figures: Figures
) -> None:
    vss.write_benchmark(tmp_path, videos=1, frames=70, height=480, width=853, seed=0)
    truth, predictions = tmp_path / "ground_truth", tmp_path / "predictions" / "medium"
    warm_up()
    report, own = timed(lambda: evaluate("vspw", truth, predictions), repeat=5)
    _, floor = timed(lambda: (decode_all(truth, True), decode_all(predictions, True)), repeat=3)
    mean, plain = timed(lambda: plain_maps.miou(truth, predictions))
    assert abs((report.metrics["mIoU"] or 0) - mean) < 1e-9
    for n in video_consistency.WINDOWS:
        value, seconds = timed(partial(plain_maps.consistency, truth, predictions, n))
        assert abs((report.metrics[f"VC{n}"] or 0) - value) < 1e-9
        plain += seconds
    assert show(figures, "VSPW, mIoU, VC8 and VC16", 70, plain, own, floor) > 20


def show(figures: Figures, name: str, frames: int, plain: float, own: float, floor: float) -> float:
    """Add the times to the page and return how many times faster we are."""
    plain, own, floor = (1e3 * seconds / frames for seconds in (plain, own, floor))
    figures.add(
        {
            "benchmark": name,
            "official algorithm, ms a frame": f"{plain:.1f}",
            "ours": f"{own:.2f}",
            "times faster": f"{plain / own:.0f}",
            "decoding the PNG files alone": f"{floor:.2f}",
            "times the floor": f"{own / floor:.1f}",
        }
    )
    return plain / own
