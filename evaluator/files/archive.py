"""Reads members of a hostile zip archive into memory; nothing is ever unpacked to disk.

Every limit holds while reading: what an archive says about itself is checked first, and not believed.
"""

from __future__ import annotations

import errno
import lzma
import mmap
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar, cast

from evaluator.files.forms import form_of_names
from evaluator.files.litter import is_litter
from evaluator.files.words import counted
from evaluator.problems import Problem, SubmissionRejected, Where, problem, warned

_File = TypeVar("_File")


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """The limits of an archive; `ratio` (unpacked to packed) counts only beyond `ratio_from_bytes`."""

    members: int = 1_000
    directory_bytes: int = 1 << 20
    total_bytes: int = 4 << 30
    ratio: int = 200
    ratio_from_bytes: int = 64 << 20


LIMITS = ArchiveLimits()
MAP_LIMITS = ArchiveLimits(members=250_000, directory_bytes=64 << 20, total_bytes=64 << 30)
"""The limits of archives with one small file per frame."""
_CHUNK_BYTES = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_DAMAGES = (
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ValueError,
    NotImplementedError,  # a part of the format that zipfile does not know, claimed by a flag or a version
)


def read_member(
    path: Path, name: str, limits: ArchiveLimits = LIMITS
) -> tuple[memoryview, tuple[Problem, ...]]:
    """Return the contents of the one member called `name`, at the top or in the one root folder.

    Raises:
        SubmissionRejected: the archive is damaged, unsafe, too large, or has no such member, or several.
        OSError: the file cannot be read.
    """
    with _open_member(path, name, limits) as (archive, member, warnings), warned(warnings):
        return _read(archive, member, path, limits), warnings


def check_member(path: Path, name: str, limits: ArchiveLimits = LIMITS) -> None:
    """Do all that `read_member` does but unpack the member, and raise what it raises."""
    with _open_member(path, name, limits) as (_, member, warnings), warned(warnings):
        _check_member(member, path, limits)


@contextmanager
def _open_member(
    path: Path, name: str, limits: ArchiveLimits
) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo, tuple[Problem, ...]]]:
    with path.open("rb") as file:
        _check_directory(file, path, limits)
        with _damage(path, "The archive"), zipfile.ZipFile(file) as archive:
            members, warnings = _safe_members(archive, path, limits)
            with warned(warnings):
                found, in_folder = _find(members, name, path)
            yield archive, found, (*warnings, *in_folder)


def with_lower_suffixes(files: Mapping[str, _File]) -> dict[str, _File]:
    """Return files under names that end in .png where it was written .PNG, as some programs do.

    >>> with_lower_suffixes({"a/0.PNG": 1, "a/1.png": 2, "b.PNG": 3, "b.png": 4})
    {'a/0.png': 1, 'a/1.png': 2, 'b.PNG': 3, 'b.png': 4}
    """
    return {_with_lower_suffix(name, files): value for name, value in files.items()}


def _with_lower_suffix(name: str, taken: Container[str]) -> str:
    if name[-4:] == ".png" or name[-4:].lower() != ".png" or name[:-4] + ".png" in taken:
        return name
    return name[:-4] + ".png"


class Archive:
    """An open archive of many files, each read on its own; any process may read.

    Raises:
        SubmissionRejected: the archive is damaged, unsafe or too large.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path, limits: ArchiveLimits = MAP_LIMITS) -> None:
        self.name = path.name
        self._path = path
        self._limits = limits
        with path.open("rb") as file:
            _check_directory(file, path, limits)
        with ExitStack() as stack:
            with _damage(path, "The archive"):
                self._archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(_map(path))))
                members, self.warnings = _safe_members(self._archive, path, limits)
            self._members = with_lower_suffixes(dict(members))
            self._open = stack.pop_all()  # until `close`

    @property
    def names(self) -> Collection[str]:
        """The files in the archive, in its order."""
        return self._members.keys()

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of a file. Raises SubmissionRejected if it is damaged; KeyError."""
        info = self._members[name]
        _check_member(info, self._path, self._limits)
        with _damage(self._path, f"The member {name[:80]!r}"), self._archive.open(info) as member:
            return member.read(limit)

    def close(self) -> None:
        self._open.close()


class _Mapped(mmap.mmap):
    """A mapped file. Forked processes do not share its position, as they share that of an open file."""

    def seekable(self) -> bool:
        """Answer `zipfile`, as Python's own maps cannot before 3.13."""
        return True


