"""What each factor of a method brings on average, and how two of them go together. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from evaluator.statistics.comparison import Sample, difference
from webapp.ablations.measured import About, Measured, factor_label, factor_order, shared, study_key
from webapp.ablations.studies import Cell, Kind, Study, StudyRow

# Of the grids of one method on one split, those with the most measured cells are shown.
GRIDS = 4

Place = tuple[str, str]


def effects_studies(rows: Sequence[Measured], about: About) -> list[Study]:
    """Return the mean effect of each factor, where any is known of two pairs, and the grids of two factors.

    A factor that one pair alone differs in has a study of its own (webapp.ablations.measured).
    """
    ranked = sorted(rows, key=lambda row: (row.values.get(about.keys[0], 0.0), row.variant))
    effects = [one for name in _factors(ranked) for one in _effects(ranked, name, about)]
    found = [_effects_study(ranked, effects, about)] if any(len(one.pairs) > 1 for one in effects) else []
    return found + _grids(ranked, about)


def _factors(rows: Sequence[Measured]) -> list[str]:
    """Return the names of factors that vary, without the mode where it follows the refiner."""
    names = sorted({name for row in rows for name in row.factors}, key=factor_order)
    varying = [name for name in names if len({row.factor(name).casefold() for row in rows}) > 1]
    return [name for name in varying if name != "mode" or "refiner" not in varying]


def _groups(rows: Sequence[Measured], *names: str) -> Iterator[dict[tuple[str, ...], Measured]]:
    """Yield rows that differ in these factors alone, by their folded values; of equal ones the best."""
    passed_over = {*names, "mode"} if "refiner" in names else set(names)
    groups: dict[frozenset[Place], dict[tuple[str, ...], Measured]] = defaultdict(dict)
    for row in rows:
        rest = frozenset(
            (key, value.casefold()) for key, value in row.factors.items() if key not in passed_over and value
        )
        groups[rest][tuple(row.factor(name).casefold() for name in names)] = row
    yield from groups.values()


def _values(rows: Sequence[Measured], name: str) -> list[str]:
    """Return the folded values of a factor: what lacks it first, then from the weakest to the best."""
    found: dict[str, Measured] = {}
    for row in rows:
        found.setdefault(row.factor(name).casefold(), row)
    return sorted(found, key=lambda value: (not found[value].lacks(name), list(found).index(value)))


def _effects(rows: Sequence[Measured], name: str, about: About) -> Iterator[StudyRow]:
    """Yield the effect of each other value of a factor against its first one, over all pairs."""
    groups = [{value: row for (value,), row in group.items()} for group in _groups(rows, name)]
    first, *others = _values(rows, name)
    for value in others:
        pairs = [(group[first], group[value]) for group in groups if first in group and value in group]
        if not pairs:
            continue
        steps, intervals = {}, {}
        for key in about.keys:
            if not all(key in row.values for pair in pairs for row in pair):
                continue
            steps[key] = sum(after.values[key] - before.values[key] for before, after in pairs) / len(pairs)
            interval = _interval(
                steps[key], [after for _, after in pairs], [before for before, _ in pairs], key
            )
            if interval:
                intervals[key] = interval
        before, after = pairs[0]
        label = factor_label(name)
        yield StudyRow(
            f"{after.factor(name) or f'no {label}'} instead of {before.factor(name) or f'no {label}'}",
            {},
            group=label,
            steps=steps,
            intervals=intervals,
            pairs=tuple((one.submission, other.submission) for one, other in pairs),
        )


def _interval(
    step: float, plus: Sequence[Measured], minus: Sequence[Measured], key: str
) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean of `plus` less that of `minus`, over the same draws of videos."""
    drawn = _mean(plus, key), _mean(minus, key)
    if not drawn[0] or len(drawn[0]) != len(drawn[1]):
        return None
    found = difference(step, 0.0, *drawn)
    return None if found is None else (found.low, found.high)


def _mean(rows: Sequence[Measured], key: str) -> Sample:
    """Return the draws of the rows' mean; none where any row has none, or has others."""
    drawn = [row.samples.get(key, ()) for row in rows]
    if len({len(one) for one in drawn}) != 1:
        return ()
    return [_mean_of(values) for values in zip(*drawn, strict=True)]


