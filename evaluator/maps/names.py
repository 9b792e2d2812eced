"""Names of videos and frames below a folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from evaluator.files.words import counted
from evaluator.problems import ProblemList, Where

_NUMBER: Final = re.compile(r"([0-9]+)")


def is_plain_name(name: Any) -> bool:
    """Return whether a video or frame can have this name below a folder."""
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    plain = bool(parts) and name == "/".join(parts) and not {"..", "/"} & set(parts)
    return plain and "\\" not in name and name.isprintable()


def frame_order(name: str) -> tuple[tuple[str | tuple[int, str], ...], str]:
    """Return what to sort frames by, with or without .png, so that numbers in names count as numbers.

    >>> sorted(["10.png", "9.png", "010.png"], key=frame_order)
    ['9.png', '010.png', '10.png']
    """
    stem = name.removesuffix(".png")
    parts = _NUMBER.split(stem)  # text and digits take turns
    return tuple(_number(part) if index % 2 else part for index, part in enumerate(parts)), stem


def _number(digits: str) -> tuple[int, str]:
    """Return what orders numbers of any length as their values do."""
    plain = digits.lstrip("0")
    return len(plain), plain


def warn_of_maps(
    names: Iterable[str],
    folder: str,
    frames: Mapping[str, Collection[str]],
    file: str,
    problems: ProblemList,
) -> None:
    """Add one warning that counts the maps of frames that the ground truth lacks.

    Args:
        names: the members of the submission.
        folder: what stands before the names of videos, "" or with "/" at its end.
        frames: by video, the names of the maps that count.
        file: the submission.
    """
    extra = []
    for name in names:
        video, _, frame = name.removeprefix(folder).rpartition("/")
        listed = frames.get(video) if name.startswith(folder) and frame.endswith(".png") else None
        if listed is not None and frame not in listed:
            extra.append(name)
    if extra:
        shown = ", ".join(repr(name[:80]) for name in sorted(extra, key=frame_order)[:3])
        message = f"{counted(len(extra), 'map is', 'maps are')} of no frame in the ground truth: {shown}."
        problems.add("map-extra", Where(file=file), message)


def missing_map(file: str, names: Collection[str], problems: ProblemList) -> str:
    """Return a sentence on a missing map; the first one also says what is there."""
    if problems.has_errors():
        return "There is no such file."
    return f"There is no such file; {found_instead(file, names)}."


def found_instead(file: str, names: Collection[str]) -> str:
    """Return the words for what lies where `file` is missing among `names`."""
    folder = file.rpartition("/")[0]
    while folder:
        inside = {name[len(folder) + 1 :].split("/")[0] for name in names if name.startswith(f"{folder}/")}
        if inside:
            break
        folder = folder.rpartition("/")[0]
    else:
        inside = {name.split("/")[0] for name in names}
    where = f"the folder {folder!r}" if folder else "the top"
    found = sorted(inside)
    shown = ", ".join(repr(name[:60]) for name in found[:3])
    if len(found) > 3:
        shown += f" ... {found[-1][:60]!r}"
    jpeg = any(name.lower().endswith((".jpg", ".jpeg")) for name in found)
    only = "; maps must be PNG, as JPEG changes their numbers" if jpeg else ""
    return f"{where} has {shown or 'no file'}{only}"
