"""What can be scored but looks unintended."""

from __future__ import annotations

import hashlib

import numpy as np

from evaluator.problems import Problem, Where, problem
from evaluator.tracklets.results_json import UNKNOWN, PredictionTable

_LISTED_IDS = 10


def warn_of_unknown_categories(table: PredictionTable) -> tuple[Problem, ...]:
    """Return one warning that counts the predictions whose category the ground truth lacks."""
    unknown = np.flatnonzero(table.category == UNKNOWN)
    if not len(unknown):
        return ()
    ids = sorted({int(table.category_ids[index]) for index in unknown})
    listed = ", ".join(str(number) for number in ids[:_LISTED_IDS]) + (
        ", ..." if len(ids) > _LISTED_IDS else ""
    )
    where = Where(file=table.text.name, entry=int(unknown[0]), field="category_id")
    message = f"{len(unknown)} predictions have categories that the ground truth lacks: {listed}."
    return (problem("category-unknown", where, message),)


def warn_of_duplicates(table: PredictionTable) -> tuple[Problem, ...]:
    """Return one warning that counts the predictions which copy another one exactly."""
    length = table.places[:, 1] - table.places[:, 0]
    order = np.lexsort((length, table.score, table.category, table.video))
    same = np.ones(max(len(order) - 1, 0), bool)
    for values in (length, table.score, table.category, table.video):
        same &= values[order[1:]] == values[order[:-1]]
    suspects = np.unique(np.concatenate([order[1:][same], order[:-1][same]]))
    seen: dict[tuple[int, float, float, bytes], int] = {}
    copies = []
    for index in suspects.tolist():
        masks = hashlib.blake2b(table.text.slice(table.places[index])).digest()
        key = (int(table.video[index]), float(table.category_ids[index]), float(table.score[index]), masks)
        if seen.setdefault(key, index) != index:
            copies.append((index, seen[key]))
    if not copies:
        return ()
    index, original = copies[0]
    message = f"{len(copies)} predictions are exact copies of others; this one is a copy of entry {original}."
    return (problem("predictions-duplicate", Where(file=table.text.name, entry=index), message),)
