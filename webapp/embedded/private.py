"""Data that earlier versions left open to other users of the machine."""

import os
from pathlib import Path

# Their own servers look after these.
APART = {"postgres", "valkey"}


def close_to_others(var: Path) -> None:
    """Make `var` and all in it its owner's alone. What is closed already costs one look.

    The folder itself is closed last, so that a start that was interrupted here is repeated.
    """
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not var.stat().st_mode & 0o077:
        return
    for folder, folders, files in os.walk(var):
        if Path(folder) == var:
            folders[:] = sorted(set(folders) - APART)
        for name in (*folders, *files):
            _close(Path(folder, name))
    _close(var)


def _close(path: Path) -> None:
    if not path.is_symlink() and path.exists():
        path.chmod(path.stat().st_mode & 0o700)
