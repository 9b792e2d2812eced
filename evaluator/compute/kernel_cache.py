"""Finds the folder in which numba keeps compiled kernels: one per state of the sources that they are made of.

Machine code contains the functions and constants that a kernel uses, also those of other modules, but numba
looks only at the file of the kernel itself. So the folder is named after a hash of `kernel_sources`: whoever
changes one of these files gets an empty folder, and whoever changes any other file keeps the full one.

A folder of other sources is deleted as soon as no process uses it: each process holds a shared lock on the
folder of its own for as long as it lives.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from numba import config

CONFIG: Any = config  # numba sets its attributes by name
PACKAGE: Final = Path(__file__).parents[1]
LOCK_NAME: Final = "in_use"

_BASE: Final = ("compute/compiled.py", "compute/vector_bytes.py")
_MARKS: Final = (b"evaluator.compute.compiled", b"evaluator.compute.vector_bytes")
_TRIES: Final = 10
_fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None


def kernel_sources(package: Path = PACKAGE) -> dict[str, bytes]:
    """Return the modules whose text becomes machine code, by their path below the package.

    These are `compiled.py`, `vector_bytes.py` and every module that names one of the two: in an import or,
    where it only has constants that kernels use, in a comment. `compiled` refuses functions of other modules,
    and a test looks for constants of other modules.
    """
    found: dict[str, bytes] = {}
    skipped = len(str(package)) + 1
    for folder, folders, files in os.walk(package):
        folders[:] = sorted(name for name in folders if not name.startswith(("__", ".")))
        for name in sorted(files):
            if name.endswith(".py"):
                path = f"{folder}{os.sep}{name}"
                with open(path, "rb") as file:  # noqa: PTH123  a third of the time of a Path
                    text = file.read()
                key = path[skipped:].replace(os.sep, "/")
                if key in _BASE or any(mark in text for mark in _MARKS):
                    found[key] = text
    return found


def open_cache(sources: Mapping[str, bytes], package: Path = PACKAGE) -> Path | None:
    """Return the folder for the kernels made of `sources`; None if no folder can be written.

    It lies in NUMBA_CACHE_DIR if that is set, otherwise in the package or, where that cannot be written, in
    the cache of the user. Folders of other sources are deleted unless a process uses them.
    """
    prefix = f"evaluator-{_hash(str(package).encode())[:8]}-"  # numba keeps each path apart, too
    name = prefix + _hash(*(part for path, text in sources.items() for part in (path.encode(), text)))[:16]
    for parent in _parents(package):
        folder = parent / name
        try:
            _hold(folder)
        except OSError:
            continue
        for other in parent.glob(f"{prefix}*"):
            if other != folder:
                _delete_unused(other)
        return folder
    return None


def _parents(package: Path) -> Iterator[Path]:
    if CONFIG.CACHE_DIR:
        yield Path(CONFIG.CACHE_DIR)
    else:
        yield package / "__pycache__"
        yield Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "dvis-bench").expanduser()


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()


def _hold(folder: Path) -> None:
    """Create a folder and lock it against deletion until this process ends. Raises OSError."""
    for _ in range(_TRIES):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / LOCK_NAME
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # another process has just deleted the folder
            continue
        if _fcntl is None:
            os.close(lock)
            return
        _fcntl.flock(lock, _fcntl.LOCK_SH)
        if path.exists() and os.path.samestat(os.fstat(lock), path.stat()):
            return  # the file stays open, and the lock with it
        os.close(lock)
    raise FileNotFoundError(f"{folder} is deleted again and again")


def _delete_unused(folder: Path) -> None:
    if _fcntl is None:
        return
    try:
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:  # gone, or of another user
        return
    try:
        _fcntl.flock(lock, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # in use
        pass
    finally:
        os.close(lock)
