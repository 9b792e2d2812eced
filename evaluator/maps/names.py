"""Names of videos and frames below a folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any

from evaluator.problems import ProblemList


def is_plain_name(name: Any) -> bool:
    """Return whether a video or frame can have this name below a folder."""
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    plain = bool(parts) and name == "/".join(parts) and not {"..", "/"} & set(parts)
    return plain and "\\" not in name and name.isprintable()


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
