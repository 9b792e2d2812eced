"""Prepared ground truth: the same numbers, never stale, safe to make twice at once."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from evaluator import evaluate
from evaluator.tracklets import ground_truth as prepared
from evaluator.tracklets.annotations import read_annotations
from tests.evaluator.vis_files import annotation, ground_truth, prediction, write


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    truth = write(tmp_path / "gt.json", ground_truth(annotation(1), annotation(2, video_id=9)))
    return truth, write(tmp_path / "results.json", [prediction()]), tmp_path / "prepared"


def test_a_report_from_the_prepared_form_is_the_same(files: tuple[Path, Path, Path]) -> None:
    truth, results, folder = files
    reports = [
        evaluate("ovis", truth, results),
        evaluate("ovis", truth, results, prepared_dir=folder),
        evaluate("ovis", truth, results, prepared_dir=folder),
    ]
    assert len({report.digest for report in reports}) == 1
    assert reports[0].per_video == reports[1].per_video == reports[2].per_video


def test_the_prepared_form_is_used_instead_of_the_file(files: tuple[Path, Path, Path]) -> None:
    truth, results, folder = files
    first = evaluate("ovis", truth, results, prepared_dir=folder)
    (place,) = [path for path in folder.iterdir() if path.is_dir()]
    areas = np.load(place / "areas.npy")
    np.save(place / "areas.npy", areas * 1000)  # nothing can match any more
    assert evaluate("ovis", truth, results, prepared_dir=folder).metrics["AP"] != first.metrics["AP"]


def test_a_changed_file_is_prepared_anew(files: tuple[Path, Path, Path]) -> None:
    truth, results, folder = files
    before = evaluate("ovis", truth, results, prepared_dir=folder)
    write(truth, ground_truth(annotation(1)))
    after = evaluate("ovis", truth, results, prepared_dir=folder)
    assert before.digest != after.digest
    assert after.digest == evaluate("ovis", truth, results).digest


def test_one_file_is_prepared_for_benchmarks_with_and_without_occlusion(
    files: tuple[Path, Path, Path],
) -> None:
    truth, results, folder = files
    assert "AP_ho" in evaluate("ovis", truth, results, prepared_dir=folder).metrics
    assert "AP_ho" not in evaluate("ytvis2021", truth, results, prepared_dir=folder).metrics
    assert len([path for path in folder.iterdir() if path.is_dir()]) == 2


def test_a_copy_of_the_file_needs_no_second_preparation(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    truth, results, folder = files
    evaluate("ovis", truth, results, prepared_dir=folder)
    copy = Path(shutil.copy(truth, tmp_path / "copy.json"))
    evaluate("ovis", copy, results, prepared_dir=folder)
    assert len([path for path in folder.iterdir() if path.is_dir()]) == 1


def test_saving_what_another_process_saved_meanwhile_is_no_error(files: tuple[Path, Path, Path]) -> None:
    truth = read_annotations(files[0], occlusion=True)
    place = prepared.prepared_path(files[2], truth.sha256, "occlusion")
    prepared.save(truth, place)
    before = sorted(files[2].iterdir())
    prepared.save(truth, place)
    assert sorted(files[2].iterdir()) == before
    assert prepared.load(place) is not None
