"""Two annotated COCO photographs, crowds included, as videos of one frame each."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluator import evaluate
from tests.evaluator.map_files import CATEGORIES, Panoptic, write_predictions, write_truth
from tests.evaluator.maps import brute_force_maps

FOLDER = Path(__file__).parent / "real" / "panoptic_sample"
# COCO's person and cow are the things here, all other categories one kind of stuff or another.
THINGS = {1: 1, 19: 2}
NAMES = {category["id"]: category["name"] for category in CATEGORIES}


def read_photographs() -> dict[str, Panoptic]:
    found = {}
    for annotation in json.loads((FOLDER / "panoptic_examples.json").read_text())["annotations"]:
        with Image.open(FOLDER / annotation["file_name"]) as image:
            pixels = np.array(image).astype(np.uint32)
        segments = annotation["segments_info"]
        found[str(annotation["image_id"])] = Panoptic(
            (pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2])[None],
            {
                item["id"]: THINGS.get(item["category_id"], 7 if item["category_id"] < 150 else 0)
                for item in segments
            },
            {item["id"] for item in segments if item["iscrowd"]},
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 3, 12])
def test_shifted_photographs_score_as_an_independent_computation_says(shift: int, tmp_path: Path) -> None:
    truth = read_photographs()
    predicted = {
        name: Panoptic(np.roll(video.ids, shift, 2), video.category) for name, video in truth.items()
    }
    report = evaluate(
        "vipseg", write_truth(tmp_path / "gt", truth), write_predictions(tmp_path / "pred", predicted)
    )
    pairs = [(truth[name], predicted[name]) for name in truth]
    expected = {NAMES[c]: value for c, value in brute_force_maps.vpq(pairs, 1).items()}
    ours = {name: numbers["VPQ1"] for name, numbers in report.per_category.items()}
    assert {name: value for name, value in ours.items() if value is not None} == pytest.approx(expected)
    aq, sq = brute_force_maps.stq(pairs)
    assert (report.metrics["AQ"], report.metrics["SQ"]) == (pytest.approx(aq), pytest.approx(sq))
    assert (report.metrics["VPQ1"] == 1) == (shift == 0)
