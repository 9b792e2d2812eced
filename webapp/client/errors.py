"""Errors that end the client early, with their exit status."""

from enum import IntEnum
from typing import Any

from evaluator.problems import Problem, Where, text_of


class Exit(IntEnum):
    OK = 0
    REJECTED = 1
    USAGE = 2
    FAILED = 3
    UNREACHABLE = 4  # or not allowed


class ClientError(Exception):
    """A sentence for the person at the terminal. `document` is what the API said, if it said anything."""

    def __init__(self, message: str, exit_status: Exit, document: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.exit_status, self.document = exit_status, document


def exit_status_of(http_status: int) -> Exit:
    """Refused for what was asked: usage; for who asks or when: not allowed; for the file: rejected."""
    if http_status >= 500:
        return Exit.FAILED
    if http_status == 413:
        return Exit.REJECTED
    return Exit.UNREACHABLE if http_status in (401, 403, 409, 429) else Exit.USAGE


def problems_text(problems: list[dict[str, Any]]) -> str:
    """Problems of the API in the words of `python -m evaluator`."""
    return text_of(Problem(**{**one, "where": Where(**one["where"])}) for one in problems)
