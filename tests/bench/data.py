"""Generated data of true size, kept below the system's folder for temporary files until that is emptied."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def cached(name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder of this name, which `make` fills the first time; a new recipe needs a new name."""
    folder = Path(tempfile.gettempdir()) / "dvis-bench-data" / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix="draft-"))
        try:
            make(draft)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder
