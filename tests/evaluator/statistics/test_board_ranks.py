"""Large boards are compared as small ones are, and a row at a time as all at once."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.statistics.board_ranks import Draws, against, counts, groups, power_for, threshold
from evaluator.statistics.comparison import rank_intervals, tie_groups


def board(seed: int, rows: int, *, draws: int = 60, undefined: float = 0.0) -> tuple[Any, Any]:
    """Values and draws of methods that differ more or less, some of them equal."""
    random = np.random.default_rng(seed)
    values = np.round(random.uniform(0.3, 0.6, rows), 2)
    shared = random.normal(0, 0.02, draws)
    samples = (values[:, None] + shared + random.normal(0, 0.01, (rows, draws))).astype(np.float32)
    samples[random.random(samples.shape) < undefined] = np.nan
    return values, samples


@given(seed=st.integers(0, 10_000), power=st.sampled_from([2, 4, 8, 32]), higher=st.booleans())
def test_they_are_those_of_the_plain_form(seed: int, power: int, higher: bool) -> None:
    values, samples = board(seed, power)
    plain = {row: (float(values[row]), samples[row].astype(float).tolist()) for row in range(power)}
    numbers, drawn = ({row: pair[n] for row, pair in plain.items()} for n in (0, 1))
    draws, z = Draws.of(values, samples, higher_is_better=higher), threshold(power)
    above, below = counts(draws, z)
    spans = rank_intervals(numbers, drawn, higher_is_better=higher)
    assert [(1 + a, power - b) for a, b in zip(above, below, strict=True)] == [
        (spans[row].low, spans[row].high) for row in range(power)
    ]
    found = groups(draws, z)
    assert [list(group) for group in tie_groups(numbers, drawn, higher_is_better=higher)] == [
        [int(row) for row in np.argsort(-draws.values, kind="stable") if found[row] == number]
        for number in range(found.max() + 1)
    ]


@given(seed=st.integers(0, 10_000), undefined=st.sampled_from([0.0, 0.2, 0.97]))
def test_a_draw_that_a_pair_lacks_is_left_out_of_that_pair_alone(seed: int, undefined: float) -> None:
    values, samples = board(seed, 12, undefined=undefined)
    z = threshold(16)
    beats = np.zeros((12, 12), bool)
    for i in range(12):
        for j in range(12):
            difference = samples[i].astype(float) - samples[j]
            known = difference[~np.isnan(difference)]
            beats[i, j] = len(known) > 1 and values[i] - values[j] > z * max(known.std(ddof=1), 1e-12)
    above, below = counts(Draws.of(values, samples), z)
    assert above.tolist() == beats.sum(0).tolist()
    assert below.tolist() == beats.sum(1).tolist()


@given(seed=st.integers(0, 10_000), undefined=st.sampled_from([0.0, 0.3]))
def test_a_row_that_comes_or_goes_changes_the_counts_by_one_vector(seed: int, undefined: float) -> None:
    values, samples = board(seed, 20, undefined=undefined)
    draws, z = Draws.of(values, samples), threshold(32)
    above, below = counts(draws.take(slice(0, 19)), z)
    better, worse = against(draws.take(slice(0, 19)), draws.take(slice(19, 20)), z)
    grown = [*(above + worse), better.sum()], [*(below + better), worse.sum()]
    all_above, all_below = counts(draws, z)
    assert grown == (all_above.tolist(), all_below.tolist())


def test_the_threshold_is_that_of_the_next_power_of_two_of_rows() -> None:
    assert [power_for(rows) for rows in (0, 1, 2, 3, 4, 5, 1025)] == [2, 2, 2, 4, 4, 8, 2048]
    assert math.isclose(threshold(2), 1.959964, abs_tol=1e-6)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="draws of"):
        Draws.of([0.1, 0.2], [[0.1, 0.2]])
