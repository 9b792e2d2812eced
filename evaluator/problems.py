"""Everything that can be wrong with a file, in one table.

Pages, API, command line and the check in the browser all speak from `PROBLEMS`: a code never changes its
meaning, and the hint says what to do. Messages (found, expected) are written where the problem is found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from evaluator.problem_table import PROBLEMS, ProblemSpec, Severity

__all__ = [
    "PROBLEMS",
    "GroundTruthError",
    "Problem",
    "ProblemList",
    "ProblemSpec",
    "SubmissionRejected",
    "SubsetInvalid",
    "Where",
    "problem",
    "text_of",
    "warned",
]

LISTED_PROBLEMS = 100
LISTED_PER_CODE = 10


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a problem; whatever does not apply is None.

    `entry` counts the items of the list in the file, `frame` the frames of the video, both from 0.
    """

    file: str | None = None
    entry: int | None = None
    video_id: int | str | None = None
    video: str | None = None
    frame: int | None = None
    field: str | None = None

    def to_json(self) -> dict[str, int | str]:
        """Return only the parts that apply."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in parts.items() if value is not None}

    def __str__(self) -> str:
        words = [self.file] if self.file else []
        if self.entry is not None:
            words.append(f"entry {self.entry}")
        text = ", ".join(words)
        if self.video_id is not None:
            name = f" {json.dumps(self.video)}" if self.video else ""
            text = f"{text} (video {self.video_id}{name})".strip()
        if self.frame is not None:
            text = f"{text}, frame {self.frame}" if text else f"frame {self.frame}"
        return text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (error) or looks unintended (warning).

    `count` is 1, or, in the line that closes a long group, how many more problems of this code there are.
    """

    code: str
    severity: Severity
    where: Where
    message: str
    hint: str
    count: int = 1

    @property
    def is_of_ground_truth(self) -> bool:
        """True if it is for organisers alone: submitters learn nothing about a hidden ground truth."""
        return self.code.startswith("gt-")

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where.to_json(),
            "message": self.message,
            "hint": self.hint,
            "count": self.count,
        }

    @property
    def sentence(self) -> str:
        where = str(self.where)
        return f"{where}: {self.message}" if where else self.message

    def __str__(self) -> str:
        way_out = f"-> {self.hint}   " if self.hint else ""
        return f"{self.sentence}\n  {way_out}[{self.code}]"


def text_of(problems: Iterable[Problem]) -> str:
    """Return problems as text; the hint of one code is printed once, after its last problem in a row."""
    lines: list[str] = []
    for _, group in groupby(problems, key=lambda one: (one.code, one.hint)):
        *others, last = group
        lines += [one.sentence for one in others]
        lines.append(str(last))
    return "\n".join(lines)


def problem(code: str, where: Where, message: str) -> Problem:
    """Return a problem with severity and hint from the table."""
    spec = PROBLEMS[code]
    return Problem(code=code, severity=spec.severity, where=where, message=message, hint=spec.hint)


class ProblemList:
    """Collects problems of a file in bounded memory and shows them grouped by code.

    Groups come in the order in which their first problem was found. At most 100 problems are shown; a group
    that is cut short ends with one line that counts the rest.
    """

    def __init__(self) -> None:
        self._shown: dict[str, list[Problem]] = {}
        self._counts: dict[str, int] = {}

    def add(self, code: str, where: Where, message: str) -> None:
        group = self._shown.setdefault(code, [])
        if len(group) < LISTED_PER_CODE:
            group.append(problem(code, where, message))
        self._counts[code] = self._counts.get(code, 0) + 1

    def has_errors(self) -> bool:
        return any(PROBLEMS[code].severity == "error" for code in self._counts)

    def extend(self, other: ProblemList) -> None:
        """Add what another list has collected, as if it had been found here."""
        for code, group in other._shown.items():
            shown = self._shown.setdefault(code, [])
            shown += group[: LISTED_PER_CODE - len(shown)]
            self._counts[code] = self._counts.get(code, 0) + other._counts[code]

    def is_full(self) -> bool:
        """Return whether as many errors were found as are ever shown."""
        errors = (n for code, n in self._counts.items() if PROBLEMS[code].severity == "error")
        return sum(errors) >= LISTED_PROBLEMS

    def to_tuple(self) -> tuple[Problem, ...]:
        if not self._counts:
            return ()
        per_code = max(1, min(LISTED_PER_CODE, LISTED_PROBLEMS // len(self._counts) - 1))
        listed: list[Problem] = []
        for code, group in self._shown.items():
            listed += group[:per_code]
            rest = self._counts[code] - len(group[:per_code])
            if rest:
                spec = PROBLEMS[code]
                message = f"{rest} more of this kind ({spec.title})."
                where = Where(file=group[0].where.file)
                listed.append(Problem(code, spec.severity, where, message, spec.hint, rest))
        return tuple(listed)


class _ProblemsError(Exception):
    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(text_of(self.problems))

    def __reduce__(self) -> tuple[type[_ProblemsError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class SubmissionRejected(_ProblemsError):
    """The submitted file cannot be scored; `problems` lists errors, and warnings found so far."""


@contextmanager
def warned(warnings: Sequence[Problem]) -> Iterator[None]:
    """Add warnings that were found before to what a submission is rejected for in this block."""
    try:
        yield
    except SubmissionRejected as rejected:
        raise SubmissionRejected((*rejected.problems, *warnings)) from rejected


class GroundTruthError(_ProblemsError):
    """The ground truth is unusable; `problems` is for the organiser, not for submitters."""


class SubsetInvalid(ValueError):
    """A list of videos cannot be used; the message says where and why."""
