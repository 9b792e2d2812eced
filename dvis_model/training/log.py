"""What a training writes down while it runs: numbers in CSV files, and for TensorBoard if it is installed."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Table:
    """Rows of numbers by step in a CSV file, which continues where the state was saved."""

    def __init__(self, path: Path, columns: Sequence[str], step: int) -> None:
        """Continue a file, without rows of steps after `step`, or begin one.

        Args:
            columns: the first is the number of the step.
        """
        self._path, self._columns = path, tuple(columns)
        kept = []
        if path.is_file():
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row[self._columns[0]]) <= step]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(kept)

    def write(self, row: Mapping[str, float | int]) -> None:
        """Add a row; columns that it lacks stay empty."""
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns, restval="").writerow(
                {name: value if isinstance(value, int) else f"{value:.6g}" for name, value in row.items()}
            )


class Curves:
    """The same numbers for TensorBoard; without it, nothing happens."""

    def __init__(self, folder: Path, step: int) -> None:
        """Continue after a step."""
        self._writer: SummaryWriter | None = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, group: str, step: int, row: Mapping[str, float | int]) -> None:
        """Add numbers of a step."""
        if self._writer is not None:
            for name, value in row.items():
                self._writer.add_scalar(f"{group}/{name}", value, step)
            self._writer.flush()

    def close(self) -> None:
        """Write what is waiting."""
        if self._writer is not None:
            self._writer.close()
