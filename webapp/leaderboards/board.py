"""What a leaderboard is made of: rows, ranks, columns, facets. Pure; no database here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp.leaderboards.metrics import Metric
from webapp.submissions.costs import UNKNOWN, Cost

# Values closer than this are one value: parity with the official evaluators is promised to 1e-9.
SAME = 9
# Factors that say what a method is made of: its name stands for them in a row.
PARTS_OF_METHOD = ("segmenter", "tracker", "refiner")
# Words of the factor `extra_data`, in small letters, for none.
NO_EXTRA_DATA = ("", "no", "none", "false")


def is_second_reading(origin: str, source: dict[str, Any]) -> bool:
    """Return whether it is another report of a setting that is listed already, such as a quoted copy."""
    return origin == "reported" and source.get("primary") is False


@dataclass(frozen=True, slots=True)
class RanHere:
    """Device and speed of a row's reference run."""

    run_id: str
    device: str
    frames_per_second: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One variant with its best visible numbers, fractions in [0, 1]; missing or None is undefined."""

    submission_id: str
    variant_id: int
    method_id: int
    method: str
    method_slug: str
    variant: str
    factors: dict[str, str]
    origin: str
    values: dict[str, float | None]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """95 % bounds, of metrics that have any."""
    is_public: bool = True
    author: str = ""
    team: str = ""
    """The team of its method; where none is named, the authors of the paper."""
    venue: str = ""
    year: int | None = None
    paper_url: str = ""
    code_url: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    evaluator: str = ""
    digest: str = ""
    note: str = ""
    finished_at: datetime | None = None
    ran: RanHere | None = None
    colour: int | None = None
    """The hue of its method."""
    cost: Cost = UNKNOWN
    stale: str = ""
    """The reason why it would have another score today, in a sentence; empty where it would not."""

    @property
    def is_secondary(self) -> bool:
        return is_second_reading(self.origin, self.source)

    @property
    def shown_factors(self) -> dict[str, str]:
        """The factors that tell variants apart, in the order in which people say them."""
        first = ("mode", "backbone", "resolution")
        keys = [*first, *(key for key in self.factors if key not in (*first, *PARTS_OF_METHOD))]
        return {key: self.factors[key] for key in keys if self.factors.get(key)}

    @property
    def settings(self) -> str:
        """The factors in words, such as "offline · ResNet-50 · 720p"."""
        return " · ".join(dict.fromkeys(self.shown_factors.values()))

    @property
    def distinction(self) -> str:
        """What tells its variant apart: the settings, or the variant's name where none are given."""
        return self.settings or ("" if self.variant == "default" else self.variant)

    @property
    def extra_data(self) -> str:
        text = self.factors.get("extra_data", "")
        return "" if text.lower() in NO_EXTRA_DATA else text

    @property
    def full_name(self) -> str:
        """Method and settings in one text, for charts and exports."""
        return f"{self.method} {self.distinction}".strip()


@dataclass(frozen=True, slots=True)
class RankedRow:
    """A row with its rank among all public rows of the board, whatever the filters.

    `rank` is None for a secondary or a private row and where the primary metric is undefined; and where it
    is being computed, which `is_pending` tells. `rank_low` and `rank_high` are the best and the worst rank
    that the videos leave possible, and rows of one `tie_group` are not told apart by them; None where that is
    not known, or the row stands alone.
    """

    row: Row
    rank: int | None
    tied: bool
    rank_low: int | None = None
    rank_high: int | None = None
    tie_group: int | None = None
    is_pending: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `best` is its best number among all rows that have ranks."""

    metric: Metric
    is_primary: bool
    best: float | None

    def is_best(self, row: Row) -> bool:
        value = row.values.get(self.metric.key)
        is_ranked = row.is_public and not row.is_secondary
        return is_ranked and value is not None and round(value, SAME) == self.best


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    key: str
    label: str
    values: tuple[FacetValue, ...]
