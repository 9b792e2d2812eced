"""What a training shows while it runs: a bar with the time left, or lines where there is no terminal."""

from __future__ import annotations

import dataclasses
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dvis_model.training.loop import Step
from dvis_model.words import counted

STEPS_PER_ROW: Final = 20
ROWS_PER_LINE: Final = 10


class Reporter:
    """Follows the steps; the mean of each twenty is a row of the log."""

    def __init__(self, columns: tuple[str, ...], *, shown: bool) -> None:
        """Show what happens, unless another process does."""
        self._columns, self._steps = columns, 0
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=not shown)
        self._recent: list[Step] = []
        self._rows = 0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._task = self._bar.add_task("", total=None)

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        self._console.print(sentence, markup=False)

    def cached(self, done: int, videos: int) -> None:
        """Show how many videos went through the frozen parts."""
        self._bar.update(self._task, total=videos, completed=done, description="frozen parts")
        if not self._console.is_terminal and done % 100 == 0:
            self.say(f"frozen parts: {done} of {counted(videos, 'video')}")

    def begin(self, steps: int, done: int) -> None:
        """Follow a training of so many steps, of which some are done."""
        self._steps = steps
        self._bar.reset(self._task, total=steps, completed=done, description="")

    def take(self, step: Step) -> dict[str, float | int] | None:
        """Show a step; return a row of means after each twenty, and after the last."""
        self._recent.append(step)
        self._bar.update(self._task, completed=step.number, description=f"loss {step.loss:.3f}")
        if step.number % STEPS_PER_ROW and step.number != self._steps:
            return None
        recent, self._recent = self._recent, []
        rows = [dataclasses.asdict(one) for one in recent]
        row = {name: sum(one[name] for one in rows) / len(rows) for name in self._columns}
        row["number"] = step.number
        self._rows += 1
        if not self._console.is_terminal and (self._rows % ROWS_PER_LINE == 1 or step.number == self._steps):
            left = (self._steps - step.number) * row["seconds"] / 60
            self.say(
                f"step {step.number}/{self._steps}: loss {row['loss']:.3f} (class {row['class_loss']:.3f}, "
                f"mask {row['mask_loss']:.3f}, dice {row['dice_loss']:.3f}), {row['seconds']:.3f} s a step, "
                f"{left:.0f} min left"
            )
        return row

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
