"""A study as pages show it: its charts, its table, and calls that fill open cells."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from webapp.ablations.models import StudyMark
from webapp.ablations.selectors import ShownStudy
from webapp.ablations.studies import Cell, Kind, Study
from webapp.charts.ablations import study_charts
from webapp.charts.spec import Chart
from webapp.charts.study_parts import beyond_text, study_table
from webapp.checkpoints.zoo import models_with
from webapp.methods.models import Method
from webapp.numbers import percent

# Numbers of a grid are shaded in so many steps from its lowest to its highest.
SHADES = 5
# Longer lists of statements are folded.
FACTS_OPEN = 8


@dataclass(frozen=True, slots=True)
class RunCall:
    """How to measure a combination: a model of this server in a mode, as a form and as a command."""

    names: str
    form: str
    curl: str


@dataclass(frozen=True, slots=True)
class GridCell:
    """`text` is empty of what nobody has measured; `run` is null where no model of this server would."""

    text: str
    shade: int
    submission: str
    beyond: str
    run: RunCall | None


@dataclass(frozen=True, slots=True)
class GridRow:
    name: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True)
class StudyCard:
    """`head` and `rows` are its table, empty for statements, which are in `study.facts`, and for a `grid`."""

    study: Study
    scope: str
    charts: tuple[Chart, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    grid: tuple[GridRow, ...]
    methods: tuple[Method, ...]
    mark: StudyMark | None

    @property
    def is_wide(self) -> bool:
        """Return whether its first chart has groups, and takes all of the page."""
        return bool(self.charts) and self.study.kind in (Kind.CHAIN, Kind.COST, Kind.EFFECTS)

    @property
    def facts_are_open(self) -> bool:
        return not self.charts and len(self.study.facts) <= FACTS_OPEN


def study_cards(studies: Iterable[ShownStudy], server: str) -> list[StudyCard]:
    """Return a card per study: those with a place first, then those with charts, otherwise in their order.

    `server` is the address of this site, for commands, without a slash at its end.
    """
    cards = [_card(one, server) for one in studies]
    return sorted(cards, key=lambda card: (not (card.mark and card.mark.place), not card.charts))


def _card(shown: ShownStudy, server: str) -> StudyCard:
    study = shown.study
    charts = study_charts(study, shown.benchmark_names)
    is_grid = study.kind == Kind.GRID
    head, rows = study_table(study) if study.rows and not is_grid else ((), ())
    scope = " · ".join((*shown.benchmark_names.values(), *study.setup))
    grid = _grid(shown, server) if is_grid else ()
    return StudyCard(study, scope, charts, head, rows, grid, shown.methods, shown.mark)


def _grid(shown: ShownStudy, server: str) -> tuple[GridRow, ...]:
    key = shown.study.scores[0].key
    cells = [cell for row in shown.study.rows for cell in row.cells]
    known = [cell.values[key] for cell in cells if key in cell.values]
    low, span = min(known), max(known) - min(known)
    return tuple(
        GridRow(
            row.name,
            tuple(
                GridCell(
                    text=percent(cell.values[key]) if key in cell.values else "",
                    shade=round((SHADES - 1) * (cell.values.get(key, low) - low) / span) if span else 0,
                    submission=cell.submission,
                    beyond="" if cell.beyond is None else beyond_text(cell),
                    run=None
                    if cell.submission
                    else _run_call(shown, cell, f"{row.name} with {column}", server),
                )
                for cell, column in zip(row.cells, shown.study.columns, strict=True)
            ),
        )
        for row in shown.study.rows
    )


def _run_call(shown: ShownStudy, cell: Cell, names: str, server: str) -> RunCall | None:
    """Return how the smallest model of this server that has these factors is run, if it has the frames."""
    split = shown.split
    found = models_with(split, cell.factors) if split and split.frames_dir else []
    if not split or not found:
        return None
    spec, mode = found[0]
    method = shown.methods[0].name
    resolution = cell.factors.get("resolution", "").removesuffix("p")
    size = {"short_side": int(resolution)} if resolution.isdecimal() else {}
    asked = {"split": split.name, "model": spec.name, "mode": mode, "method_name": method, **size}
    body = {
        "benchmark": split.benchmark.slug,
        "split": split.name,
        "model": spec.name,
        **({} if spec.has_built_in_weights else {"checkpoint": "ID"}),
        "options": {"mode": mode, **size},
        "method": method,
    }
    return RunCall(
        names=names,
        form=f"{reverse('runs:new', args=[split.benchmark.slug])}?{urlencode(asked)}",
        curl=" \\\n  ".join(
            (
                f"curl -X POST {server}/api/v1/runs",
                '-H "Authorization: Bearer $DVIS_BENCH_TOKEN"',
                '-H "Content-Type: application/json"',
                f"-d {shlex.quote(json.dumps(body))}",
            )
        ),
    )
