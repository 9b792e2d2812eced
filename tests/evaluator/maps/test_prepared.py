"""Prepared panoptic and semantic ground truth: the same report, made once, and never a stale one."""

import os
from pathlib import Path

import numpy as np
import pytest

from evaluator import GroundTruthError, evaluate
from evaluator.maps import png
from tests.evaluator.map_files import (
    Panoptic,
    rgb,
    write_class_maps,
    write_class_truth,
    write_png,
    write_predictions,
    write_truth,
)

RANDOM = np.random.default_rng(0).choice(np.array([0, 5, 300], np.uint32), (3, 6, 8))
OTHER = np.where(RANDOM == 5, 300, RANDOM).astype(np.uint32)
FIRST_MAP = {"vipseg": "panomasksRGB/b/00000.png", "vspw": "data/b/mask/00000.png"}
DECODER = {"vipseg": "decode_ids", "vspw": "decode_values"}
Files = tuple[str, Path, Path]


@pytest.fixture(params=["vipseg", "vspw"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """A benchmark, its ground truth and predictions: two videos of three frames."""
    if request.param == "vspw":
        maps = {"a": (RANDOM % 7).astype(np.uint8), "b": (OTHER % 7).astype(np.uint8)}
        predicted = {"a": maps["b"], "b": maps["a"]}
        folders = write_class_truth(tmp_path / "gt", maps), write_class_maps(tmp_path / "pred", predicted)
    else:
        a, b = Panoptic(RANDOM, {5: 0, 300: 1}), Panoptic(OTHER, {300: 1})
        folders = (
            write_truth(tmp_path / "gt", {"a": a, "b": b}),
            write_predictions(tmp_path / "pred", {"a": b, "b": a}),
        )
    return request.param, *folders


def test_the_report_is_the_same_and_maps_are_decoded_once(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = tmp_path / "prepared"
    plain = evaluate(*files)
    first = evaluate(*files, prepared_dir=prepared)
    decoded = []
    name = DECODER[files[0]]
    decode = getattr(png, name)
    monkeypatch.setattr(png, name, lambda *arguments: decoded.append(1) or decode(*arguments))
    second = evaluate(*files, prepared_dir=prepared)
    assert len(decoded) == 6  # the maps of the predictions
    third = evaluate(*files, prepared_dir=prepared, workers=2)
    for report in (first, second, third):
        assert {**report.to_json(), "seconds": {}} == {**plain.to_json(), "seconds": {}}
    assert len(list(prepared.glob("runs-*"))) == 2


def test_a_file_put_in_place_of_another_is_noticed_although_size_and_time_are_the_same(
    files: Files, tmp_path: Path
) -> None:
    prepared = tmp_path / "prepared"
    evaluate(*files, prepared_dir=prepared)
    file = files[1] / FIRST_MAP[files[0]]
    status = file.stat()
    file.write_bytes(bytes(status.st_size))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(GroundTruthError):
        evaluate(*files, prepared_dir=prepared)


def test_a_changed_map_is_prepared_anew(files: Files, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    before = evaluate(*files, prepared_dir=prepared)
    empty = np.zeros((6, 8), np.uint32)
    changed = rgb(empty) if files[0] == "vipseg" else empty.astype(np.uint8)
    write_png(files[1] / FIRST_MAP[files[0]], changed)
    after = evaluate(*files, prepared_dir=prepared)
    assert after.metrics != before.metrics
    assert after.metrics == evaluate(*files).metrics
