"""How a service says no: one exception that page, API and command line all show alike."""

from typing import Any


class Refused(Exception):
    """What was asked for cannot be done, for a reason that the person asking can act on.

    Args:
        code: stable, for programs.
        message: what was found and what was expected, as a sentence.
        hint: what to do.
        status: the HTTP status that fits.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, status: int = 422) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.status = code, message, hint, status

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
