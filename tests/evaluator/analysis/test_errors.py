"""Kinds of errors and what they cost, on cases whose answers are known, and what must hold of any."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator import analyse
from evaluator.analysis.error_kernels import SPATIAL, TEMPORAL
from evaluator.analysis.errors import KINDS, ErrorAnalysis, Explanations
from evaluator.analysis.overlaps import video_overlaps
from evaluator.catalog import BENCHMARKS
from evaluator.files.source import open_predictions
from evaluator.tracklets.evaluate import load_ground_truth, score_predictions
from evaluator.tracklets.results import pool, splits_of
from evaluator.tracklets.scorer import TrackletScorer
from tests.evaluator.analysis.brute_force_errors import kind_of
from tests.evaluator.analysis.tracking_files import tracks, write_files
from tests.evaluator.vis_files import write

# Frames of 2 x 20 pixels; an object is a row of columns of 2 pixels each.
HEIGHT, WIDTH, LENGTH = 2, 20, 10
CAT, DOG = 2, 5
Columns = tuple[int, int] | None  # first column and number of columns


def mask(columns: Columns) -> dict[str, Any] | None:
    if columns is None:
        return None
    first, count = columns
    return {"size": [HEIGHT, WIDTH], "counts": [2 * first, 2 * count, 2 * (WIDTH - first - count)]}


def track(
    *pieces: tuple[int, Columns], category: int = CAT, score: float = 0.5, **more: Any
) -> dict[str, Any]:
    """Return a track from pieces (frames, columns)."""
    masks = [mask(columns) for frames, columns in pieces for _ in range(frames)]
    assert len(masks) == LENGTH
    areas = [2 * columns[1] if columns else None for frames, columns in pieces for _ in range(frames)]
    return {
        "video_id": 1, "category_id": category, "score": score, "segmentations": masks, "areas": areas,
        "iscrowd": 0, "occlusion": ["no_occlusion"] * LENGTH,
    } | more  # fmt: skip


A, B = (0, 4), (10, 4)  # two objects that stay where they are
OBJECT_A, OBJECT_B = track((10, A)), track((10, B))


def errors(
    folder: Path, truths: list[dict[str, Any]], guesses: list[dict[str, Any]], benchmark: str = "ytvis2021"
) -> dict[str, Any]:
    return analyse(benchmark, *write_video(folder, truths, guesses)).whole.errors


def write_video(
    folder: Path, truths: list[dict[str, Any]], guesses: list[dict[str, Any]]
) -> tuple[Path, Path]:
    shape = {"height": HEIGHT, "width": WIDTH, "length": LENGTH}
    truth = {
        "videos": [{"id": 1, **shape}],
        "categories": [{"id": CAT, "name": "cat"}, {"id": DOG, "name": "dog"}],
        "annotations": [{**item, "id": number} for number, item in enumerate(truths, start=1)],
    }
    return write(folder / "gt.json", truth), write(folder / "results.json", guesses)


def only(found: dict[str, Any]) -> dict[str, tuple[float, int]]:
    """Return (dAP50, count) of the kinds that occur or cost anything."""
    pairs = {kind: (round(value["dAP50"], 6), value["count"]) for kind, value in found["kinds"].items()}
    return {kind: pair for kind, pair in pairs.items() if pair != (0, 0)}


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], float, dict[str, tuple[float, int]]]] = {
    "everything is right": ([OBJECT_A], [OBJECT_A], 1, {}),
    "another category": (
        [OBJECT_A, track((10, B), category=DOG)],
        [track((10, A), category=DOG), track((10, B), category=DOG, score=0.4)],
        # The wrong one stands above the right one of the dogs: precision 1/2. Fixed, both are 1.
        0.25,
        {"classification": (0.75, 1)},
    ),
    "masks too narrow": ([OBJECT_A], [track((10, (0, 1)))], 0, {"spatial": (1, 1)}),
    "twice too narrow: the better one is repaired": (
        [OBJECT_A],
        [track((10, (0, 1)), score=0.9), track((10, B), score=0.8), track((10, (1, 1)), score=0.7)],
        0,
        {"spatial": (1, 2), "background": (0, 1)},
    ),
    "too short": ([OBJECT_A], [track((3, A), (7, None))], 0, {"temporal": (1, 1)}),
    "too long": ([track((3, A), (7, None))], [OBJECT_A], 0, {"temporal": (1, 1)}),
    # In the common frames IoU is 3/4, all in all 3 * 4 / 40: time is the worse of the two.
    "too narrow and much too short": ([OBJECT_A], [track((4, (0, 3)), (6, None))], 0, {"temporal": (1, 1)}),
    # In the common frames IoU is 1/4; with exact masks it would be 9/10.
    "a bit too short and much too narrow": (
        [OBJECT_A],
        [track((9, (0, 1)), (1, None))],
        0,
        {"spatial": (1, 1)},
    ),
    "half on one object, half on another": (
        [OBJECT_A, OBJECT_B],
        [track((6, A), (4, B)), track((4, B), (6, A), score=0.4)],
        # IoU with A and B: 6/14 and 4/16 of the first; the second goes from B to A, so it is about A too.
        0,
        {"switch": (0.504950, 2), "missed": (0, 1)},
    ),
    "one track in two pieces": (
        [OBJECT_A],
        [track((5, A), (5, None), score=0.9), track((6, None), (4, A), score=0.8)],
        # The longer piece reaches IoU 0.5 and is right. The other continues it.
        1,
        {"fragment": (0, 1)},
    ),
    "one track in three pieces": (
        [OBJECT_A],
        [
            track((3, A), (7, None), score=0.9),
            track((3, None), (4, A), (3, None), score=0.8),
            track((7, None), (3, A), score=0.7),
        ],
        0,
        {"fragment": (1, 3)},
    ),
    "a piece of what is found already": (
        [OBJECT_A],
        [OBJECT_A, track((3, A), (7, None), score=0.4)],
        1,
        {"temporal": (0, 1)},
    ),
    "found twice, the copy above another object": (
        [OBJECT_A, OBJECT_B],
        [track((10, A), score=0.9), track((10, A), score=0.8), track((10, B), score=0.7)],
        # 51 recalls at precision 1 and 50 at 2/3.
        (51 + 50 * 2 / 3) / 101,
        {"duplicate": (50 / 3 / 101, 1)},
    ),
    "nothing there": (
        [OBJECT_A],
        [track((10, B), score=0.9), track((10, A), score=0.8)],
        0.5,
        {"background": (0.5, 1)},
    ),
    "another category and too narrow": (
        [OBJECT_A],
        [track((10, (0, 1)), category=DOG), track((10, A), score=0.4)],
        1,  # there are no dogs, so a wrong one costs nothing
        {"both": (0, 1)},
    ),
    "one of two not found": (
        [OBJECT_A, OBJECT_B],
        [OBJECT_A],
        51 / 101,
        {"missed": (50 / 101, 1)},
    ),
    "no predictions": ([OBJECT_A, OBJECT_B], [], 0, {"missed": (1, 2)}),
    "crowds are not about anything": (
        [OBJECT_A, track((10, B), category=DOG, iscrowd=1)],
        [OBJECT_A, track((10, B), score=0.4)],
        1,
        {"background": (0, 1)},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_with_a_known_answer(name: str, tmp_path: Path) -> None:
    truths, guesses, ap50, expected = CASES[name]
    found = errors(tmp_path, truths, guesses)
    assert found["AP50"] == pytest.approx(ap50, abs=1e-6)
    assert only(found) == {kind: (pytest.approx(gain, abs=2e-6), n) for kind, (gain, n) in expected.items()}


def test_a_short_exact_piece_of_a_long_track_is_about_it_though_their_iou_is_below_a_tenth(
    tmp_path: Path,
) -> None:
    small = track((1, (0, 3)), (9, None))
    assert only(errors(tmp_path, [OBJECT_A], [small])) == {"temporal": (1, 1)}
    # 3 / 40 of the object, but where it is, it is on the object; the same width beside it is about nothing.
    beside = track((1, (5, 3)), (9, None))
    assert only(errors(tmp_path, [OBJECT_A], [beside])) == {"background": (0, 1), "missed": (1, 1)}


def test_errors_about_objects_outside_a_slice_cost_that_slice_nothing_when_repaired(tmp_path: Path) -> None:
    heavy = {"occlusion": ["severe_occlusion"] * LENGTH}
    found = errors(
        tmp_path,
        [OBJECT_A, track((10, B), **heavy)],
        [track((10, (10, 1)), score=0.9), track((10, A), score=0.8)],
        "ovis",
    )["by"]["occlusion"]
    # The narrow mask is about the heavily occluded B. Officially it is a false positive among the light, too.
    assert found["light"]["AP50"] == pytest.approx(0.5)
    assert found["light"]["kinds"]["spatial"] == {"dAP50": pytest.approx(0.5), "count": 1}
    assert found["heavy"]["AP50"] == 0
    assert found["heavy"]["kinds"]["spatial"] == {"dAP50": pytest.approx(1), "count": 1}
    assert found["medium"]["AP50"] is None
    assert found["medium"]["kinds"]["spatial"]["dAP50"] is None


def test_mending_two_kinds_finds_an_object_once(tmp_path: Path) -> None:
    guesses = [track((10, (0, 1)), score=0.9), track((3, A), (7, None), score=0.8)]
    scorer, found = _explain(*write_video(tmp_path, [OBJECT_A, OBJECT_B], guesses))
    analysis = ErrorAnalysis(scorer, found, 0, np.ones(1, bool))
    assert analysis.ap50((SPATIAL, TEMPORAL)) == pytest.approx(51 / 101)


def explained(folder: Path, found: list[dict[str, Any]], guesses: list[dict[str, Any]]) -> Explanations:
    """Return what is said of random tracks; the predictions are ordered as the scorer orders them."""
    scorer, explanations = _explain(*write_files(folder, found, guesses, categories=(1, 2)))
    kind = np.empty_like(explanations.kind)
    kind[scorer.order] = explanations.kind
    return replace(explanations, kind=kind)


@pytest.mark.parametrize("seed", range(40))
def test_kinds_are_those_of_the_definitions(seed: int, tmp_path: Path) -> None:
    found, guesses = mixed_tracks(seed)
    kinds = [KINDS[kind] for kind in explained(tmp_path, found, guesses).kind.tolist()]
    for track_ in found + guesses:
        track_["dense"] = np.array([np.zeros((6, 8), bool) if m is None else m for m in track_["masks"]])
    for guess, kind in zip(guesses, kinds, strict=True):
        here = [item for item in found if item["video_id"] == guess["video_id"]]
        others = [q for q in guesses if q is not guess and q["video_id"] == guess["video_id"]]
        assert kind == kind_of(guess, others, here)


def mixed_tracks(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return random tracks, and besides pieces of objects and predictions that go over to another one."""
    found, guesses = tracks(seed)
    rng = np.random.default_rng(seed)
    for one in found:
        two = found[rng.integers(len(found))]
        start, stop = sorted(rng.integers(0, 6, 2))
        takes = [start <= t < stop for t in range(5)]
        piece = [m if take else None for m, take in zip(one["masks"], takes, strict=True)]
        rest = [None if take else m for m, take in zip(one["masks"], takes, strict=True)]
        swapped = [a if take else b for a, b, take in zip(one["masks"], two["masks"], takes, strict=True)]
        for masks in (piece, rest, swapped):
            guesses.append({**one, "masks": masks, "score": float(np.round(rng.random(), 2))})
    return found, guesses


