"""Holds how an evaluation is done: the one record of what `evaluator.evaluate` takes by keyword."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.types import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See `evaluator.evaluate` for each field. Raises ValueError if `workers` is less than 1."""

    workers: int = 1
    prepared_dir: Path | None = None
    progress: Callable[[int, int], None] | None = None
    bootstrap: int = 0
    seed: int = 0
    subsets: Mapping[str, Listing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"Expected at least one worker, but got {self.workers}")

    def report_progress(self, done: int, total: int) -> None:
        """Call `progress`, if there is one."""
        if self.progress is not None:
            self.progress(done, total)
