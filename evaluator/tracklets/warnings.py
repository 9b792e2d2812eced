"""Finds predictions that can be scored but look unintended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from evaluator.files.words import counted
from evaluator.problems import Problem, Where, problem
from evaluator.tracklets.results_json import UNKNOWN, PredictionTable
from evaluator.types import CategoryInfo, VideoInfo

_LISTED_IDS = 10


def warn_of_videos(table: PredictionTable, videos: Sequence[VideoInfo]) -> tuple[Problem, ...]:
    """Return one warning that counts the videos without a prediction, where there are any predictions."""
    missing = np.flatnonzero(np.bincount(table.video[table.video >= 0], minlength=len(videos)) == 0)
    if not len(table) or not len(missing):
        return ()
    first = videos[missing[0]]
    have = "has" if len(missing) == 1 else "have"
    message = f"{len(missing)} of the {counted(len(videos), 'video')} {have} no prediction, this one first."
    where = Where(file=table.text.name, video_id=first.id, video=first.name)
    return (problem("videos-without-predictions", where, message),)


def warn_of_categories(table: PredictionTable, categories: Sequence[CategoryInfo]) -> tuple[Problem, ...]:
    """Return a warning that counts the predictions whose category the ground truth lacks, and its reason."""
    unknown = np.flatnonzero(table.category == UNKNOWN)
    if not len(unknown):
        return ()
    ids = sorted({int(table.category_ids[index]) for index in unknown})
    listed = ", ".join(str(number) for number in ids[:_LISTED_IDS]) + (
        ", ..." if len(ids) > _LISTED_IDS else ""
    )
    where = Where(file=table.text.name, entry=int(unknown[0]), field="category_id")
    have = counted(len(unknown), "prediction has a category", "predictions have categories")
    message = f"{have} that the ground truth lacks: {listed}."
    found = (problem("category-unknown", where, message),)
    used = {int(number) for number in table.category_ids if number is not None}
    reason = _counted_otherwise(used, sorted(category.id for category in categories))
    if reason is None:
        return found
    return (*found, problem("categories-counted-otherwise", Where(file=table.text.name), reason))


def _counted_otherwise(used: set[int], known: list[int]) -> str | None:
    """Return a sentence if `used` ids, not all of them `known`, look like indices in a list of classes."""
    count = len(known)
    starts = [first for first in (0, 1) if used <= set(range(first, first + count))]
    if not starts:
        return None
    from_ = f", counted from {starts[0]}" if len(starts) == 1 else ""
    start = f"The category ids {min(used)} to {max(used)} look like indices in a list of classes{from_}"
    if known != list(range(known[0], known[0] + count)):
        listed = ", ".join(map(str, known[:_LISTED_IDS])) + (", ..." if count > _LISTED_IDS else "")
        return f"{start}; the ids of the ground truth are {listed}."
    shift = known[0] - starts[0]
    do = f"{'add' if shift > 0 else 'subtract'} {abs(shift)}"
    return f"{start}; those of the ground truth are {known[0]} to {known[-1]}: {do}."


def warn_of_scores(table: PredictionTable) -> tuple[Problem, ...]:
    """Return one warning if scores look like percent, or like logits."""
    outside = np.flatnonzero((table.score < 0) | (table.score > 1))
    if not len(outside):
        return ()
    low, high = float(np.nanmin(table.score)), float(np.nanmax(table.score))
    kind = "as percent have" if low >= 0 and high <= 100 else "as logits have"
    where = Where(file=table.text.name, entry=int(outside[0]), field="score")
    share = f"{len(outside):,} of {len(table):,}"
    message = f"Scores lie outside 0 to 1: {share}, from {low:g} to {high:g}, {kind}."
    return (problem("scores-unusual", where, message),)


def warn_of_blanks(table: PredictionTable, blank: int) -> tuple[Problem, ...]:
    """Return one warning if `blank` predictions have no pixel in any frame."""
    if not blank:
        return ()
    have = "has" if blank == 1 else "have"
    message = f"{blank:,} of {counted(len(table), 'prediction')} {have} no pixel in any frame."
    return (problem("predictions-without-pixels", Where(file=table.text.name), message),)


def warn_of_duplicates(table: PredictionTable) -> tuple[Problem, ...]:
    """Return one warning that counts the predictions which copy another one exactly."""
    length = table.spans[:, 1] - table.spans[:, 0]
    order = np.lexsort((length, table.score, table.category, table.video))
    is_whole = (table.spans[:, 0] >= 0) & (table.video >= 0) & (table.category >= UNKNOWN)
    order = order[is_whole[order]]
    same = np.ones(max(len(order) - 1, 0), bool)
    for values in (length, table.score, table.category, table.video):
        same &= values[order[1:]] == values[order[:-1]]
    suspects = np.unique(np.concatenate([order[1:][same], order[:-1][same]]))
    seen: dict[tuple[int, float, float, bytes], int] = {}
    copies = []
    for index in suspects.tolist():
        masks = hashlib.blake2b(table.text.slice(table.spans[index])).digest()
        key = (int(table.video[index]), float(table.category_ids[index]), float(table.score[index]), masks)
        if seen.setdefault(key, index) != index:
            copies.append((index, seen[key]))
    if not copies:
        return ()
    index, original = copies[0]
    are = counted(
        len(copies), "prediction is an exact copy of another", "predictions are exact copies of others"
    )
    message = f"{are}; this one is a copy of entry {original}."
    return (problem("predictions-duplicate", Where(file=table.text.name, entry=index), message),)
