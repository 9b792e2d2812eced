"""What must hold of every file: names and order carry no meaning, and a worse result scores no better."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator import analyse, evaluate
from tests.evaluator.map_files import write_class_maps, write_class_truth
from tests.evaluator.tracklets.test_average_precision import encode, random_case, score
from tests.evaluator.vis_files import write

seeds = st.integers(0, 2**32 - 1)
quick = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@quick
@given(seed=seeds)
def test_neither_names_nor_order_of_videos_and_categories_matter(seed: int, tmp_path: Path) -> None:
    predictions, truths = random_case(seed)
    for rank, track in enumerate(predictions):
        track.score = rank / 100  # predictions with equal scores count in the order of their videos
    report = score(tmp_path, predictions, truths)
    truth = json.loads((tmp_path / "gt.json").read_text())
    results = json.loads((tmp_path / "results.json").read_text())
    rng = np.random.default_rng(seed)
    renamed = {key: dict(zip((1, 2, 3), rng.permutation(900)[:3].tolist(), strict=True)) for key in "vc"}
    for entry in [*truth["annotations"], *results]:
        entry["video_id"] = renamed["v"][entry["video_id"]]
        entry["category_id"] = renamed["c"][entry["category_id"]]
    for kind in ("videos", "categories"):
        for entry in truth[kind]:
            entry["id"] = renamed[kind[0]][entry["id"]]
        rng.shuffle(truth[kind])
    again = evaluate(
        "ytvis2021", write(tmp_path / "gt2.json", truth), write(tmp_path / "results2.json", results)
    )
    assert again.metrics == pytest.approx(report.metrics, abs=1e-12)
    assert again.per_category == {
        name: pytest.approx(values, abs=1e-12) for name, values in report.per_category.items()
    }
    assert again.per_video == {str(renamed["v"][int(id)]): row for id, row in report.per_video.items()}


HEIGHT, WIDTH, LENGTH, OBJECTS = 12, 10, 6, 3


def one_track_an_object(rng: np.random.Generator) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return objects in rows of their own, and a track of each that is right wherever it is."""
    shape = {"height": HEIGHT, "width": WIDTH, "length": LENGTH}
    truths, found = [], []
    for number in range(OBJECTS):
        masks = np.zeros((2, LENGTH, HEIGHT, WIDTH), bool)
        for true, right in zip(*masks, strict=True):
            left, width = rng.integers(0, 4), rng.integers(0, 7)  # a width of 0 is a gap
            true[4 * number : 4 * number + 4, left : left + width] = True
            right |= true & (rng.random() < 0.8)
        entry = {"video_id": 1, "category_id": 1, "id": number + 1, "iscrowd": 0}
        areas = [int(mask.sum()) for mask in masks[0]]
        truths.append({**entry, **shape, "areas": areas, "segmentations": list(map(encode, masks[0]))})
        found.append({**entry, "score": 0.9, "segmentations": list(map(encode, masks[1]))})
    return truths, found


@quick
@given(seed=seeds)
def test_splitting_a_track_never_raises_association_accuracy(seed: int, tmp_path: Path) -> None:
    # Of a track that is wrong in places this is not true: its wrong part no longer spoils the right one.
    rng = np.random.default_rng(seed)
    truths, found = one_track_an_object(rng)
    video = {"id": 1, "height": HEIGHT, "width": WIDTH, "length": LENGTH}
    categories = [{"id": 1, "name": "fish"}]
    truth = write(tmp_path / "gt.json", {"videos": [video], "categories": categories, "annotations": truths})
    cut, at = found[rng.integers(OBJECTS)], int(rng.integers(1, LENGTH))
    first, second = ([*cut["segmentations"]] for _ in range(2))
    first[at:], second[:at] = [None] * (LENGTH - at), [None] * at
    halves = [{**cut, "segmentations": first}, {**cut, "segmentations": second}]
    split = [track for track in found if track is not cut] + halves
    whole, parts = (
        analyse("ytvis2021", truth, write(tmp_path / "results.json", tracks)).whole.tracking
        for tracks in (found, split)
    )
    for kind in ("det_averaged", "class_averaged"):
        before, after = whole[kind], parts[kind]
        assert after["DetA"] == pytest.approx(before["DetA"], abs=1e-12)
        assert after["AssA"] <= before["AssA"] + 1e-12


@quick
@given(seed=seeds)
def test_the_numbers_of_classes_do_not_matter(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, (2, 9, 3, 4)).astype(np.uint8)
    found = rng.integers(0, 5, truth.shape).astype(np.uint8)
    order = rng.permutation(124).astype(np.uint8)
    renamed = np.where(truth == 0, 0, order[np.maximum(truth, 1) - 1] + 1).astype(np.uint8)
    reports = [
        evaluate(
            "vspw",
            write_class_truth(tmp_path / name / "gt", dict(zip("ab", true, strict=True))),
            write_class_maps(tmp_path / name / "pred", dict(zip("ab", predicted, strict=True))),
        )
        for name, true, predicted in (("plain", truth, found), ("renamed", renamed, order[found]))
    ]
    assert reports[1].metrics == pytest.approx(reports[0].metrics, abs=1e-12)
