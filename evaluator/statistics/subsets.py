"""Named subsets of the videos of a split: each a list of ids or names, or a text file with one per line.

A light module (no numpy): the site checks the lists of organisers with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from evaluator.problems import SubsetInvalid
from evaluator.types import Listing, VideoInfo

_LISTED: Final = 5


def choose_videos(
    subsets: Mapping[str, Listing], videos: Sequence[Sequence[str]]
) -> dict[str, tuple[int, ...]]:
    """Return the indices of the videos of each subset, ascending.

    Lines of a file that are empty or begin with # are skipped; a video may be listed twice.

    Args:
        subsets: the listing of each name.
        videos: the id and names of each video of the ground truth.

    Raises:
        SubsetInvalid: an entry fits no video or several, no video is listed, or the file is not text.
        OSError: a file cannot be read.
    """
    indices: dict[str, set[int]] = {}
    for index, labels in enumerate(videos):
        for label in labels:
            indices.setdefault(label, set()).add(index)
    return {name: _choose(name, listing, indices) for name, listing in subsets.items()}


def labels_of(videos: Sequence[VideoInfo]) -> list[tuple[str, ...]]:
    """Return the labels of each video of a benchmark of tracklets: its id and its name."""
    return [(str(video.id), video.name) for video in videos]


def _choose(name: str, listing: Listing, indices: Mapping[str, set[int]]) -> tuple[int, ...]:
    source = listing.name if isinstance(listing, Path) else f"subset {name}"
    chosen: set[int] = set()
    unknown = []
    for entry, where in _entries(listing):
        found = indices.get(entry, set())
        if len(found) > 1:
            message = f"{source}{f', {where}' if where else ''}: {entry!r} is the id or name of {len(found)}"
            raise SubsetInvalid(message + " videos. Write the id of the one that is meant.")
        if not found:
            unknown.append(f"{entry!r} ({where})" if where else repr(entry))
        chosen |= found
    if unknown:
        more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        listed = ", ".join(unknown[:_LISTED]) + more
        message = f"{source}: the ground truth has no video {listed}."
        raise SubsetInvalid(f"{message} Write one video id or name per line.")
    if not chosen:
        raise SubsetInvalid(f"{source}: no video is listed. Write one video id or name per line.")
    return tuple(sorted(chosen))


def _entries(listing: Listing) -> Iterator[tuple[str, str]]:
    """Yield each id or name with the line it stands in, "" in a list."""
    if not isinstance(listing, Path):
        yield from ((str(entry), "") for entry in listing)
        return
    try:
        text = listing.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SubsetInvalid(f"{listing.name}: not UTF-8 text. Save the list as UTF-8.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if (entry := line.strip()) and not entry.startswith("#"):
            yield entry, f"line {number}"
