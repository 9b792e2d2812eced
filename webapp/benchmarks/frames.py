"""The names of a split's frames, read from its ground truth: what a run looks up in the folder of frames."""

import logging

from django.db import transaction

from evaluator.frame_names import listed_frames
from webapp.benchmarks.models import FrameNames, Split
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_path

logger = logging.getLogger(__name__)


def frame_names_read(*, evaluator: str, ground_truth: Blob) -> dict[str, list[str]]:
    """Return the names that a stored ground truth lists, by video. Raises OSError, ValueError."""
    with blob_path(ground_truth) as path:
        return listed_frames(evaluator, path)


def frame_names_store(*, split: Split, names: dict[str, list[str]]) -> None:
    """Keep the names, in the caller's transaction, which has locked the split."""
    FrameNames.objects.update_or_create(split=split, defaults={"names": names})


def frame_names_fill(*, split_id: int) -> dict[str, list[str]]:
    """Return the names of a split's frames; they are read and kept first where that is not done.

    Raises OSError, ValueError: the ground truth cannot be read.
    """
    known = FrameNames.objects.filter(split=split_id).first()
    if known is not None:
        stored: dict[str, list[str]] = known.names
        return stored
    split = Split.objects.select_related("benchmark", "ground_truth").get(pk=split_id)
    if split.ground_truth is None:
        return {}
    names = frame_names_read(evaluator=split.benchmark.evaluator, ground_truth=split.ground_truth)
    with transaction.atomic():
        locked = Split.objects.select_for_update().get(pk=split_id)
        if locked.ground_truth_id == split.ground_truth_id:  # otherwise an import has stored newer names
            frame_names_store(split=locked, names=names)
    return names


def frame_names_fill_missing() -> int:
    """Fill the splits with frames whose names were never read. Returns how many."""
    missing = Split.objects.filter(ground_truth__isnull=False, frame_names__isnull=True)
    filled = 0
    for split_id in missing.exclude(frames_dir="").values_list("pk", flat=True):
        try:
            frame_names_fill(split_id=split_id)
        except (OSError, ValueError):
            logger.exception("The names of the frames of split %s cannot be read", split_id)
        else:
            filled += 1
    return filled
