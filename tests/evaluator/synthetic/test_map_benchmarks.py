"""The synthetic panoptic and semantic benchmarks as files: they score, and methods can be told apart."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator import evaluate, validate
from evaluator.__main__ import app
from evaluator.ground_truths import describe_ground_truth
from evaluator.synthetic import vps, vss

SIZE = {"videos": 4, "frames": 10, "height": 72, "width": 128, "seed": 3}
TASKS = [
    pytest.param(vps.write_benchmark, "vipseg", "VPQ", id="vps"),
    pytest.param(vss.write_benchmark, "vspw", "mIoU", id="vss"),
]


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(("write", "benchmark", "metric"), TASKS)
def test_a_strong_method_beats_a_weak_one_and_all_files_are_valid(
    write: Callable[..., None], benchmark: str, metric: str, tmp_path: Path
) -> None:
    write(tmp_path, **SIZE)
    truth, predictions = tmp_path / "ground_truth", tmp_path / "predictions"
    scores = {}
    for name in ("strong", "medium", "weak"):
        assert validate(benchmark, predictions / name, truth) == []
        scores[name] = evaluate(benchmark, truth, predictions / name).metrics[metric]
    assert 1 > scores["strong"] > scores["weak"] > 0
    summary = describe_ground_truth(benchmark, truth)
    assert [video.length for video in summary.videos] == [10] * 4
    frames = tmp_path / "frames" / summary.videos[0].name
    assert len(list(frames.glob("*.jpg"))) == 10


@pytest.mark.parametrize(("write", "benchmark", "metric"), TASKS)
def test_the_same_seed_writes_the_same_bytes(
    write: Callable[..., None], benchmark: str, metric: str, tmp_path: Path
) -> None:
    small = {**SIZE, "videos": 1, "frames": 3}
    write(tmp_path / "once", **small)
    write(tmp_path / "again", **small)
    assert digest(tmp_path / "once") == digest(tmp_path / "again")
    write(tmp_path / "other", **{**small, "seed": 4})
    assert digest(tmp_path / "once") != digest(tmp_path / "other")


@pytest.mark.parametrize(("task", "benchmark"), [("demo-vps", "vipseg"), ("demo-vss", "vspw")])
def test_the_command_line_makes_a_benchmark_and_scores_it(task: str, benchmark: str, tmp_path: Path) -> None:
    out = tmp_path / "made"
    size = ["--videos", "1", "--frames", "9", "--size", "36x64"]
    assert CliRunner().invoke(app, ["synth", task, "--out", str(out), *size]).exit_code == 0
    paths = ["--gt", str(out / "ground_truth"), "--pred", str(out / "predictions" / "medium")]
    result = CliRunner().invoke(app, ["score", benchmark, *paths, "--json", str(tmp_path / "report.json")])
    assert result.exit_code == 0
    assert (tmp_path / "report.json").is_file()
