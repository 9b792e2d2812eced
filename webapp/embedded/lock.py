"""One `make up` at a time for a `var` folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.embedded import EmbeddedError


@contextmanager
def only_one(var: Path, address: str) -> Iterator[None]:
    """Hold the folder's lock, which the kernel takes back when we die however we die.

    Raises EmbeddedError where it is held already, naming the holder, or where the folder is not ours.
    """
    try:
        var.mkdir(parents=True, exist_ok=True)
        file = (var / "lock").open("a+")
    except OSError as problem:
        raise EmbeddedError(
            f"{var} cannot be written ({problem.strerror}): start as the user who owns it, or choose "
            "another folder with DVIS_BENCH_VAR=<folder> make up."
        ) from problem
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise EmbeddedError(
                f"It runs already for this folder ({file.read().strip()}): stop that one with Ctrl-C, "
                "or start another with DVIS_BENCH_VAR=<folder> PORT=<port> make up."
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, {address}\n")
        file.flush()
        yield
