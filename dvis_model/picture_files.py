"""Finds the pictures of a video: those that a data set lists, or all in a folder by their numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from dvis_model.preprocess import FrameProblem

PICTURES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
# VSPW keeps the pictures of a video in this folder, beside the masks.
BESIDE_MASKS: Final = "origin"
_NUMBER: Final = re.compile(r"(\d+)")

NaturalKey = tuple[tuple[str | int, ...], str]


class FrameMissing(FrameProblem):
    """A picture that a data set lists is not there; the message gives its name, and no other path."""


def natural_key(text: str) -> NaturalKey:
    """Return what to sort by so that numbers in names count as numbers.

    >>> sorted(["frame10", "frame2", "frame1"], key=natural_key)
    ['frame1', 'frame2', 'frame10']
    """
    parts = _NUMBER.split(text)  # text and digits take turns
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts)), text


def video_order(names: Iterable[str]) -> list[str]:
    """Return names of videos in their order.

    Names of one length are codes or numbers with leading zeros (0a2f, 10b7), which sort as text.
    """
    listed = list(names)
    return sorted(listed, key=natural_key) if len(set(map(len, listed))) > 1 else sorted(listed)


def is_hidden(path: Path) -> bool:
    """Return whether a file or folder is one that desktops leave behind, such as ._00000.jpg."""
    return path.name.startswith(".")


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder of a video, in the order of the numbers in their names."""
    files = [file for file in _picture_folder(folder).iterdir() if _is_picture(file)]
    return sorted(files, key=lambda file: (natural_key(file.stem), file.name))


def listed_pictures(root: Path, names: Sequence[str]) -> list[Path]:
    """Return the files of these names, in this order; other files are passed over.

    A data set that was converted may have another suffix in place of the listed one: then all of a folder's
    pictures are looked up without it.

    Args:
        root: the folder of all videos, or the folder of this one.
        names: as a data set lists them, with "/" between folders. Leading folders may be absent below `root`.

    Raises:
        FrameMissing: a name is not there, or more than one picture could be meant.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[split_name(name)[0]].append(name)
    found: dict[str, Path] = {}
    for folder, listed in by_folder.items():
        path = find_folder(root, folder)
        if path is None:
            raise FrameMissing(f"the picture {listed[0]} is missing: there is no folder {folder}")
        found |= _in_folder(path, listed)
    return [found[name] for name in names]


def split_name(name: str) -> tuple[str, str]:
    """Return the folders in a listed name, joined by "/", and its file. Windows' separators count as well."""
    folder, _, file = name.replace("\\", "/").rpartition("/")
    return folder, file


def find_folder(root: Path, folder: str) -> Path | None:
    """Return where a listed folder lies: below `root`, perhaps without its leading folders, or `root` itself.

    None if it is nowhere, or would lead out of `root`.
    """
    parts = [part for part in PurePosixPath(folder).parts if part != "/"]
    if ".." in parts:
        return None
    for start in range(len(parts)):
        path = root.joinpath(*parts[start:])
        if path.is_dir():
            return path
    return root if root.is_dir() and (not parts or root.resolve().name == parts[-1]) else None


def _in_folder(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return the path of each listed name. Raises FrameMissing."""
    folder = _picture_folder(folder)
    there = {file.name for file in folder.iterdir()}
    files = {name: split_name(name)[1] for name in names}
    if not there.isdisjoint(files.values()):
        missing = [name for name, file in files.items() if file not in there]
        if missing:
            raise FrameMissing(_missing(missing, len(files)))
        return {name: folder / file for name, file in files.items()}
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for path in folder.iterdir():
        if _is_picture(path):
            by_stem[path.stem].append(path)
    missing = [name for name, file in files.items() if _stem(file) not in by_stem]
    if missing:
        raise FrameMissing(_missing(missing, len(files)))
    found = {name: by_stem[_stem(file)] for name, file in files.items()}
    for name, paths in found.items():
        if len(paths) > 1:
            several = " and ".join(sorted(path.name for path in paths))
            raise FrameMissing(f"the picture {name} is missing, and it could be {several}: keep one of them")
    return {name: paths[0] for name, paths in found.items()}


def _missing(names: Sequence[str], total: int) -> str:
    more = f" ({len(names)} of {total} listed pictures are missing)" if len(names) > 1 else ""
    return f"the picture {names[0]} is missing{more}"


def _stem(name: str) -> str:
    path = PurePath(name)
    return path.stem if path.suffix.lower() in PICTURES else name


def _picture_folder(folder: Path) -> Path:
    beside_masks = folder / BESIDE_MASKS
    return beside_masks if beside_masks.is_dir() else folder


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in PICTURES and not is_hidden(file) and file.is_file()
