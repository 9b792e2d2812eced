"""What happens frame by frame: states, events and IoU of small videos that can be told by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator import analyse
from evaluator.catalog import BENCHMARKS
from evaluator.files.source import open_predictions
from evaluator.options import Options
from evaluator.playback import store_events, store_ground_truth, store_predictions
from evaluator.playback.events import MATCHED, STATES, VideoEvents, video_events
from evaluator.synthetic.vis import write_benchmark
from evaluator.tracklets.evaluate import load_ground_truth, score_predictions
from evaluator.tracklets.results import splits_of
from tests.evaluator.playback.stores import head, masks
from tests.evaluator.vis_files import annotation, column, ground_truth, prediction, write

SPEC = BENCHMARKS["ovis"]
FIRST, SECOND, THIRD = (column(n) for n in (0, 2, 4))


def events_of(folder: Path, truth: dict[str, Any], predictions: list[dict[str, Any]]) -> VideoEvents:
    """What happens in the first video."""
    annotated = load_ground_truth(SPEC, write(folder / "gt.json", truth), None)
    source = open_predictions(write(folder / "results.json", predictions))
    scored = score_predictions(source, annotated, splits_of(SPEC), 1, None)
    return video_events(scored.scorer, 0)


def states(found: VideoEvents, g: int) -> list[str]:
    return [STATES[state] for state in found.states[g]]


def test_a_track_that_moves_to_another_object_is_a_switch_in_that_frame(tmp_path: Path) -> None:
    truth = ground_truth(
        annotation(1, segmentations=[FIRST] * 3), annotation(2, segmentations=[SECOND] * 3, category_id=5)
    )
    moving = prediction(segmentations=[FIRST, FIRST, SECOND], score=0.9)
    found = events_of(tmp_path, truth, [moving])
    assert states(found, 0) == ["matched", "matched", "switched"]
    assert states(found, 1) == ["missed", "missed", "missed"]
    assert found.events == [
        (0, "miss", None, 1),
        (0, "new", None, 0),
        (0, "new", None, 1),
        (2, "switch", 0, 0),
    ]
    assert found.follows.tolist() == [[0, 0, 1]]
    assert found.iou.tolist() == [[1.0, 1.0, 0.0]]


def test_absence_misses_and_false_tracks(tmp_path: Path) -> None:
    truth = ground_truth(annotation(1, segmentations=[FIRST, None, FIRST]))
    lost = prediction(segmentations=[FIRST, FIRST, None], score=0.9)
    false = prediction(segmentations=[None, THIRD, THIRD], score=0.8)
    found = events_of(tmp_path, truth, [false, lost])
    assert states(found, 0) == ["matched", "absent", "missed"]
    assert found.events == [(0, "new", None, 0), (1, "false", 1, None), (2, "miss", 0, 0)]
    assert found.partner.tolist() == [0]
    written = found.to_json()
    assert written["objects"] == [{"partner": 0, "states": [[0, 1], [1, 0], [2, 3]]}]
    assert written["predictions"][1] == {
        "about": None,
        "error": "background",
        "on": [[0, None]],
        "iou": [None, None, None],
    }
    assert written["predictions"][0]["on"] == [[0, 0], [1, None]]


@pytest.mark.parametrize("quality", ["strong", "weak"])
def test_partners_and_overlaps_are_those_of_the_masks_and_errors_those_of_the_analysis(
    tmp_path: Path, quality: str
) -> None:
    folder = tmp_path / "benchmark"
    write_benchmark(
        folder, videos=2, frames=40, height=48, width=64, seed=7, progress=lambda done, total: None
    )
    files = folder / "annotations.json", next((folder / "predictions" / quality).glob("*.json"))
    path = tmp_path / "events"
    index = store_events(SPEC, *files, path, Options(workers=2))
    kinds: dict[str, int] = {}
    truths = store_ground_truth(SPEC, files[0], tmp_path / "truth", Options())
    tracks = store_predictions(SPEC, *files, tmp_path / "tracks", Options())
    for video in (1, 2):
        found = head(path, index, video)
        g_masks, p_masks = masks(tmp_path / "truth", truths, video), masks(tmp_path / "tracks", tracks, video)
        assert len(found["objects"]) == len(g_masks)
        assert len(found["predictions"]) == len(p_masks)
        for n, one in enumerate(found["predictions"]):
            kinds[one["error"]] = kinds.get(one["error"], 0) + 1
            if one["about"] is None:
                assert set(one["iou"]) == {None}
                continue
            both = (p_masks[n] & g_masks[one["about"]]).sum(axis=(1, 2))
            either = (p_masks[n] | g_masks[one["about"]]).sum(axis=(1, 2))
            for t, value in enumerate(one["iou"]):
                assert value == (round(100 * float(both[t] / either[t])) if either[t] else None)
        for g, one in enumerate(found["objects"]):
            frames = np.zeros(40, int)
            for frame, state in one["states"]:
                frames[frame:] = state
            assert ((frames > 0) == g_masks[g].any(axis=(1, 2))).all()
            on = frames == MATCHED
            if one["partner"] is not None:
                percent = np.array([value or 0 for value in found["predictions"][one["partner"]]["iou"]])
                if found["predictions"][one["partner"]]["about"] == g:
                    assert (percent[on] >= 50).all()
    counted = analyse("ovis", *files).whole.errors["kinds"]
    for kind in ("switch", "background"):
        assert kinds.get(kind, 0) == counted[kind]["count"]
    json.dumps(found, allow_nan=False)