def _explain(gt: Path, pred: Path) -> tuple[TrackletScorer, Explanations]:
    spec = BENCHMARKS["ytvis2021"]
    truth = load_ground_truth(spec, gt, None)
    scorer = score_predictions(open_predictions(pred), truth, splits_of(spec), 1, None).scorer
    explanations = Explanations.empty(scorer)
    for index in range(len(truth.videos)):
        explanations.explain(scorer, index, video_overlaps(scorer, index))
    return scorer, explanations


def analyses(folder: Path, seed: int) -> list[tuple[ErrorAnalysis, float | None]]:
    """Return the analysis of every split of random tracks, with the official AP50 of the split."""
    scorer, found = _explain(*write_files(folder, *mixed_tracks(seed), categories=(1, 2)))
    official = pool(scorer).results().ap[:, :, 0]
    every = np.ones(len(scorer.ground_truth.videos), bool)
    return [
        (
            ErrorAnalysis(scorer, found, split, every),
            None if np.isnan(official[:, split]).all() else float(np.nanmean(official[:, split])),
        )
        for split in range(len(scorer.splits))
    ]


@pytest.mark.parametrize("seed", range(25))
def test_ap50_is_the_official_one_and_mending_everything_makes_it_1(seed: int, tmp_path: Path) -> None:
    for analysis, official in analyses(tmp_path, seed):
        assert analysis.ap50() == official
        if official is None:
            assert {value["dAP50"] for value in analysis.errors().values()} == {None}
            continue
        assert analysis.ap50(tuple(KINDS)) == pytest.approx(1)
        assert all((value["dAP50"] or 0) >= 0 for value in analysis.errors().values())
