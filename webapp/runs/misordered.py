"""Runs that took their frames sorted as text: which of them saw videos in the wrong order."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from webapp.benchmarks.models import FrameNames, Split
from webapp.runs.attempts import FRAME_ORDER
from webapp.runs.models import Run


class Order(StrEnum):
    """The order in which a run took the frames."""

    WRONG = "wrong order"
    UNKNOWN = "cannot be known"
    RIGHT = "right order"


@dataclass(frozen=True, slots=True)
class Finding:
    """A run that was scored, how it took its frames, and why that is known."""

    run: Run
    order: Order
    why: str


def runs_ordered_as_text() -> list[Finding]:
    """Return all runs that took their frames sorted as text, with what follows from it.

    A run's folders had exactly as many pictures as the ground truth has frames; they are taken to have had
    the names that it lists.
    """
    runs = (
        Run.objects.filter(submission__isnull=False)
        .exclude(provenance__has_key=FRAME_ORDER)
        .select_related("split__benchmark", "variant__method", "submission")
        .order_by("split_id", "created_at")
    )
    judged: dict[int, tuple[Order, str]] = {}
    findings = []
    for run in runs:
        if run.split_id not in judged:
            judged[run.split_id] = _judge(run.split)
        order, why = judged[run.split_id]
        measured = run.submission.ground_truth_id if run.submission else None
        if measured not in (None, run.split.ground_truth_id):
            order, why = Order.UNKNOWN, "the ground truth was replaced since, and with it the list of frames"
        findings.append(Finding(run, order, why))
    return findings


def _judge(split: Split) -> tuple[Order, str]:
    """Return what sorting as text did to the videos of a split, and why that is known."""
    known = FrameNames.objects.filter(split=split).first()
    if known is None:
        return Order.UNKNOWN, "the names of the frames are not read yet: a worker does it within a minute"
    unknown = ""
    for label, video in split.videos_by_label().items():
        names = known.names.get(label)
        if names is None:
            unknown = unknown or f"the ground truth does not list the frames of video {video.name}"
            continue
        if len({PurePosixPath(name).parent for name in names}) > 1:
            unknown = unknown or f"the frames of video {video.name} lie in several folders"
            continue
        files = _files(names)
        if (taken := sorted(files)) != files:
            index = next(i for i, (one, other) in enumerate(zip(taken, files, strict=True)) if one != other)
            return Order.WRONG, (
                f"frame {index} of video {video.name} was {taken[index]} instead of {files[index]}"
            )
    return (Order.UNKNOWN, unknown) if unknown else (Order.RIGHT, "sorted as text, the names are in order")


def _files(names: Iterable[str]) -> list[str]:
    """Return file names with a suffix, which takes part in sorting: 1.jpg comes before 1-2.jpg or not."""
    files = [PurePosixPath(name).name for name in names]
    return [file if PurePosixPath(file).suffix else f"{file}.jpg" for file in files]
