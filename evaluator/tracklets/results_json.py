"""Reads results.json of YouTube-VIS and OVIS into a table with one row per prediction.

The quick way understands what nearly every file looks like. Where it does not, `ytvis_check` reads the file
with care, and either names every problem or writes the same predictions plainly for the quick way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from evaluator.files.json_text import Entries, JsonInvalid, JsonText
from evaluator.files.source import JsonFile
from evaluator.problems import SubmissionRejected, Where, problem
from evaluator.tracklets.ground_truth import GroundTruth

KEYS: Final[tuple[str, ...]] = ("video_id", "category_id", "score", "segmentations")
UNKNOWN: Final = -1
UNREADABLE: Final = -2
LONGEST_NUMBER: Final = 400


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """N predictions, in the order of the file.

    Attributes:
        text: the JSON they lie in.
        video, category: int32 [N], indices in the ground truth's lists; UNKNOWN for a category it lacks.
        category_ids: the ids as written.
        score: float64 [N].
        spans: int64 [N, 2], where the `segmentations` of each lie in the file.

    Of a file with errors, a video or category that cannot be read is UNREADABLE, and such a score NaN.
    """

    text: JsonText
    video: NDArray[np.int32]
    category: NDArray[np.int32]
    category_ids: list[Any]
    score: NDArray[np.float64]
    spans: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.score)


def open_list(source: JsonFile) -> tuple[JsonText, Entries]:
    """Find the predictions of a results.json.

    Raises:
        SubmissionRejected: it is not JSON, or not a list.
    """
    try:
        text = JsonText(source.name, source.contents)
        top = text.top()
        if text.data[top] == ord("["):
            entries, end = text.list_entries(top, KEYS)
            text.expect_end(end)
            return text, entries
        text.expect_end(text.skip_value(top))
    except JsonInvalid as error:
        raise SubmissionRejected([error.problem, *source.warnings]) from error
    is_object = text.data[top] == ord("{")
    message = (
        f"The top level is {'an object' if is_object else 'a single value'}, expected a list of predictions."
    )
    if is_object:
        message += text.looks_like(top)
    found = problem("not-a-list", Where(file=source.name), message)
    raise SubmissionRejected([found, *source.warnings])


def read_table(text: JsonText, entries: Entries, ground_truth: GroundTruth) -> PredictionTable | None:
    """Return the predictions, or None if anything about their fields needs the careful reader."""
    spans = entries.spans("segmentations")
    if entries.escaped.any() or (entries.rows[:, : 2 * len(KEYS)] < 0).any():
        return None
    small = entries.rows[:, : 2 * KEYS.index("segmentations")]
    if len(small) and int((small[:, 1::2] - small[:, ::2]).max()) > LONGEST_NUMBER:
        return None
    try:
        video_ids, category_ids, scores = (text.column(entries.spans(key)) for key in KEYS[:3])
    except msgspec.DecodeError:
        return None
    if not (_all_integral(video_ids) and _all_integral(category_ids) and _types(scores) <= {int, float}):
        return None
    video_index = {video.id: index for index, video in enumerate(ground_truth.videos)}
    category_index = {category.id: index for index, category in enumerate(ground_truth.categories)}
    video = np.array([video_index.get(number, UNKNOWN) for number in video_ids], np.int32)
    score = np.array([float(value) for value in scores], np.float64)
    if (video == UNKNOWN).any() or not np.isfinite(score).all():
        return None
    # Equal numbers are equal keys in Python, so 3.0 finds 3 as in the official evaluation.
    category = np.array([category_index.get(number, UNKNOWN) for number in category_ids], np.int32)
    return PredictionTable(text, video, category, category_ids, score, spans)


def _types(values: list[Any]) -> set[type]:
    return set(map(type, values))


def _all_integral(values: list[Any]) -> bool:
    found = _types(values)
    if found <= {int}:
        return True
    return found <= {int, float} and all(float(value).is_integer() for value in values)
