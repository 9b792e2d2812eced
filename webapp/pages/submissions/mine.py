"""The list of one's own submissions: its filters, which live in the address, and its rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict

from webapp.accounts.models import User
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.numbers import percent
from webapp.submissions.models import Score, Submission
from webapp.submissions.selectors import numbers_are_visible


@dataclass(frozen=True, slots=True)
class MineFilters:
    """Empty: all of them."""

    benchmark: str = ""
    status: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> "MineFilters":
        status = query.get("status") or ""
        benchmark = (query.get("benchmark") or "").replace("\x00", "")
        return cls(benchmark[:50], status if status in Submission.Status.values else "")

    def apply(self, rows: QuerySet[Submission]) -> QuerySet[Submission]:
        if self.benchmark:
            rows = rows.filter(split__benchmark__slug=self.benchmark)
        return rows.filter(status=self.status) if self.status else rows

    def to_query(self) -> str:
        pairs = {"benchmark": self.benchmark, "status": self.status}
        return urlencode({key: value for key, value in pairs.items() if value})


@dataclass(frozen=True, slots=True)
class Choice:
    """One chip: what it says, where it leads, whether it is on."""

    label: str
    query: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class MineRow:
    submission: Submission
    metric: str
    value: str


def mine_choices(rows: QuerySet[Submission], filters: MineFilters) -> dict[str, list[Choice]]:
    """Chips for the benchmarks and states that occur; a second click takes a filter away."""
    benchmarks = rows.order_by("split__benchmark__name").values_list(
        "split__benchmark__slug", "split__benchmark__name"
    )
    found = set(rows.order_by().values_list("status", flat=True).distinct())
    statuses = [(status.value, str(status.label)) for status in Submission.Status if status in found]
    return {
        "benchmark": _chips("benchmark", list(benchmarks.distinct()), filters),
        "status": _chips("status", statuses, filters),
    }


def _chips(field: str, values: Sequence[tuple[str, str]], filters: MineFilters) -> list[Choice]:
    now = getattr(filters, field)
    return [
        Choice(label, replace(filters, **{field: "" if value == now else value}).to_query(), value == now)
        for value, label in values
    ]


def mine_rows(submissions: Iterable[Submission], user: User) -> list[MineRow]:
    """Rows with the primary number of each; one query for all of them."""
    submissions = list(submissions)
    scores = Score.objects.filter(submission__in=submissions)
    values = {(row.submission_id, row.metric): row.value for row in scores}
    rows = []
    for submission in submissions:
        key = primary_metric(submission.split.benchmark)
        is_shown = numbers_are_visible(user=user, submission=submission)
        value = values.get((submission.id, key)) if is_shown else None
        rows.append(MineRow(submission, metric(key).label, percent(value)))
    return rows
