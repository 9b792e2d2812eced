"""A board at a date: its address, read and written, and its rows as texts."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.http import QueryDict

from webapp.leaderboards.board import Row
from webapp.leaderboards.history import PastBoard, PastPlace
from webapp.numbers import percent


@dataclass(frozen=True, slots=True)
class When:
    """Which board: of the end of the day `at`, with what changed since the end of `since`, if given."""

    at: date
    since: date | None = None
    page: int = 1

    @classmethod
    def from_query(cls, query: QueryDict) -> "When | None":
        """Read an address; None where it asks for no date, or for none that there is."""
        at = _day(query.get("at", ""))
        if at is None:
            return None
        since = _day(query.get("since", ""))
        page = query.get("page", "")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
        return cls(at, since if since is not None and since < at else None, max(1, number))

    def to_query(self, split: str = "") -> str:
        pairs = [
            ("split", split),
            ("at", str(self.at)),
            ("since", str(self.since or "")),
            ("page", str(self.page) if self.page > 1 else ""),
        ]
        return urlencode([(key, value) for key, value in pairs if value])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 and text.isascii() else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class PastLine:
    place: PastPlace
    row: Row
    texts: tuple[str, ...]


def past_lines(past: PastBoard) -> list[PastLine]:
    """Return the rows of a board at a date, their numbers as texts."""
    return [
        PastLine(one.place, one.row, tuple(percent(one.row.values.get(key.key)) for key in past.metrics))
        for one in past.rows
    ]
