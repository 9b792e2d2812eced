"""Problems as pages show them: one block per kind (as in static/webapp/js/problems.js)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.problems import PROBLEMS, ProblemSpec, Where

PLACES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Place:
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """All problems of one code. `count` includes those that are not among the places."""

    code: str
    severity: str
    title: str
    hint: str
    count: int
    places: tuple[Place, ...]

    @property
    def first(self) -> tuple[Place, ...]:
        return self.places[:PLACES_SHOWN]

    @property
    def more(self) -> tuple[Place, ...]:
        return self.places[PLACES_SHOWN:]

    @property
    def unlisted(self) -> int:
        return self.count - len(self.places)


def problem_groups(
    problems: Iterable[Mapping[str, Any]], table: Mapping[str, ProblemSpec] = PROBLEMS
) -> list[ProblemGroup]:
    """Group problems (as `Problem.to_json` gives them) by code, in the order in which codes first occur."""
    by_code: dict[str, list[Mapping[str, Any]]] = {}
    for problem in problems:
        by_code.setdefault(problem["code"], []).append(problem)
    return [_group(table.get(code), code, members) for code, members in by_code.items()]


def _group(spec: ProblemSpec | None, code: str, members: list[Mapping[str, Any]]) -> ProblemGroup:
    title = spec.title if spec else members[0]["message"]
    # A count above 1 closes a long group: it says how many are not listed.
    listed = [member for member in members if member["count"] == 1]
    return ProblemGroup(
        code=code,
        severity=members[0]["severity"],
        title=title[:1].upper() + title[1:],
        hint=members[0]["hint"],
        count=sum(member["count"] for member in members),
        places=tuple(Place(str(Where(**m["where"])), m["message"]) for m in listed if spec),
    )
