"""Lays the files of a golden case out as an organiser and a submitter have them."""

import zipfile
from pathlib import Path


def unpack_case(archive: Path, folder: Path) -> tuple[Path, Path]:
    """Return the folders of ground truth and predictions."""
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)
    return folder / "gt", folder / "pred"
