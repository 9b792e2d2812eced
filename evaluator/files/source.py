"""Opens what a submitter hands over: a results.json, a zip archive or a folder that holds one."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

import msgspec

from evaluator.files.archive import check_member, read_member
from evaluator.files.forms import form_of_bytes, form_of_names, form_of_text
from evaluator.files.words import counted
from evaluator.problems import Problem, SubmissionRejected, Where, problem

RESULTS_NAME = "results.json"
_TAIL_BYTES = 64


@dataclass(frozen=True, slots=True)
class JsonFile:
    """The bytes of a JSON file: mapped from disk, or unpacked into memory."""

    name: str
    contents: memoryview
    warnings: tuple[Problem, ...] = ()


def map_file(path: Path) -> memoryview:
    """Return the contents of a file without reading it into memory. Raises OSError."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def open_predictions(path: Path) -> JsonFile:
    """Open the results.json of a submission, which may be the file itself, in a zip archive or in a folder.

    Raises:
        SubmissionRejected: the archive is unsafe, there is no results.json, it was cut short, or the file is
            none of the three.
        OSError: the file cannot be read.
    """
    file = _open(path)
    _check_end(file)
    return file


def check_predictions(path: Path) -> None:
    """Refuse what `open_predictions` refuses, without unpacking anything. Raises what that raises."""
    if path.is_dir() or not _is_archive(path):
        open_predictions(path)
    else:
        check_member(path, RESULTS_NAME)


def _open(path: Path) -> JsonFile:
    if path.is_dir():
        _check_folder(path)
        return JsonFile(RESULTS_NAME, map_file(path / RESULTS_NAME))
    if _is_archive(path):
        unpacked, warnings = read_member(path, RESULTS_NAME)
        return JsonFile(RESULTS_NAME, unpacked, warnings)
    return JsonFile(path.name if path.suffix else RESULTS_NAME, map_file(path))


def _check_end(file: JsonFile) -> None:
    """Refuse JSON that stops in the middle, as far as its last byte shows; the readers find all of it."""
    end = bytes(file.contents[-_TAIL_BYTES:]).rstrip(b" \t\r\n")[-1:]
    if end in (b"", b"]", b"}"):
        return
    try:
        msgspec.json.decode(file.contents, type=msgspec.Raw)
    except RecursionError:
        return
    except msgspec.DecodeError as error:
        if "truncated" in str(error):
            message = f"The file ends after {counted(len(file.contents), 'byte')} in the middle of a value."
            found = problem("json-truncated", Where(file=file.name), message)
            raise SubmissionRejected([found, *file.warnings]) from error


def _check_folder(path: Path) -> None:
    if not (path / RESULTS_NAME).is_file():
        message = f"The folder {path.name!r} holds no {RESULTS_NAME}{_held_instead(path)}."
        raise SubmissionRejected([problem("results-missing", Where(file=path.name), message)])


def _held_instead(path: Path) -> str:
    """Return the words for what a folder without results.json has that may be meant."""
    inner = sorted(file.relative_to(path).as_posix() for file in path.glob(f"*/{RESULTS_NAME}"))
    names = inner or sorted(file.name for file in path.iterdir() if file.suffix in (".json", ".zip"))
    if names:
        return f", but {', '.join(repr(name) for name in names[:3])}: give the path of that"
    form = form_of_names(sorted(file.name for file in path.iterdir()))
    return f"; it looks like {form}" if form else ""


def _is_archive(path: Path) -> bool:
    """Return whether a file begins like a zip archive. Raises SubmissionRejected if it cannot be JSON."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise SubmissionRejected([problem("file-empty", Where(file=path.name), "The file has 0 bytes.")])
    if head[:2] == b"PK":
        return True
    reject_other_formats(path, head)
    return False


def reject_other_formats(path: Path, head: bytes) -> None:
    """Refuse what begins like neither JSON nor a zip archive. Raises SubmissionRejected."""
    found = form_of_bytes(head) or form_of_text(head)
    if found is None and path.suffix.lower() == ".zip" and head.lstrip()[:1] not in (b"[", b"{"):
        found = f"no zip archive in spite of its name: it begins with {head[:8]!r}"
    if found is not None:
        message = f"Expected JSON or a zip archive, but this is {found}."
        raise SubmissionRejected([problem("file-not-recognised", Where(file=path.name), message)])
