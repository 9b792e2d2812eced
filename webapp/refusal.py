"""The refusal of a service: one exception that pages, API and command line show alike."""

import re
from datetime import datetime
from typing import Any

# Control characters, which drive a terminal, and those that turn the direction of what follows.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class Refused(Exception):
    """A request cannot be met, for a reason that the person asking can act on.

    Args:
        code: stable, for programs.
        message: what was found and what was expected, as a sentence.
        hint: what to do.
        status: the HTTP status that fits.
        until: when it can be done again, for those that wait by program.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", *, status: int = 422, until: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.until = until
        self.code, self.message, self.hint, self.status = code, message, hint, status

    @property
    def form_status(self) -> int:
        """The status of the page that shows its form again: 422, unless it is the server that cannot."""
        return self.status if self.status >= 500 else 422

    @property
    def problem(self) -> dict[str, Any]:
        """The same shape as `evaluator.problems.Problem.to_json`."""
        return {
            "code": self.code,
            "severity": "error",
            "where": {},
            "message": self.message,
            "hint": self.hint,
            "count": 1,
        }


def check_one_line(field: str, text: str) -> None:
    """Raise Refused where a name or another short text holds what would disturb the text around it."""
    if found := UNSEEN.search(text):
        raise Refused(
            "unseen-character",
            f"{field}: it holds the control character U+{ord(found[0]):04X}.",
            "Leave it out: names are shown in tables and terminals.",
        )