def _mean_of(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _effects_study(rows: Sequence[Measured], effects: Sequence[StudyRow], about: About) -> Study:
    study = shared(rows, _factors(rows), about)
    known = tuple(one for one in study.quantities if all(one.key in row.steps for row in effects))
    return replace(
        study,
        key=f"{about.method_slug}_{about.split}_effects",
        kind=Kind.EFFECTS,
        title=f"What does each change of {about.method} bring on average?",
        about="The mean difference over all pairs of variants scored here that differ in this alone.",
        quantities=known,
        rows=tuple(effects),
    )


def _grids(rows: Sequence[Measured], about: About) -> list[Study]:
    """Return the grids of two factors with three cells or more, those with the most cells first."""
    found = []
    for first, second in combinations(_factors(rows), 2):
        for group in _groups(rows, first, second):
            cells = {(one, other): row for (one, other), row in group.items()}
            members = sorted(cells.values(), key=rows.index)
            if (
                len({one for one, _ in cells}) > 1
                and len({other for _, other in cells}) > 1
                and len(cells) > 2
            ):
                found.append((len(cells), first, second, cells, members))
    found.sort(key=lambda one: (-one[0], factor_order(one[1]), factor_order(one[2])))
    return [_grid(first, second, cells, members, about) for _, first, second, cells, members in found[:GRIDS]]


def _grid(
    first: str,
    second: str,
    cells: Mapping[Place, Measured],
    members: Sequence[Measured],
    about: About,
) -> Study:
    downwards, across = _values(members, first), _values(members, second)
    study = shared(members, [first, second], about)
    shown = {name: _words(members, name) for name in (first, second)}
    key = about.keys[0]
    return replace(
        study,
        key=study_key("grid", members, [first, second], about),
        kind=Kind.GRID,
        title=f"How do {factor_label(first)} and {factor_label(second)} of {about.method} go together?",
        about="Variants scored here that differ in these two alone. What nobody has measured yet is open.",
        rows=tuple(
            StudyRow(
                shown[first][one],
                {},
                cells=tuple(
                    _cell(cells, (one, other), downwards[0], across[0], (first, second), members, key)
                    for other in across
                ),
            )
            for one in downwards
        ),
        columns=tuple(shown[second][other] for other in across),
    )


def _words(rows: Sequence[Measured], name: str) -> dict[str, str]:
    """Return a factor's values as they are written, by their folded forms."""
    return {row.factor(name).casefold(): row.factor(name) or f"no {factor_label(name)}" for row in rows}


def _cell(
    cells: Mapping[Place, Measured],
    place: Place,
    top: str,
    left: str,
    names: tuple[str, str],
    members: Sequence[Measured],
    key: str,
) -> Cell:
    row = cells.get(place)
    if row is None:
        return Cell(_missing_factors(place, names, members))
    cell = Cell(dict(row.factors), dict(row.values), row.submission)
    corners = [cells.get(corner) for corner in ((top, left), (top, place[1]), (place[0], left))]
    if place[0] == top or place[1] == left or not all(one and key in one.values for one in (row, *corners)):
        return cell
    start, right, down = (one for one in corners if one)
    beyond = row.values[key] - right.values[key] - down.values[key] + start.values[key]
    # Twice the difference of two means: the interval of a sum of two rows without two others.
    half = _interval(beyond / 2, (row, start), (right, down), key)
    return replace(cell, beyond=beyond, interval=(2 * half[0], 2 * half[1]) if half else None)


def _missing_factors(place: Place, names: tuple[str, str], members: Sequence[Measured]) -> dict[str, str]:
    """Return the factors of a cell that nobody measured: each of the two from a row that has it."""
    factors = dict(members[0].factors)
    for name, value in zip(names, place, strict=True):
        giver = next(row for row in members if row.factor(name).casefold() == value)
        for moved in (name, "mode") if name == "refiner" else (name,):
            factors[moved] = giver.factor(moved)
    return {name: value for name, value in factors.items() if value}
