"""The contract of `python -m evaluator`: exit status, what is printed where, and the JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator import __version__
from tests.evaluator.vis_files import annotation, ground_truth, prediction, write


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "gt.json", ground_truth()), write(tmp_path / "results.json", [prediction()])


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evaluator", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=None)


def test_score_prints_every_metric_and_writes_the_report(files: tuple[Path, Path], tmp_path: Path) -> None:
    truth, results = files
    done = run(
        "score", "ovis", "--gt", truth, "--pred", results, "--json", tmp_path / "out.json", "--workers", 2
    )
    assert done.returncode == 0
    (warning,) = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert "1 of the 2 videos has no prediction" in warning
    report = json.loads((tmp_path / "out.json").read_text())
    assert set(report) == {
        "benchmark", "task", "evaluator", "digest", "videos", "predictions", "metrics", "per_category",
        "per_video", "intervals", "bootstrap", "subsets", "seconds", "warnings",
    }  # fmt: skip
    assert (report["benchmark"], report["task"], report["evaluator"]) == ("ovis", "vis", __version__)
    assert (report["videos"], report["predictions"]) == (2, 1)
    assert report["digest"].startswith("sha256:")
    assert report["metrics"]["AP"] == pytest.approx(1)
    assert report["metrics"]["AP_so"] is None
    assert report["seconds"]["total"] >= report["seconds"]["match"] > 0
    for key in report["metrics"]:
        assert key in done.stdout
    assert "undefined" in done.stdout


def test_bootstrap_adds_intervals(files: tuple[Path, Path], tmp_path: Path) -> None:
    options = ("--bootstrap", 20, "--seed", 3, "--json", tmp_path / "out.json")
    done = run("score", "ovis", "--gt", files[0], "--pred", files[1], *options)
    assert done.returncode == 0
    assert "95 % interval" in done.stdout
    low, high = json.loads((tmp_path / "out.json").read_text())["intervals"]["AP"]
    assert 0 <= low <= high <= 1


def test_warnings_go_to_standard_error(files: tuple[Path, Path]) -> None:
    truth, results = files
    write(results, [])
    done = run("score", "ovis", "--gt", truth, "--pred", results)
    assert done.returncode == 0
    assert done.stderr == (
        "warning: results.json: The list has no predictions.\n"
        "  -> Check that your method wrote its results; an empty list scores 0.   [predictions-empty]\n"
    )


def test_a_rejected_submission_exits_with_1_and_all_problems(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    truth, results = files
    write(results, [prediction(score="1"), prediction(video_id=8)])
    done = run("score", "ovis", "--gt", truth, "--pred", results, "--json", tmp_path / "out.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "[score-type]" in done.stderr
    assert "[video-unknown]" in done.stderr
    problems = json.loads((tmp_path / "out.json").read_text())["problems"]
    assert problems[0] == {
        "code": "score-type",
        "severity": "error",
        "where": {"file": "results.json", "entry": 0, "video_id": 7, "video": "seven", "field": "score"},
        "message": "`score` is the string '1', expected a number.",
        "hint": "Write the confidence as a JSON number.",
        "count": 1,
    }


def test_an_unusable_ground_truth_exits_with_3(files: tuple[Path, Path]) -> None:
    truth, results = files
    write(truth, ground_truth(annotation(0)))
    for command in ("score", "validate"):
        done = run(command, "ovis", "--gt", truth, "--pred", results)
        assert done.returncode == 3
        assert "An annotation has the id 0." in done.stderr


def test_validate_tells_valid_from_not_valid(files: tuple[Path, Path]) -> None:
    truth, results = files
    done = run("validate", "ovis", "--pred", results)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{results}: valid.\n", "")
    write(results, [prediction(video_id=8)])
    assert run("validate", "ovis", "--pred", results).returncode == 0
    done = run("validate", "ovis", "--pred", results, "--gt", truth)
    assert done.returncode == 1
    assert "The ground truth has no video 8" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["score", "coco"],
            "There is no benchmark 'coco'. Choose one of: ytvis2019, ytvis2021, ytvis2022, ovis",
        ),
        (["validate", "coco"], "There is no benchmark 'coco'."),
    ],
)
def test_an_unknown_benchmark_is_wrong_usage(
    words: list[str], sentence: str, files: tuple[Path, Path]
) -> None:
    done = run(*words, "--gt", files[0], "--pred", files[1])
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)


def test_a_missing_file_is_wrong_usage(files: tuple[Path, Path]) -> None:
    done = run("score", "ovis", "--gt", "nowhere.json", "--pred", files[1])
    assert done.returncode == 2
    assert done.stderr == (
        "--gt: there is no file 'nowhere.json'. Check the spelling and the current folder.\n"
    )
    assert run("score", "ovis", "--gt", files[0]).returncode == 2
    assert run("score").returncode == 2


def test_a_report_that_cannot_be_written_is_wrong_usage(files: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("score", "ovis", "--gt", files[0], "--pred", files[1], "--json", tmp_path / "no" / "out.json")
    assert done.returncode == 2
    assert "Choose a file in a writable folder." in done.stderr


def test_synth_makes_a_benchmark_that_score_takes(tmp_path: Path) -> None:
    size = ("--videos", 1, "--frames", 3, "--size", "48x64")
    done = run("synth", "demo-vis", "--out", tmp_path / "made", *size)
    assert done.returncode == 0, done.stderr
    for name in ("strong", "medium", "weak"):
        folder = tmp_path / "made" / "predictions" / name
        done = run("score", "ovis", "--gt", tmp_path / "made" / "annotations.json", "--pred", folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["vos"], "There is no task 'vos'"),
        (["vis", "--size", "48"], "--size is '48'. Write HEIGHTxWIDTH, from 32 to 8192 pixels each"),
        (["vps", "--size", "31x48"], "--size is '31x48'. Write HEIGHTxWIDTH, from 32 to 8192 pixels each"),
        (["vss", "--videos", "0"], "--videos is 0. Choose a number from 1 to 100000."),
        (["vis", "--seed", str(2**32)], "--seed is 4294967296. Choose a number from 0 to 4294967295."),
    ],
)
def test_synth_says_what_it_can_make(words: list[str], sentence: str, tmp_path: Path) -> None:
    done = run("synth", *words, "--out", tmp_path / "made")
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)
