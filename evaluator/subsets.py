"""Named subsets of the videos of a split, from text files with a video id or name a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.problems import SubsetInvalid
from evaluator.types import VideoInfo

_LISTED: Final = 5


def read_subset(path: Path, videos: Sequence[VideoInfo]) -> NDArray[np.bool_]:
    """Return [videos], which of them a file lists.

    A line holds the id or the name of a video, as the annotation file has it. Empty lines and lines that
    begin with # are skipped; a video may be listed twice.

    Raises:
        SubsetInvalid: a line fits no video or several, no video is listed, or the file is no text.
        OSError: the file cannot be read.
    """
    places: dict[str, set[int]] = {}
    for index, video in enumerate(videos):
        places.setdefault(str(video.id), set()).add(index)
        places.setdefault(video.name, set()).add(index)
    chosen = np.zeros(len(videos), bool)
    unknown = []
    for number, line in enumerate(_lines(path), start=1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        found = places.get(name, set())
        if len(found) > 1:
            message = f"{path.name}, line {number}: {name!r} is the id or name of {len(found)} videos. "
            raise SubsetInvalid(f"{message}Write the id of the one that is meant.")
        if not found:
            unknown.append(f"{name!r} (line {number})")
        chosen[list(found)] = True
    if unknown:
        more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        listed = ", ".join(unknown[:_LISTED]) + more
        message = f"{path.name}: the ground truth has no video {listed}."
        raise SubsetInvalid(f"{message} Write an id or a name of `videos` of the annotation file a line.")
    if not chosen.any():
        raise SubsetInvalid(f"{path.name}: no video is listed. Write an id or a name a line.")
    return chosen


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SubsetInvalid(f"{path.name}: not UTF-8 text. Save the list as UTF-8.") from error
