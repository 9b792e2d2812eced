"""A study: rows that differ in what is studied, with their numbers, and where these were printed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from webapp.leaderboards.metrics import OCCLUSION, metric


class Kind(StrEnum):
    """How the rows of a study belong together."""

    CHAIN = "chain"
    """Each row changes one thing of the row before it."""
    SETTINGS = "settings"
    """Each row is compared with one of them, the reference, where there is one."""
    COST = "cost"
    """What parts cost; within a group the first is what the others are added to."""
    FACTS = "facts"
    """Statements without rows of numbers that could be compared."""
    EFFECTS = "effects"
    """Each row is a change of one factor: its mean difference over all pairs that differ in it alone."""
    GRID = "grid"
    """Two factors crossed: the rows are values of one, the cells of each row values of the other."""
    MISSING = "missing"
    """Its tables could not be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a study is printed. `paper` names it for people, such as "DVIS (ICCV 2023)"."""

    paper: str = ""
    table: str = ""
    paper_url: str = ""
    version: str = ""
    repo: str = ""
    path: str = ""
    commit: str = ""

    @property
    def url(self) -> str:
        return self.paper_url or self.repo

    @property
    def short(self) -> str:
        """The source in a few words, with its address, as a figure needs it."""
        address = self.url.removeprefix("https://").removeprefix("www.")
        return ", ".join(filter(None, (self.paper, self.table or self.path, address)))


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column. Scores are fractions in [0, 1]; all else has a unit of its own."""

    key: str
    label: str
    unit: str
    is_score: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of two factors. Without a submission nobody has measured it yet.

    `beyond` is, of the study's first score, how much more the two changes bring together than each alone adds
    up to, with its 95 % interval where draws are kept. It is null in the first row and column.
    """

    factors: dict[str, str]
    values: dict[str, float] = field(default_factory=dict)
    submission: str = ""
    beyond: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One setting. `steps` are its differences to the row it is compared with.

    `printed_steps` are those that the paper's text prints, where they are not the ones of the table.
    `intervals` (95 %) of steps and the `submission` are known of what was measured here; of effects the
    `pairs` of submissions, before and after; of a grid its `cells`.
    """

    name: str
    values: dict[str, float]
    group: str = ""
    steps: dict[str, float] = field(default_factory=dict)
    printed_steps: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    submission: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    cells: tuple[Cell, ...] = ()

    @property
    def submissions(self) -> set[str]:
        """All submissions that its numbers follow from."""
        named = {self.submission, *(one for pair in self.pairs for one in pair)}
        return {one for one in (*named, *(cell.submission for cell in self.cells)) if one}


@dataclass(frozen=True, slots=True)
class Study:
    """`title` is the question that it answers, `setup` what all of its rows share.

    `benchmarks` are slugs and `methods` names, of which it says something. `columns` are those of a grid.
    """

    key: str
    kind: Kind
    title: str
    about: str
    source: Source = Source()
    benchmarks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    rows: tuple[StudyRow, ...] = ()
    reference: int | None = None
    columns: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Its part of addresses and ids."""
        return self.key.replace("_", "-")

    @property
    def scores(self) -> tuple[Quantity, ...]:
        return tuple(one for one in self.quantities if one.is_score)

    @property
    def compared_with(self) -> str:
        """Say in words what the steps are differences to; empty where there are none."""
        if self.kind == Kind.CHAIN:
            return "the row before"
        if self.kind == Kind.EFFECTS:
            return "the same variant without this change"
        return "" if self.reference is None else self.rows[self.reference].name


def study_to_json(study: Study) -> dict[str, Any]:
    """Return what `study_from_json` reads."""
    return asdict(study)


def study_from_json(kept: Mapping[str, Any]) -> Study:
    tuples = {name: tuple(kept[name]) for name in ("benchmarks", "methods", "setup", "notes", "columns")}
    parts = {
        "kind": Kind(kept["kind"]),
        "source": Source(**kept["source"]),
        "quantities": tuple(Quantity(**one) for one in kept["quantities"]),
        "rows": tuple(map(_row_from_json, kept["rows"])),
        "facts": tuple((name, text) for name, text in kept["facts"]),
    }
    return Study(**{**kept, **tuples, **parts})


def _row_from_json(kept: Mapping[str, Any]) -> StudyRow:
    cells = (
        Cell(**{**cell, "interval": tuple(cell["interval"]) if cell["interval"] else None})
        for cell in kept["cells"]
    )
    parts = {
        "intervals": {key: (low, high) for key, (low, high) in kept["intervals"].items()},
        "pairs": tuple((before, after) for before, after in kept["pairs"]),
        "cells": tuple(cells),
    }
    return StudyRow(**{**kept, **parts})


UNITS = {
    "params_m": ("parameters", "M"),
    "macs_g": ("multiply-adds", "G"),
    "gflops": ("GFLOPs", "GFLOPs"),
    "time_ms": ("time per frame", "ms"),
    "fps": ("frames per second", "frames/s"),
}


def quantity(key: str) -> Quantity:
    """Return the column of a key of the data."""
    if key in UNITS:
        return Quantity(key, *UNITS[key], is_score=False)
    shown = metric(key)
    return Quantity(key, f"AP {shown.short}" if key in OCCLUSION else shown.label, "%", is_score=True)
