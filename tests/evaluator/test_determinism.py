"""The same input gives the same bytes of JSON, whatever the number of workers, threads and hash seeds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.synthetic import vis, vps, vss

BENCHMARKS = {"ovis": "annotations.json", "vipseg": "ground_truth", "vspw": "ground_truth"}
SCORE_ALL = """
import json, sys
from pathlib import Path
from evaluator import evaluate
folder, workers = Path(sys.argv[1]), int(sys.argv[2])
for benchmark, truth in json.loads(sys.argv[3]).items():
    place = folder / benchmark
    report = evaluate(
        benchmark, place / truth, place / "predictions/medium", workers=workers, bootstrap=60, seed=5
    )
    print(json.dumps({**report.to_json(), "seconds": None}, indent=1), json.dumps(report.samples))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmarks")
    sizes = {"videos": 4, "height": 32, "width": 48, "seed": 1}
    vis.write_benchmark(folder / "ovis", frames=5, **sizes)
    vps.write_benchmark(folder / "vipseg", frames=8, **sizes)
    vss.write_benchmark(folder / "vspw", frames=18, **sizes)
    return folder


def score_all(folder: Path, workers: int, **environment: str) -> bytes:
    command = [sys.executable, "-c", SCORE_ALL, str(folder), str(workers), json.dumps(BENCHMARKS)]
    return subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment}).stdout


def test_reports_are_the_same_bytes_for_any_workers_threads_and_hash_seed(made: Path) -> None:
    alone = score_all(made, 1, PYTHONHASHSEED="1", NUMBA_NUM_THREADS="1", OMP_NUM_THREADS="1")
    several = score_all(made, 3, PYTHONHASHSEED="2", OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")
    assert alone == several
    # Three reports, with intervals and draws.
    assert alone.count(b'"resamples": 60') == len(BENCHMARKS)
    assert len(alone) > 10_000
