"""A study as pages show it: its charts with their heights, and its table."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.ablations.selectors import ShownStudy
from webapp.ablations.studies import Kind, Study
from webapp.charts.ablations import chart_height, study_charts, study_table
from webapp.charts.spec import Chart
from webapp.methods.models import Method

# Longer lists of statements are folded.
FACTS_OPEN = 8


@dataclass(frozen=True, slots=True)
class DrawnChart:
    chart: Chart
    height: int


@dataclass(frozen=True, slots=True)
class StudyCard:
    """`head` and `rows` are its table, empty for statements, which are in `study.facts`."""

    study: Study
    scope: str
    charts: tuple[DrawnChart, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    methods: tuple[Method, ...]

    @property
    def is_wide(self) -> bool:
        """Return whether its first chart has groups, and takes all of the page."""
        return bool(self.charts) and self.study.kind in (Kind.CHAIN, Kind.COST)

    @property
    def facts_are_open(self) -> bool:
        return not self.charts and len(self.study.facts) <= FACTS_OPEN


def study_cards(studies: Iterable[ShownStudy]) -> list[StudyCard]:
    """Return a card per study, those with charts first, otherwise in their order."""
    cards = [_card(one) for one in studies]
    return sorted(cards, key=lambda card: not card.charts)


def _card(shown: ShownStudy) -> StudyCard:
    study = shown.study
    charts = study_charts(study, shown.benchmark_names)
    head, rows = study_table(study) if study.rows else ((), ())
    scope = " · ".join((*shown.benchmark_names.values(), *study.setup))
    drawn = tuple(DrawnChart(chart, chart_height(chart)) for chart in charts)
    return StudyCard(study, scope, drawn, head, rows, shown.methods)
