"""Log files that do not grow without end: a large one becomes FILE.1 and goes on empty."""

import shutil
from contextlib import suppress
from pathlib import Path

LARGEST_BYTES = 16 * 1024**2


def rotate_logs(folder: Path) -> None:
    """Copy what is too large aside, in place of the copy before, and empty it.

    The programs go on writing to the same open file: it is open for appending, so they write at its new end.
    On a full disk there is no copy, but the log is emptied all the same.
    """
    for path in folder.glob("*.log"):
        with suppress(OSError):  # it is tried again in a moment
            if path.stat().st_size > LARGEST_BYTES:
                _rotate(path)


def _rotate(path: Path) -> None:
    older = path.with_name(f"{path.name}.1")
    try:
        older.unlink(missing_ok=True)
        older.touch(mode=path.stat().st_mode & 0o777)
        shutil.copyfile(path, older)
    except OSError:
        older.unlink(missing_ok=True)
        raise
    finally:
        with path.open("r+b") as file:
            file.truncate()
