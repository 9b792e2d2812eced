"""Memory of large submissions.

The most anonymous memory of one process (pages of mapped files do not count: the system takes them back when
it needs them), the interpreter and compiled kernels included, with the ground truth prepared by an earlier
submission. Large sets repeat the videos of smaller ones under other ids.
"""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.bench import bench_vis, true_maps
from tests.bench.data import cached
from tests.bench.figures import Figures
from tests.bench.many_videos import repeat_maps, repeat_tracklets

MB = 1e6
MAPS = {"vipseg": true_maps.write_vipseg, "vspw": true_maps.write_vspw}


def peak_mb(benchmark: str, truth: Path, predictions: Path, prepared: Path) -> tuple[float, float]:
    """Return the memory before anything is read and the peak."""
    files = [str(truth), str(predictions), str(prepared)]
    command = [sys.executable, "-m", "tests.bench.anonymous_memory", benchmark, *files]
    before, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(before) / MB, int(peak) / MB


def test_a_gigabyte_of_results_is_scored_in_the_memory_it_takes(figures: Figures, tmp_path: Path) -> None:
    few = next(data for data in bench_vis.SETS if (data.benchmark, data.per_video) == ("ovis", 100))
    folder = cached("tracklets-ovis-140x100", partial(repeat_tracklets, source=few.folder, times=14))
    truth, predictions = folder / "gt.json", folder / "results.json"
    peak_mb("ovis", truth, predictions, tmp_path)
    begin = time.perf_counter()
    before, peak = peak_mb("ovis", truth, predictions, tmp_path)
    size = predictions.stat().st_size / MB
    figures.add(
        {
            "set": "OVIS, 140 videos x 100 predictions",
            "results.json, MB": f"{size:.0f}",
            "before reading, MB": f"{before:.0f}",
            "peak, MB": f"{peak:.0f}",
            "of results.json": f"{peak / size:.2f}",
            "process, s of wall clock": f"{time.perf_counter() - begin:.1f}",
        }
    )
    assert size > 1000
    assert peak < 1.2 * size


@pytest.mark.parametrize("benchmark", MAPS)
def test_memory_hardly_grows_with_the_number_of_videos(
    benchmark: str, figures: Figures, tmp_path: Path
) -> None:
    few = cached(f"{benchmark}-3", partial(MAPS[benchmark], videos=3))
    peaks = {}
    for videos in (6, 60, true_maps.VIDEOS):
        repeat_maps(tmp_path / str(videos), few, videos)
        folders = tmp_path / str(videos) / "truth", tmp_path / str(videos) / "predictions"
        before, peaks[videos] = peak_mb(benchmark, *folders, tmp_path / "prepared")
    figures.add(
        {
            "benchmark": benchmark,
            "before reading, MB": f"{before:.0f}",
            **{f"peak of {videos} videos, MB": f"{peak:.0f}" for videos, peak in peaks.items()},
        }
    )
    per_video = (peaks[true_maps.VIDEOS] - peaks[60]) / (true_maps.VIDEOS - 60)
    assert per_video < 0.1  # MB; the maps of one video, were they kept, would be hundreds of times that
