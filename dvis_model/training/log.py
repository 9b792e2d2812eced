"""What a training tells while it runs: numbers in a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path


class Log:
    """Rows of numbers by step. A training that goes on continues the file where its state was saved."""

    def __init__(self, path: Path, columns: tuple[str, ...], step: int) -> None:
        """Continue a file, without rows of steps after `step`, or begin one."""
        self._path, self._columns = path, columns
        kept = []
        if path.is_file():
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["number"]) <= step]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(kept)

    def write(self, row: Mapping[str, float | int]) -> None:
        """Add a row; columns that it lacks stay empty."""
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns, restval="").writerow(
                {name: value if isinstance(value, int) else f"{value:.6g}" for name, value in row.items()}
            )
