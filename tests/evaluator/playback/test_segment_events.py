"""Who follows whom in panoptic videos: by hand, and against a second way of counting."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evaluator import playback
from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.playback.events import STATES
from evaluator.synthetic import vps
from tests.evaluator.map_files import Panoptic, write_predictions, write_truth
from tests.evaluator.playback.stores import head, maps

SPEC = BENCHMARKS["vipseg"]
CAT, DOG, ROAD = 1, 2, 7


def video(*rows: list[list[int]], **said: Any) -> Panoptic:
    """A video of frames with 2 x 4 pixels, given as lists of ids."""
    return Panoptic(np.array(rows, np.uint32), **said)


def events_of(folder: Path, truth: Panoptic, predicted: Panoptic) -> dict[str, Any]:
    annotated = write_truth(folder / "truth", {"v": truth})
    predictions = write_predictions(folder / "predictions", {"v": predicted})
    index = playback.store_events(SPEC, annotated, predictions, folder / "store", Options())
    return head(folder / "store", index, 1)


def test_two_segments_that_change_places_are_two_switches_in_that_frame(tmp_path: Path) -> None:
    frame = [[5, 5, 9, 9], [5, 5, 9, 9]]
    swapped = [[9, 9, 5, 5], [9, 9, 5, 5]]
    category = {5: CAT, 9: CAT}
    found = events_of(
        tmp_path,
        video(frame, frame, frame, category=category),
        video(frame, frame, swapped, category=category),
    )
    assert [one["on"] for one in found["predictions"]] == [[[0, 0], [2, 1]], [[0, 1], [2, 0]]]
    assert [one["iou"] for one in found["predictions"]] == [[100, 100, 0], [100, 100, 0]]
    assert [one["partner"] for one in found["objects"]] == [0, 1]
    matched, switched = STATES.index("matched"), STATES.index("switched")
    assert [one["states"] for one in found["objects"]] == [[[0, matched], [2, switched]]] * 2
    assert found["events"] == [
        [0, "new", None, 0],
        [0, "new", None, 1],
        [2, "switch", 0, 0],
        [2, "switch", 1, 1],
    ]


def test_misses_false_segments_wrong_categories_void_and_crowds(tmp_path: Path) -> None:
    truth = video(
        [[5, 5, 8, 8], [0, 0, 8, 8]],
        [[5, 5, 8, 8], [3, 0, 8, 8]],
        category={5: CAT, 8: ROAD, 3: CAT},
        crowd={8},
    )
    # 6 covers the cat as a dog and is gone in the second frame; 2 is road where nothing is annotated, 4 lies
    # on the crowd; 1 is there, then, on a quarter of the first cat.
    predicted = video(
        [[6, 6, 4, 4], [2, 2, 4, 4]],
        [[1, 0, 4, 4], [0, 1, 4, 4]],
        category={6: DOG, 4: ROAD, 2: ROAD, 1: CAT},
    )
    found = events_of(tmp_path, truth, predicted)
    # In the store: 2, 4 and 6 in the first frame, then 1; annotated 5 and 8, then 3.
    assert [one["error"] for one in found["predictions"]] == [None, None, "classification", "background"]
    assert [one["about"] for one in found["predictions"]] == [None, None, 0, None]
    assert [one["partner"] for one in found["objects"]] == [2, None, None]
    assert found["predictions"][2]["iou"] == [100, 0]
    assert found["events"] == [
        [0, "miss", None, 1],
        [0, "new", None, 0],
        [0, "new", None, 1],
        [1, "false", 3, None],
        [1, "miss", 2, 0],
        [1, "miss", None, 2],
        [1, "new", None, 2],
    ]


@pytest.mark.parametrize("quality", ["strong", "weak"])
def test_overlaps_states_and_partners_are_those_of_the_maps(tmp_path: Path, quality: str) -> None:
    folder = tmp_path / "benchmark"
    vps.write_benchmark(folder, videos=1, frames=9, height=48, width=64, seed=11)
    truth, predictions = folder / "ground_truth", folder / "predictions" / quality
    paths = [tmp_path / name for name in ("truth", "masks", "events")]
    true_index = playback.store_ground_truth(SPEC, truth, paths[0], Options())
    index = playback.store_predictions(SPEC, truth, predictions, paths[1], Options())
    found = head(paths[2], playback.store_events(SPEC, truth, predictions, paths[2], Options()), 1)
    true_maps, predicted_maps = maps(paths[0], true_index, 1), maps(paths[1], index, 1)
    crowds = {n for n, one in enumerate(head(paths[0], true_index, 1)["objects"]) if one.get("crowd")}
    assert len(found["objects"]) == len(head(paths[0], true_index, 1)["objects"])
    assert len(found["predictions"]) == len(head(paths[1], index, 1)["objects"])
    void = maps_of(truth / "panomasksRGB") == 0
    on = np.array([spread(one["on"], len(true_maps)) for one in found["predictions"]])
    for p, one in enumerate(found["predictions"]):
        overlaps = []
        for t in range(len(true_maps)):
            mine = (predicted_maps[t] == p) & ~void[t]
            over = [iou(mine, true_maps[t] == g) for g in range(len(found["objects"]))]
            best = int(np.argmax(over))
            wanted = best if over[best] > 0.5 and best not in crowds else None
            assert on[p, t] == wanted
            overlaps.append(over)
        lain = [n for n in on[p].tolist() if n is not None]
        about = max(sorted(set(lain)), key=lain.count) if lain else None
        assert one["about"] == about
        if about is not None:
            shown = [
                (predicted_maps[t] == p).any() or (true_maps[t] == about).any() for t in range(len(true_maps))
            ]
            wanted_iou = [
                round(100 * over[about]) if here else None for over, here in zip(overlaps, shown, strict=True)
            ]
            assert one["iou"] == wanted_iou
    for g, one in enumerate(found["objects"]):
        times = [(on[p] == g).sum() for p in range(len(on))]
        assert one["partner"] == (int(np.argmax(times)) if max(times) else None)
        states = spread(one["states"], len(true_maps))
        for t in range(len(true_maps)):
            here = on[one["partner"], t] if one["partner"] is not None else None
            name = "missed" if here is None else "matched" if here == g else "switched"
            assert STATES[states[t]] == (name if (true_maps[t] == g).any() else "absent")


def spread(changes: list[list[Any]], length: int) -> list[Any]:
    found = [None] * length
    for frame, value in changes:
        found[frame:] = [value] * (length - frame)
    return found


def iou(one: Any, other: Any) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def maps_of(folder: Path) -> Any:
    (inside,) = folder.iterdir()
    pixels = np.stack([np.asarray(Image.open(file), np.int64) for file in sorted(inside.glob("*.png"))])
    return pixels @ np.array([1, 256, 65536])
