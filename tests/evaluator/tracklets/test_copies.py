"""Masks that are written again under another category are decoded once, and score as if they were not."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from evaluator import evaluate, validate
from evaluator.tracklets.copies import link_copies
from tests.evaluator.vis_files import annotation, column, ground_truth, prediction, write


def groups(texts: list[str]) -> list[list[int]]:
    """Return which of some texts are linked to each other."""
    data = np.frombuffer("".join(texts).encode(), np.uint8)
    ends = np.cumsum([len(text) for text in texts])
    places = np.stack([ends - [len(text) for text in texts], ends], 1)
    next_copy, is_copy = np.empty(len(texts), np.int64), np.empty(len(texts), np.bool_)
    by_length = np.argsort(places[:, 1] - places[:, 0], kind="stable")
    link_copies(data, places, by_length, next_copy, is_copy)
    found = []
    for first in np.flatnonzero(~is_copy).tolist():
        chain = [first]
        while next_copy[chain[-1]] >= 0:
            chain.append(int(next_copy[chain[-1]]))
        found.append(chain)
    return found


def test_equal_texts_of_any_length_are_linked() -> None:
    random = np.random.default_rng(0)
    kinds = ["".join(random.choice([*"abc"], length)) for length in (0, 1, 5, 63, 64, 65, 128, 300, 300)]
    kinds += [kinds[-1][:-1] + "d", "d" + kinds[-1][1:]]
    drawn = random.integers(0, len(kinds), 60).tolist()
    expected = [[i for i, kind in enumerate(drawn) if kind == k] for k in dict.fromkeys(drawn)]
    assert groups([kinds[k] for k in drawn]) == expected


def test_of_many_long_texts_only_some_are_compared() -> None:
    texts = [f"{'x' * 100}{number:03d}" for number in range(50)]
    assert groups([*texts, texts[-1], texts[0]])[-2:] == [[49, 50], [51]]


def test_copies_score_as_the_same_masks_written_in_another_way(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth(annotation(1), annotation(2, category_id=5)))
    masks = [[column(0), column(1), None], [column(0), None, None], [None, column(1, 2), None]]
    entries = [
        prediction(category_id=category, score=score, video_id=video, segmentations=masks[kind])
        for video, category, score, kind in [
            (7, 2, 0.9, 1), (7, 5, 0.8, 0), (7, 2, 0.7, 0), (7, 5, 0.6, 0), (9, 2, 0.9, 0), (7, 5, 0.5, 2),
        ]
    ]  # fmt: skip
    plain = evaluate("ovis", truth, write(tmp_path / "plain.json", entries))
    different = ", ".join(spread(entry, spaces) for spaces, entry in enumerate(entries))
    spaced = evaluate("ovis", truth, write(tmp_path / "spaced.json", f"[{different}]"))
    assert plain.metrics == spaced.metrics
    assert plain.per_video == spaced.per_video
    assert plain.metrics["AP"] not in (0, None)


def spread(entry: dict[str, Any], spaces: int) -> str:
    return json.dumps(entry).replace("[{", "[" + " " * spaces + "{")


def test_a_wrong_mask_is_named_for_each_of_its_copies(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth())
    wrong = [column(0), column(1), {"size": [4, 6], "counts": "1"}]
    predictions = [prediction(segmentations=wrong, score=score) for score in (0.1, 0.2)]
    problems = validate("ovis", write(tmp_path / "results.json", predictions), truth)
    errors = [(found.code, found.where.entry) for found in problems if found.severity == "error"]
    assert errors == [("rle-total", 0), ("rle-total", 1)]
