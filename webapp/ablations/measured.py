"""Finds studies in what was measured here: variants of a method that differ in one factor at a time. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluator.statistics.comparison import Sample, difference
from webapp.ablations.studies import Kind, Study, StudyRow, quantity
from webapp.leaderboards.metrics import OCCLUSION
from webapp.methods.models import Variant

# What a variant has where it lacks a component, folded.
LACKING = ("", "none", "no", "off", "without", "bipartite", "bipartite matching")


@dataclass(frozen=True, slots=True)
class Measured:
    """The best public submission of a variant. All of one study are of one evaluator and one ground truth."""

    submission: str
    variant: str
    factors: Mapping[str, str]
    values: Mapping[str, float]
    samples: Mapping[str, Sample]

    def factor(self, name: str) -> str:
        return self.factors.get(name, "")

    def lacks(self, name: str) -> bool:
        return self.factor(name).casefold() in LACKING


@dataclass(frozen=True, slots=True)
class About:
    """What all studies of a method on a split share. `keys` are the metrics to show, the first one ranks."""

    method: str
    method_slug: str
    benchmark: str
    split: str
    keys: tuple[str, ...]
    measured: str


def measured_studies(rows: Sequence[Measured], about: About) -> list[Study]:
    """Return the chains of a method's variants, and the sets that differ in exactly one factor.

    A set whose rows all stand in a chain says nothing new, and is left out.
    """
    ranked = sorted(rows, key=lambda row: (row.values.get(about.keys[0], 0.0), row.variant))
    chains = list(_chains(ranked))
    sets = [
        (name, found)
        for name, found in _sets(ranked)
        if not any(set(map(id, found)) <= set(map(id, chain)) for chain, _ in chains)
    ]
    return [
        *(_chain_study(chain, names, about) for chain, names in chains),
        *(_set_study(name, found, about) for name, found in sets),
    ]


def differing(first: Measured, other: Measured) -> set[str]:
    """Return the factors in which two variants differ. With the refiner the mode changes of itself."""
    names = {
        name
        for name in first.factors.keys() | other.factors.keys()
        if first.factor(name).casefold() != other.factor(name).casefold()
    }
    return names - {"mode"} if "refiner" in names else names


def factor_label(name: str) -> str:
    """Return a factor's name as sentences have it."""
    return Variant.FACTORS.get(name, name.replace("_", " ")).lower()


def factor_order(name: str) -> tuple[int, str]:
    """Order factors as the types have them, then those that authors made up."""
    known = list(Variant.FACTORS)
    return (known.index(name) if name in known else len(known)), name


def _chains(rows: Sequence[Measured]) -> Iterator[tuple[list[Measured], list[str]]]:
    """Yield the longest chains, with the component that each step adds, in the order of the factors."""
    following: dict[int, list[tuple[str, Measured]]] = defaultdict(list)
    reached = set()
    for row in rows:
        for other in rows:
            names = differing(row, other)
            name = next(iter(names), "")
            if len(names) == 1 and row.lacks(name) and not other.lacks(name):
                following[id(row)].append((name, other))
                reached.add(id(other))
    for start in rows:
        if id(start) in reached:
            continue
        chain, added = [start], list[str]()
        while True:
            steps = [
                one
                for one in following[id(chain[-1])]
                if not added or factor_order(one[0]) > factor_order(added[-1])
            ]
            if not steps:
                break
            name, best = min(steps, key=lambda one: factor_order(one[0]))
            chain.append(best)
            added.append(name)
        if len(added) > 1:
            yield chain, added


def _sets(rows: Sequence[Measured]) -> Iterator[tuple[str, list[Measured]]]:
    """Yield the variants that differ in one factor alone, one per value of it."""
    for name in sorted({name for row in rows for name in row.factors}, key=factor_order):
        passed_over = {name, "mode"} if name == "refiner" else {name}
        groups: dict[frozenset[tuple[str, str]], dict[str, Measured]] = defaultdict(dict)
        for row in rows:
            rest = frozenset(
                (key, value.casefold())
                for key, value in row.factors.items()
                if key not in passed_over and value
            )
            groups[rest][row.factor(name).casefold()] = row  # the best comes last
        for group in groups.values():
            if len(group) > 1:
                yield name, sorted(group.values(), key=lambda row: not row.lacks(name))


