"""Links for the rows that are ticked on a board."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from webapp.leaderboards.selectors import Leaderboard

COMPARED = (2, 5)


@dataclass(frozen=True, slots=True)
class Choice:
    """The ticked rows of a board. `compare_href` is empty where `note` says what is missing."""

    count: int
    compare_href: str
    note: str


def choice_of(board: Leaderboard) -> Choice:
    """Return what the ticked rows allow: two to five can be compared, the best first."""
    ticked = [one for one in board.chosen if not one.row.is_secondary]
    fewest, most = COMPARED
    if len(ticked) < fewest:
        return Choice(len(ticked), "", "tick another one to compare them")
    if len(ticked) > most:
        return Choice(len(ticked), "", f"at most {most} can be compared")
    return Choice(len(ticked), compare_href([one.row.submission_id for one in ticked]), "")


def compare_href(submission_ids: list[str]) -> str:
    """The page that compares the first submission with the others."""
    return f"{reverse('compare:page')}?{urlencode({'submissions': ','.join(submission_ids)}, safe=',')}"
