"""What a submission does with each annotated object, frame by frame: who follows it, and what happens to it.

An object's *partner* is the prediction that the evaluation matched with it at a track IoU of 0.5, else the
one with the highest score that is about it (`evaluator.analysis.errors`, `target`). In a frame a prediction
*lies on* the object with which its mask has the largest IoU of 0.5 or more there (crowds never). From both
follows the state of an object in a frame:

- "absent": it has no pixel there;
- "matched": its partner lies on it;
- "switched": its partner lies on another object;
- "missed": its partner lies on no object, or it has none.

Events are changes: "new" (an object's first frame), "switch" and "miss" (its state becomes this one), and
"false" (the first frame of a prediction that is about no object). N predictions, G objects, T frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.analysis.error_kernels import BACKGROUND, NONE, follow_video
from evaluator.analysis.errors import KINDS, Explanations
from evaluator.analysis.overlaps import VideoOverlaps, video_overlaps
from evaluator.catalog import BenchmarkSpec
from evaluator.files.source import open_predictions
from evaluator.options import Options
from evaluator.playback.store import Pieces, StoreIndex, changes, pack_head, store_videos
from evaluator.tracklets.average_precision import TRUE_POSITIVE
from evaluator.tracklets.evaluate import load_ground_truth, score_predictions
from evaluator.tracklets.results import splits_of
from evaluator.tracklets.scorer import TrackletScorer

Ints = NDArray[np.int64]

ABSENT, MATCHED, SWITCHED, MISSED = range(4)
STATES: Final = ("absent", "matched", "switched", "missed")


@dataclass(frozen=True, slots=True)
class VideoEvents:
    """What happens in one video. Predictions stand by descending score, as in the mask store.

    Attributes:
        follows: [N, T], the object on which each prediction lies, NONE for none.
        about: [N], the object that each prediction is matched with or about, NONE for none.
        kind: [N], what is wrong with it (`errors.KINDS`); NONE for what is right or counts nowhere.
        iou: [N, T], with the object that it is about; NaN where both have no pixel, or there is none.
        partner: [G], NONE where an object has none.
        states: [G, T], indices in STATES.
        events: (frame, name, prediction or None, object or None), in order.
    """

    follows: Ints
    about: Ints
    kind: Ints
    iou: NDArray[np.float64]
    partner: Ints
    states: NDArray[np.uint8]
    events: list[tuple[int, str, int | None, int | None]]

    def to_json(self) -> dict[str, Any]:
        """Return what the player reads: changes instead of frames, IoU in percent."""
        return {
            "predictions": [
                {
                    "about": _number(about),
                    "error": KINDS.get(int(kind)),
                    "on": [[frame, _number(n)] for frame, n in changes(follows)],
                    "iou": [None if np.isnan(value) else round(100 * float(value)) for value in iou],
                }
                for about, kind, follows, iou in zip(
                    self.about, self.kind, self.follows, self.iou, strict=True
                )
            ],
            "objects": [
                {"partner": _number(partner), "states": changes(states)}
                for partner, states in zip(self.partner, self.states, strict=True)
            ],
            "events": [list(event) for event in self.events],
        }


def store_events(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, path: Path, options: Options
) -> StoreIndex:
    """Write what happens in every video to `path`: a store whose videos have a head and no windows.

    Raises:
        SubmissionRejected: the predictions cannot be used.
        OSError: a file cannot be read or written.
    """
    truth = load_ground_truth(spec, ground_truth, options.prepared_dir)
    source = open_predictions(predictions)
    scorer = score_predictions(source, truth, splits_of(spec), options.workers, None).scorer

    def pieces(index: int) -> Pieces:
        return pieces_of(truth.videos[index].id, video_events(scorer, index))

    return store_videos(path, pieces, len(truth.videos), options)


def pieces_of(video: int, found: VideoEvents) -> Pieces:
    """Return what happens in a video as it stands in the store."""
    return Pieces(video, (pack_head({"kind": "events", "states": STATES} | found.to_json()),))


def video_events(scorer: TrackletScorer, index: int) -> VideoEvents:
    """Return what happens in one video, after `score_video(index)`."""
    overlaps = video_overlaps(scorer, index)
    found = Explanations.empty(scorer)
    found.explain(scorer, index, overlaps)
    mine = scorer.predictions(index)
    arrays = scorer.ground_truth.tracklets
    first, last = arrays.first_tracklet[index : index + 2].tolist()
    order = np.argsort(-scorer.score[mine], kind="stable")
    match, target, kind = (values[mine][order] for values in (found.match[0], found.target, found.kind))
    right = scorer.outcome[0, 0, mine][order] == TRUE_POSITIVE
    about = np.where(right, match, target)
    about = np.where(about >= 0, about - first, NONE)
    follows = np.empty((len(order), overlaps.shared.shape[2]), np.int64)
    follow_video(overlaps.shared, overlaps.p_areas, overlaps.g_areas, arrays.crowd[first:last], follows)
    follows = follows[order]
    partner = _partners(about, right, last - first)
    states = states_of(overlaps.g_areas, follows, partner)
    kind = np.where(right, NONE, kind)
    return VideoEvents(
        follows,
        about,
        kind,
        _iou(overlaps, order, about),
        partner,
        states,
        events_of(states, partner, kind, overlaps.p_areas[order]),
    )


def _partners(about: Ints, right: NDArray[np.bool_], objects: int) -> Ints:
    partner = np.full(objects, NONE, np.int64)
    for wanted in (right, ~right):
        for n in np.flatnonzero(wanted & (about >= 0)).tolist():
            if partner[about[n]] < 0:
                partner[about[n]] = n
    return partner


def states_of(areas: Ints, follows: Ints, partner: Ints) -> NDArray[np.uint8]:
    """Return the state of each object in each frame, [G, T]; arguments are as in `VideoEvents`."""
    states = np.full(areas.shape, MISSED, np.uint8)
    for g, n in enumerate(partner.tolist()):
        if n >= 0:
            states[g, follows[n] >= 0] = SWITCHED
            states[g, follows[n] == g] = MATCHED
    states[areas == 0] = ABSENT
    return states


def _iou(overlaps: VideoOverlaps, order: Ints, about: Ints) -> NDArray[np.float64]:
    found = np.full((len(order), overlaps.shared.shape[2]), np.nan)
    for row, (n, g) in enumerate(zip(order.tolist(), about.tolist(), strict=True)):
        if g >= 0:
            both = overlaps.shared[n, g]
            either = overlaps.p_areas[n] + overlaps.g_areas[g] - both
            np.divide(both, either, out=found[row], where=either > 0)
    return found


def events_of(
    states: NDArray[np.uint8], partner: Ints, kind: Ints, areas: Ints
) -> list[tuple[int, str, int | None, int | None]]:
    """Return the changes of states, and where predictions that are about no object begin.

    Args:
        states, partner, kind: as in `VideoEvents`.
        areas: [N, T], pixels of the predictions.
    """
    found: list[tuple[int, str, int | None, int | None]] = []
    for g, row in enumerate(states):
        shown = np.flatnonzero(row != ABSENT)
        if len(shown):
            found.append((int(shown[0]), "new", None, g))
        # An object that was away comes back in the state that it had.
        present = row[shown]
        before = np.concatenate([[MATCHED], present[:-1]])
        for state, name in ((SWITCHED, "switch"), (MISSED, "miss")):
            for at in shown[(present == state) & (before != state)].tolist():
                found.append((at, name, _number(partner[g]), g))
    for n in np.flatnonzero(kind == BACKGROUND).tolist():
        shown = np.flatnonzero(areas[n])
        if len(shown):
            found.append((int(shown[0]), "false", n, None))
    return sorted(found, key=lambda event: (event[0], event[1], event[3] or 0, event[2] or 0))


def _number(value: Any) -> int | None:
    return int(value) if value >= 0 else None
