"""Named subsets of a score: each is the score of a split that had these videos alone, for every task."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluator import Report, SubsetInvalid, evaluate
from evaluator.catalog import BENCHMARKS
from evaluator.synthetic.vis import write_benchmark
from tests.evaluator.map_files import (
    Panoptic,
    write_class_maps,
    write_class_truth,
    write_predictions,
    write_truth,
)
from tests.evaluator.vis_files import write

IDS = np.array([0, 5, 300, 70000], np.uint32)
CATEGORY = {5: 0, 300: 1, 70000: 2}
Files = tuple[Path, Path]


@pytest.fixture(scope="module")
def tracklets(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("made") / "benchmark"
    write_benchmark(
        folder, videos=4, frames=10, height=48, width=64, seed=5, progress=lambda done, total: None
    )
    return folder / "annotations.json", folder / "predictions" / "weak" / "results.json"


def cut_tracklets(files: Files, folder: Path, kept: list[int]) -> Files:
    """Write the files again with the videos at these places alone."""
    truth, results = (json.loads(path.read_text()) for path in files)
    videos = [truth["videos"][place] for place in kept]
    ids = {video["id"] for video in videos}
    annotations = [item for item in truth["annotations"] if item["video_id"] in ids]
    cut = {**truth, "videos": videos, "annotations": annotations}
    results = [item for item in results if item["video_id"] in ids]
    return write(folder / "gt.json", cut), write(folder / "results.json", results)


def maps_of(number: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(number)
    true = np.repeat(rng.integers(0, 4, (1, 4, 6)), 18, axis=0)
    return true, np.where(rng.random(true.shape) < 0.2, rng.integers(0, 4, true.shape), true)


def panoptic(folder: Path, numbers: list[int]) -> Files:
    pairs = {f"v{number}": [Panoptic(IDS[part], CATEGORY) for part in maps_of(number)] for number in numbers}
    truth = write_truth(folder / "gt", {name: pair[0] for name, pair in pairs.items()})
    return truth, write_predictions(folder / "pred", {name: pair[1] for name, pair in pairs.items()})


def semantic(folder: Path, numbers: list[int]) -> Files:
    pairs = {f"v{number}": maps_of(number) for number in numbers}
    truth = {name: pair[0].astype(np.uint8) for name, pair in pairs.items()}
    found = {name: np.maximum(pair[1] - 1, 0).astype(np.uint8) for name, pair in pairs.items()}
    return write_class_truth(folder / "gt", truth), write_class_maps(folder / "pred", found)


def assert_same(report: Report, alone: Report) -> None:
    part = report.subsets["some"]
    assert part.videos == alone.videos
    assert part.metrics.keys() == set(BENCHMARKS[report.benchmark].metrics)
    for key, value in part.metrics.items():
        assert value == (None if alone.metrics[key] is None else pytest.approx(alone.metrics[key], abs=1e-12))
    assert part.intervals.keys() == alone.intervals.keys() != set()
    for key, bounds in part.intervals.items():
        assert bounds == pytest.approx(alone.intervals[key], abs=1e-12), key


@pytest.mark.parametrize("benchmark", ["ovis", "ytvis2022"])
@pytest.mark.parametrize("kept", [[1], [0, 3]])
def test_a_subset_of_tracklets_scores_as_if_it_were_the_split(
    benchmark: str, kept: list[int], tracklets: Files, tmp_path: Path
) -> None:
    ids = [json.loads(tracklets[0].read_text())["videos"][place]["id"] for place in kept]
    report = evaluate(benchmark, *tracklets, subsets={"some": ids}, bootstrap=30, seed=2)
    alone = evaluate(benchmark, *cut_tracklets(tracklets, tmp_path, kept), bootstrap=30, seed=2)
    assert_same(report, alone)
    assert any(value not in (None, 0.0) for value in report.subsets["some"].metrics.values())


@pytest.mark.parametrize(("benchmark", "make"), [("vipseg", panoptic), ("vspw", semantic)])
def test_a_subset_of_maps_scores_as_if_it_were_the_split(
    benchmark: str, make: Callable[[Path, list[int]], Files], tmp_path: Path
) -> None:
    listed = write(tmp_path / "some.txt", "v3\nv1\n")
    whole, cut = make(tmp_path / "whole", [0, 1, 2, 3]), make(tmp_path / "cut", [1, 3])
    report = evaluate(benchmark, *whole, subsets={"some": listed}, bootstrap=30, seed=2)
    assert_same(report, evaluate(benchmark, *cut, bootstrap=30, seed=2))


def test_the_digest_and_all_other_numbers_know_nothing_of_subsets(tracklets: Files) -> None:
    plain, report = evaluate("ovis", *tracklets), evaluate("ovis", *tracklets, subsets={"first": [1]})
    assert plain.subsets == {}
    assert report.digest == plain.digest
    assert (report.metrics, report.per_video) == (plain.metrics, plain.per_video)


def test_a_list_in_memory_that_fits_no_video_is_refused_by_its_name(tracklets: Files) -> None:
    with pytest.raises(SubsetInvalid, match=r"^subset night: the ground truth has no video '77'"):
        evaluate("ovis", *tracklets, subsets={"night": [77]})


def test_the_command_prints_a_column_a_subset_and_writes_them(tracklets: Files, tmp_path: Path) -> None:
    listed, out = write(tmp_path / "list.txt", "1\n"), tmp_path / "out.json"
    words = ("score", "ovis", "--gt", tracklets[0], "--pred", tracklets[1], "--bootstrap", 5, "--json", out)
    command = [sys.executable, "-m", "evaluator", *map(str, words), "--subset", f"night={listed}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "night (1)" in done.stdout
    part = json.loads(out.read_text())["subsets"]["night"]
    assert part["videos"] == 1
    assert f"{100 * part['metrics']['AP']:.2f}" in done.stdout
    assert set(part["intervals"]) <= set(BENCHMARKS["ovis"].headline)
