"""Spoiled files of every format end in a report or in named problems: no crash, no hang, no flood."""

import copy
import io
import json
import random
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator import GroundTruthError, SubmissionRejected, evaluate, warm_up
from tests.evaluator.map_files import (
    Panoptic,
    write_class_maps,
    write_class_truth,
    write_predictions,
    write_truth,
)
from tests.evaluator.vis_files import annotation, column, ground_truth, prediction, rle, write

SECONDS, KILOBYTES = 10, 100 << 10
fuzz = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
seeds = st.integers(0, 2**32 - 1)

RESULTS = [
    prediction(),
    prediction(video_id=9, score=0.25, segmentations=[None, rle(3, 5, 4, 2), column(2, 2)]),
    prediction(segmentations=[{"size": [4, 6], "counts": [4, 4, 16]}, [[0, 0, 3, 0, 3, 3]], {}]),
]
TRUTH = ground_truth(annotation(), annotation(2, video_id=9, category_id=5))
STRANGE = [
    None, True, -1, 0, 2**31, 2**63, 10**30, 0.5, 1e308, float("nan"), float("-inf"), "", "7", "\0", "é" * 40,
    [], {}, [[]], [None], {"size": [4, 6]}, {"size": [-4, 6], "counts": "0"}, {"counts": "\x7f"}, "P" * 3000,
]  # fmt: skip


def spoil_bytes(rng: random.Random, contents: bytes) -> bytes:
    """Return the file with a few bytes changed, dropped, repeated, or its end cut off."""
    spoiled = bytearray(contents)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(spoiled) or 1)
        width = rng.choice([1, 1, 1, 2, 8, 40])
        change = rng.choice(["set", "flip", "drop", "repeat", "cut"])
        if change == "set":
            spoiled[at : at + width] = rng.choice([rng.randbytes(width), b"0" * width, b"\xff" * width])
        elif change == "flip" and spoiled:
            spoiled[at] ^= 1 << rng.randrange(8)
        elif change == "drop":
            del spoiled[at : at + width]
        elif change == "repeat":
            spoiled[at:at] = spoiled[at : at + width] * rng.choice([1, 3, 500])
        elif rng.random() < 0.3:
            del spoiled[at:]
    return bytes(spoiled)


def spoil_value(rng: random.Random, value: Any) -> Any:
    """Return the JSON value with a few of its parts replaced by something strange, dropped or repeated."""
    spoiled = copy.deepcopy(value)
    for _ in range(rng.randint(1, 3)):
        place = spoiled
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(place[key], (dict, list)) and rng.random() < 0.75:
                place = place[key]
                continue
            if rng.random() < 0.15:
                del place[key]
            elif isinstance(place, list) and rng.random() < 0.2:
                place.extend(place[:1] * rng.choice([1, 5, 300]))
            else:
                place[key] = copy.deepcopy(rng.choice(STRANGE))
            break
    return spoiled


@pytest.fixture(autouse=True, scope="module")
def _warm() -> None:
    """Load the kernels, so that their time and memory are not taken for those of a file."""
    warm_up()


def must_end_well(score: Callable[[], object]) -> None:
    """Score; a report and named problems are fine, if they came in time and in little memory."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    problems = [""]
    try:
        score()
    except (SubmissionRejected, GroundTruthError) as refused:
        problems = [str(problem) for problem in refused.problems]
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert problems
    assert after.ru_utime - before.ru_utime < SECONDS
    assert after.ru_maxrss - before.ru_maxrss < KILOBYTES


@fuzz
@given(seeds)
def test_results_with_spoiled_bytes(tmp_path: Path, seed: int) -> None:
    spoiled = spoil_bytes(random.Random(seed), json.dumps(RESULTS).encode())
    (tmp_path / "results.json").write_bytes(spoiled)
    truth = write(tmp_path / "gt.json", TRUTH)
    must_end_well(lambda: evaluate("ovis", truth, tmp_path / "results.json"))


@fuzz
@given(seeds)
def test_results_with_strange_values(tmp_path: Path, seed: int) -> None:
    results = write(tmp_path / "results.json", spoil_value(random.Random(seed), RESULTS))
    truth = write(tmp_path / "gt.json", TRUTH)
    must_end_well(lambda: evaluate("ovis", truth, results))


@fuzz
@given(seeds)
def test_annotations_with_strange_values(tmp_path: Path, seed: int) -> None:
    truth = write(tmp_path / "gt.json", spoil_value(random.Random(seed), TRUTH))
    results = write(tmp_path / "results.json", RESULTS)
    must_end_well(lambda: evaluate("ovis", truth, results))


@fuzz
@given(seeds)
def test_annotations_with_spoiled_bytes(tmp_path: Path, seed: int) -> None:
    (tmp_path / "gt.json").write_bytes(spoil_bytes(random.Random(seed), json.dumps(TRUTH).encode()))
    results = write(tmp_path / "results.json", RESULTS)
    must_end_well(lambda: evaluate("ovis", tmp_path / "gt.json", results))


def zipped(files: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return memory.getvalue()


@fuzz
@given(seeds)
def test_archives_with_spoiled_bytes(tmp_path: Path, seed: int) -> None:
    contents = zipped({"results.json": json.dumps(RESULTS).encode()})
    (tmp_path / "results.zip").write_bytes(spoil_bytes(random.Random(seed), contents))
    truth = write(tmp_path / "gt.json", TRUTH)
    must_end_well(lambda: evaluate("ovis", truth, tmp_path / "results.zip"))


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of each kind of maps, with predictions."""
    folder = tmp_path_factory.mktemp("maps")
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 4, (2, 3, 6, 8))
    ids = np.array([0, 5, 300, 70000], np.uint32)[cells]
    panoptic = {
        name: Panoptic(video, {5: 0, 300: 1, 70000: 2}) for name, video in zip("ab", ids, strict=True)
    }
    write_truth(folder / "vipseg", panoptic)
    write_predictions(folder / "vipseg_pred", panoptic)
    classes = dict(zip("ab", cells.astype(np.uint8), strict=True))
    write_class_truth(folder / "vspw", classes)
    write_class_maps(folder / "vspw_pred", classes)
    return folder


@pytest.mark.parametrize("benchmark", ["vipseg", "vspw"])
@fuzz
@given(seeds, st.booleans())
def test_maps_with_spoiled_bytes(
    maps: Path, tmp_path: Path, benchmark: str, seed: int, whole_archive: bool
) -> None:
    rng = random.Random(seed)
    folder = maps / f"{benchmark}_pred"
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}
    if not whole_archive:
        name = rng.choice(list(files))
        files[name] = spoil_bytes(rng, files[name])
    contents = zipped(files)
    archive = tmp_path / "predictions.zip"
    archive.write_bytes(spoil_bytes(rng, contents) if whole_archive else contents)
    must_end_well(lambda: evaluate(benchmark, maps / benchmark, archive))


@fuzz
@given(seeds)
def test_lists_of_segments_with_strange_values(maps: Path, tmp_path: Path, seed: int) -> None:
    folder = maps / "vipseg_pred"
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}
    listed = spoil_value(random.Random(seed), json.loads(files["pred.json"]))
    files["pred.json"] = json.dumps(listed).encode()
    (tmp_path / "predictions.zip").write_bytes(zipped(files))
    must_end_well(lambda: evaluate("vipseg", maps / "vipseg", tmp_path / "predictions.zip"))
