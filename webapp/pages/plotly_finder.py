"""Plotly's own script, out of its wheel, as a static file: no content delivery network, and a strict CSP."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

NAME = "plotly.min.js"


class PlotlyFinder(BaseFinder):
    """Finds `plotly.min.js` and nothing else of the package (its data folder is large)."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("plotly")  # the package itself takes long to import
        if spec is None or spec.origin is None:
            raise ImportError("Expected the package plotly: install the web extra, pip install '.[web]'")
        self.storage = FileSystemStorage(location=Path(spec.origin).parent / "package_data")

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [self.storage.path(NAME)] if path == NAME else []
        return found if find_all else (found[0] if found else None)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        yield NAME, self.storage
