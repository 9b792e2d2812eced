"""Prepared panoptic ground truth: the same report, made once, and never a stale one."""

from pathlib import Path

import numpy as np
import pytest

from evaluator import evaluate
from evaluator.formats import png
from tests.evaluator.map_files import Panoptic, rgb, write_png, write_predictions, write_truth


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    ids = np.random.default_rng(0).choice(np.array([0, 5, 300], np.uint32), (3, 6, 8))
    other = np.where(ids == 5, 300, ids).astype(np.uint32)
    truth = {"a": Panoptic(ids, {5: 0, 300: 1}), "b": Panoptic(other, {300: 1})}
    predicted = {"a": Panoptic(other, {300: 1}), "b": Panoptic(ids, {5: 0, 300: 1})}
    return write_truth(tmp_path / "gt", truth), write_predictions(tmp_path / "pred", predicted)


def test_the_report_is_the_same_and_maps_are_decoded_once(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = tmp_path / "prepared"
    plain = evaluate("vipseg", *files)
    first = evaluate("vipseg", *files, prepared_dir=prepared)
    decoded = []
    decode = png.decode_ids
    monkeypatch.setattr(png, "decode_ids", lambda *arguments: decoded.append(1) or decode(*arguments))
    second = evaluate("vipseg", *files, prepared_dir=prepared, workers=2)
    assert len(decoded) == 6  # the maps of the predictions
    for report in (first, second):
        assert {**report.to_json(), "seconds": {}} == {**plain.to_json(), "seconds": {}}
    assert len(list(prepared.iterdir())) == 2


def test_a_changed_map_is_prepared_anew(files: tuple[Path, Path], tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    before = evaluate("vipseg", *files, prepared_dir=prepared)
    write_png(files[0] / "panomasksRGB" / "b" / "00000.png", rgb(np.zeros((6, 8), np.uint32)))
    after = evaluate("vipseg", *files, prepared_dir=prepared)
    assert after.metrics != before.metrics
    assert after.metrics == evaluate("vipseg", *files).metrics
