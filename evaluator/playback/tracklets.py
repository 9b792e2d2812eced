"""Makes mask stores of tracklets: of a submission's results.json, and of a ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.catalog import BenchmarkSpec
from evaluator.files.source import open_predictions
from evaluator.options import Options
from evaluator.playback.pack_kernels import BYTES_PER_NUMBER, write_masks
from evaluator.playback.store import WINDOW, Pieces, StoreIndex, changes, pack, pack_head, store_videos
from evaluator.tracklets.evaluate import load_ground_truth, plain_table
from evaluator.tracklets.ground_truth import GroundTruth
from evaluator.tracklets.results_json import open_list, read_table
from evaluator.tracklets.scorer import NotPlain, TrackletScorer


@dataclass(frozen=True, slots=True)
class VideoTracks:
    """N tracklets over T frames.

    Attributes:
        bounds: int32; first, runs: [N, T]. See `evaluator.tracklets.kernels`.
        objects: N objects of the head, without what follows from the masks.
    """

    bounds: NDArray[np.int32]
    first: NDArray[np.int64]
    runs: NDArray[np.int64]
    objects: list[dict[str, Any]]


def store_predictions(
    spec: BenchmarkSpec, ground_truth: Path, predictions: Path, path: Path, options: Options
) -> StoreIndex:
    """Write the store of a submission to `path`. Its objects of a video stand by descending score.

    The ground truth tells the sizes and lengths of videos, and nothing else of it is written.

    Raises:
        SubmissionRejected: the predictions cannot be read; those that were scored can.
        OSError: a file cannot be read or written.
    """
    truth = load_ground_truth(spec, ground_truth, options.prepared_dir)
    source = open_predictions(predictions)
    text, entries = open_list(source)
    table = read_table(text, entries, truth)
    if table is not None:
        try:
            return _store_table(TrackletScorer(table, truth, ()), path, options)
        except NotPlain:
            pass
    table, _ = plain_table(source, truth)
    return _store_table(TrackletScorer(table, truth, ()), path, options)


def store_ground_truth(spec: BenchmarkSpec, ground_truth: Path, path: Path, options: Options) -> StoreIndex:
    """Write the store of a ground truth to `path`. Its objects stand in the order of the file.

    Raises:
        GroundTruthError: it cannot be read.
        OSError: a file cannot be read or written.
    """
    truth = load_ground_truth(spec, ground_truth, options.prepared_dir)

    def pieces(index: int) -> Pieces:
        return _pieces(truth, index, truth_tracks(truth, index))

    return store_videos(path, pieces, len(truth.videos), options)


def truth_tracks(truth: GroundTruth, index: int) -> VideoTracks:
    """Return the annotated objects of one video; crowds, in which no object is told from others, as well."""
    arrays = truth.tracklets
    tracklets = slice(*arrays.first_tracklet[index : index + 2].tolist())
    masks = slice(*arrays.first_mask[index : index + 2].tolist())
    shape = (tracklets.stop - tracklets.start, truth.videos[index].length)
    objects: list[dict[str, Any]] = [
        {"category": truth.categories[category].id} | ({"crowd": True} if crowd else {})
        for category, crowd in zip(arrays.category[tracklets], arrays.crowd[tracklets], strict=True)
    ]
    levels = arrays.levels[masks].reshape(shape)
    for item, score, mine in zip(objects, arrays.occlusion[tracklets].tolist(), levels, strict=True):
        if not np.isnan(score):
            item |= {"occlusion": score, "levels": changes(mine)}
    return VideoTracks(
        arrays.bounds,
        arrays.first[masks].reshape(shape),
        arrays.runs[masks].astype(np.int64).reshape(shape),
        objects,
    )


def _store_table(scorer: TrackletScorer, path: Path, options: Options) -> StoreIndex:
    truth = scorer.ground_truth

    def pieces(index: int) -> Pieces:
        return _pieces(truth, index, predicted_tracks(scorer, index))

    return store_videos(path, pieces, len(truth.videos), options)


def predicted_tracks(scorer: TrackletScorer, index: int) -> VideoTracks:
    """Return the predictions of one video, the highest score first.

    Raises:
        NotPlain: a prediction needs the careful reader.
    """
    masks = scorer.decode(index)
    mine = scorer.predictions(index)
    order = np.argsort(-scorer.score[mine], kind="stable")
    categories = scorer.ground_truth.categories
    objects: list[dict[str, Any]] = [
        {"category": categories[category].id if category >= 0 else None, "score": float(score)}
        for category, score in zip(scorer.category[mine][order], scorer.score[mine][order], strict=True)
    ]
    return VideoTracks(masks.bounds, masks.first[order], masks.runs[order], objects)


def _pieces(truth: GroundTruth, index: int, tracks: VideoTracks) -> Pieces:
    video = truth.videos[index]
    shown = tracks.runs > 0
    for item, frames in zip(tracks.objects, shown, strict=True):
        at = np.flatnonzero(frames)
        item["first"], item["last"] = (int(at[0]), int(at[-1])) if len(at) else (None, None)
        item["frames"] = len(at)
    head = {
        "kind": "tracklets",
        "length": video.length,
        "height": video.height,
        "width": video.width,
        "window": WINDOW,
        "objects": tracks.objects,
    }
    windows = (_window(tracks, start) for start in range(0, video.length, WINDOW))
    return Pieces(video.id, (pack_head(head), *windows))


def _window(tracks: VideoTracks, start: int) -> bytes:
    first, runs = (values[:, start : start + WINDOW] for values in (tracks.first, tracks.runs))
    lengths = np.zeros((first.shape[1], first.shape[0]), np.uint32)
    room = np.empty(int(runs.sum()) * 2 * BYTES_PER_NUMBER, np.uint8)
    used = write_masks(tracks.bounds, first, runs, lengths, room)
    head = np.array([first.shape[0], first.shape[1]], np.uint32)
    return pack(head.astype("<u4").tobytes(), lengths.astype("<u4").tobytes(), room[:used].tobytes())