def _chain_study(chain: Sequence[Measured], names: Sequence[str], about: About) -> Study:
    lacking = [f"{name} {chain[0].factor(name) or 'none'}" for name in names]
    labels = [
        f"baseline ({', '.join(lacking)})",
        *(f"+ {row.factor(name)}" for row, name in zip(chain[1:], names, strict=True)),
    ]
    others = [None, *chain[:-1]]
    has_levels = all(key in row.values for key in OCCLUSION for row in chain)
    by_occlusion = ", by occlusion" if has_levels else ""
    return replace(
        shared(chain, names, about),
        key=study_key("chain", chain, names, about),
        kind=Kind.CHAIN,
        title=f"What does each component of {about.method} add{by_occlusion}?",
        about="Variants that were scored here, each with one component more than the one before.",
        rows=tuple(_row(*one, about) for one in zip(labels, chain, others, strict=True)),
    )


def _set_study(name: str, rows: Sequence[Measured], about: About) -> Study:
    label = factor_label(name)
    others = [None, *(rows[0] for _ in rows[1:])]
    labels = [row.factor(name) or f"no {label} named" for row in rows]
    return replace(
        shared(rows, [name], about),
        key=study_key("set", rows, [name], about),
        kind=Kind.SETTINGS,
        title=f"What does the {label} of {about.method} change?",
        about="Variants that were scored here and differ in nothing else.",
        rows=tuple(_row(*one, about) for one in zip(labels, rows, others, strict=True)),
        reference=0,
    )


def study_key(kind: str, rows: Sequence[Measured], studied: Sequence[str], about: About) -> str:
    """Return a name that stays when other variants come: from what is studied, and what is held."""
    held = sorted(
        (name, value.casefold())
        for name, value in rows[0].factors.items()
        if value and name not in _changing(rows, studied)
    )
    digest = hashlib.sha256(repr((sorted(studied), held)).encode()).hexdigest()[:8]
    return f"{about.method_slug}_{about.split}_{kind}_{digest}"


def _changing(rows: Sequence[Measured], studied: Sequence[str]) -> set[str]:
    """Return the factors that rows differ in, and those that are studied."""
    changing = {name for row in rows for name in differing(rows[0], row)} | set(studied)
    return changing | {"mode"} if "refiner" in changing else changing


def shared(rows: Sequence[Measured], studied: Sequence[str], about: About) -> Study:
    """Return a study with what chains and sets have alike."""
    known = [key for key in about.keys if all(key in row.values for row in rows)]
    changing = _changing(rows, studied)
    fixed = [name for name in sorted(rows[0].factors, key=factor_order) if name not in changing]
    return Study(
        key="",
        kind=Kind.SETTINGS,
        title="",
        about="",
        quantities=tuple(quantity(key) for key in known),
        benchmarks=(about.benchmark,),
        methods=(about.method,),
        setup=(about.split, *(_held(rows[0], name) for name in fixed if rows[0].factor(name))),
        notes=(about.measured,),
    )


def _held(row: Measured, name: str) -> str:
    """Return a factor that all rows share; what says "none" says of what."""
    word = row.factor(name)
    return f"{factor_label(name)}: {word}" if row.lacks(name) else word


def _row(name: str, row: Measured, other: Measured | None, about: About) -> StudyRow:
    values = {key: row.values[key] for key in about.keys if key in row.values}
    steps, intervals = {}, {}
    for key in values.keys() & (other.values.keys() if other else set()):
        assert other is not None
        steps[key] = values[key] - other.values[key]
        drawn = row.samples.get(key, ()), other.samples.get(key, ())
        if drawn[0] and len(drawn[0]) == len(drawn[1]):
            found = difference(values[key], other.values[key], *drawn)
            if found is not None:
                intervals[key] = (found.low, found.high)
    return StudyRow(name, values, steps=steps, intervals=intervals, submission=row.submission)
