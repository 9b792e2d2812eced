"""Zip archives that depend on nothing but names and contents, so that the same files give the same bytes."""

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

READ_BYTES = 1024 * 1024
PLAIN_FILE = 0o100644 << 16
UNIX = 3


class UnsafeMember(Exception):
    """An archive has a member that is not a plain file with a relative name."""


def write_archive(files: Iterable[tuple[str, Path]], target: BinaryIO) -> None:
    """Write files under their names, sorted, as they are: maps are compressed already. Raises OSError."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, path in sorted(files):
            info = zipfile.ZipInfo(name)  # of 1980, whatever the file's own date is
            info.create_system, info.external_attr = UNIX, PLAIN_FILE
            info.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(info, "w") as member:
                shutil.copyfileobj(source, member, READ_BYTES)


def unpack_archive(path: Path, folder: Path) -> None:
    """Write the members of an archive below an empty folder.

    Raises:
        UnsafeMember: a name would lie elsewhere, or is there twice.
        zipfile.BadZipFile: it is not an archive, or a damaged one.
        OSError: a file cannot be read or written.
    """
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            target = folder / _checked(info)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                file = target.open("xb")
            except FileExistsError:
                raise UnsafeMember(f"{info.filename!r} is there twice") from None
            with file, archive.open(info) as member:
                shutil.copyfileobj(member, file, READ_BYTES)


def _checked(info: zipfile.ZipInfo) -> str:
    """The name of a member that is a plain file of a relative name."""
    parts = info.orig_filename.split("/")
    is_plain = all(part not in ("", ".", "..") and "\0" not in part and "\\" not in part for part in parts)
    if not is_plain or info.external_attr not in (PLAIN_FILE, 0):
        raise UnsafeMember(f"{info.orig_filename!r} is not a plain file of a relative name")
    return info.orig_filename