def _map(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        mapped = _Mapped(file.fileno(), 0, access=mmap.ACCESS_READ)
    return cast("IO[bytes]", mapped)  # as far as `zipfile` needs it


@contextmanager
def _damage(path: Path, what: str) -> Iterator[None]:
    """Turn what zipfile and the decompressors say of damaged bytes into a rejection."""
    try:
        yield
    except (*_DAMAGES, OSError) as error:
        # The disk's errors are not the file's. But bz2 says "invalid data" with an OSError of no number, and
        # a member said to lie before the file begins is an invalid argument.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise _rejected("archive-damaged", path, f"{what} cannot be read: {error}.") from error


def _rejected(code: str, path: Path, message: str) -> SubmissionRejected:
    return SubmissionRejected([problem(code, Where(file=path.name), message)])


def _check_directory(file: IO[bytes], path: Path, limits: ArchiveLimits) -> None:
    """Refuse a huge table of contents before zipfile builds an object for each of its members."""
    size = file.seek(0, 2)
    tail_bytes = min(size, 22 + 65535 + 20)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        message = "The archive has no table of contents at its end; it was cut short."
        raise _rejected("archive-damaged", path, message)
    members, directory_bytes = struct.unpack("<HL", tail[at + 10 : at + 16])
    if members == 0xFFFF or directory_bytes == 0xFFFFFFFF:  # the real numbers are in the zip64 record
        record = tail.rfind(b"PK\x06\x06", 0, at)
        if record >= 0 and len(tail) >= record + 48:
            members, directory_bytes = struct.unpack("<QQ", tail[record + 32 : record + 48])
    if members > limits.members or directory_bytes > limits.directory_bytes:
        message = f"The archive lists {counted(members, 'file')}, but at most {limits.members:,} are read."
        raise _rejected("archive-members", path, message)


def _safe_members(
    archive: zipfile.ZipFile, path: Path, limits: ArchiveLimits
) -> tuple[list[tuple[str, zipfile.ZipInfo]], tuple[Problem, ...]]:
    """Return the files of the archive with their names, and a warning if these had backslashes.

    Folders, and what desktops add, are left out.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    if len(infos) > limits.members:
        message = f"The archive lists {counted(len(infos), 'file')}, but at most {limits.members:,} are read."
        raise _rejected("archive-members", path, message)
    total = sum(info.file_size for info in infos)
    if total > limits.total_bytes:
        message = f"The archive unpacks to {total:,} bytes, but at most {limits.total_bytes:,} are read."
        raise _rejected("archive-size", path, message)
    for info in infos:
        name = info.orig_filename.replace("\\", "/")  # as some programs of Windows separate folders
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in name:
            message = (
                f"The archive has a member {info.orig_filename[:80]!r}: only plain relative names are read."
            )
            raise _rejected("archive-path", path, message)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _rejected("archive-link", path, f"The member {name[:80]!r} is a symbolic link.")
        if name in members:
            raise _rejected("archive-duplicate", path, f"The archive has two members called {name[:80]!r}.")
        members[name] = info
    files = [(name, info) for name, info in members.items() if name[-1:] != "/" and not is_litter(name)]
    odd = [info.orig_filename for name, info in files if info.orig_filename != name]
    if not odd:
        return files, ()
    message = f"{counted(len(odd), 'name has backslashes', 'names have backslashes')}, first {odd[0][:80]!r}."
    return files, (problem("archive-backslashes", Where(file=path.name), message),)


def _find(
    members: list[tuple[str, zipfile.ZipInfo]], name: str, path: Path
) -> tuple[zipfile.ZipInfo, tuple[Problem, ...]]:
    found = [(where, info) for where, info in members if where.split("/")[-1] == name]
    if len(found) > 1:
        names = ", ".join(repr(where[:80]) for where, _ in found[:5])
        raise _rejected(
            "results-twice", path, f"The archive has {counted(len(found), 'file')} called {name}: {names}."
        )
    if not found:
        names = ", ".join(repr(where[:80]) for where, _ in members[:5]) or "no file at all"
        form = form_of_names(where for where, _ in members)
        looks = f" It looks like {form}." if form else ""
        raise _rejected("results-missing", path, f"The archive holds no {name}; it holds {names}.{looks}")
    where, info = found[0]
    folders = where.split("/")[:-1]
    if not folders:
        return info, ()
    roots = {member.split("/")[0] for member, _ in members}
    if len(roots) > 1:
        message = (
            f"The archive has {where[:80]!r}, but {name} must lie at the top, or everything in one folder."
        )
        raise _rejected("results-missing", path, message)
    message = f"{name} lies in the folder {'/'.join(folders)[:80]!r} of the archive."
    return info, (problem("archive-root-folder", Where(file=path.name), message),)


def _check_member(info: zipfile.ZipInfo, path: Path, limits: ArchiveLimits) -> None:
    if info.flag_bits & 1:
        raise _rejected("archive-encrypted", path, f"The member {info.filename!r} needs a password.")
    if info.compress_type not in _METHODS:
        message = f"The member {info.filename!r} is compressed with method {info.compress_type}."
        raise _rejected("archive-compression", path, message)
    if info.file_size == 0:
        raise _rejected("file-empty", path, f"The member {info.filename!r} has 0 bytes.")
    allowed = max(limits.ratio_from_bytes, limits.ratio * info.compress_size)
    if info.file_size > allowed:
        message = (
            f"{info.compress_size:,} bytes claim to unpack to {info.file_size:,}, beyond {limits.ratio}:1."
        )
        raise _rejected("archive-ratio", path, message)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, limits: ArchiveLimits) -> memoryview:
    _check_member(info, path, limits)
    # Anonymous mapped memory takes no room until it is written, so a false size in the archive costs nothing.
    contents = memoryview(mmap.mmap(-1, info.file_size))
    done = 0
    with archive.open(info) as member:
        while chunk := member.read(_CHUNK_BYTES):
            contents[done : done + len(chunk)] = chunk
            done += len(chunk)
    if done != info.file_size:
        message = f"The member {info.filename!r} ends after {done:,} of {counted(info.file_size, 'byte')}."
        raise _rejected("archive-damaged", path, message)
    return contents.toreadonly()
