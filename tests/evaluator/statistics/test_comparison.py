"""Comparing submissions and boards by their draws: hand-made draws whose answer is known, and properties."""

import math
import random
import subprocess
import sys
from collections.abc import Sequence
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.statistics.comparison import (
    RankInterval,
    difference,
    pack_samples,
    rank_intervals,
    tie_groups,
    unpack_samples,
)

DRAWS = 999
QUANTILES = [NormalDist().inv_cdf((i + 0.5) / DRAWS) for i in range(DRAWS)]


def scattered(value: float, sd: float, turn: int = 0) -> list[float]:
    """Return draws of a normal shape; another turn makes them nearly independent of these."""
    quantiles = random.Random(turn).sample(QUANTILES, DRAWS)
    return [value + sd * quantile for quantile in quantiles]


def test_a_difference_is_told_draw_by_draw() -> None:
    # Both rise and fall by 0.1 together; the difference scatters by 0.01 alone.
    common = scattered(0.5, 0.1)
    own = scattered(0.03, 0.01, turn=1)
    found = difference(0.53, 0.5, [a + b for a, b in zip(common, own, strict=True)], common)
    assert found is not None
    assert found.delta == pytest.approx(0.03)
    assert (found.low, found.high) == pytest.approx((0.03 - 0.0196, 0.03 + 0.0196), abs=2e-4)
    # A lead of three standard deviations: 2 (1 - Phi(3)) = 0.0027 of the draws lie beyond 0, on both sides.
    assert found.p == pytest.approx(0.004, abs=0.002)
    assert found.significant
    assert found.resamples == DRAWS


def test_draws_that_all_lie_too_high_do_not_move_the_interval() -> None:
    sample = [value + 0.2 for value in scattered(0.5, 0.02)]
    found = difference(0.5, 0.49, sample, [0.49] * DRAWS)
    assert found is not None
    assert found.low + found.high == pytest.approx(2 * 0.01, abs=1e-9)


def test_p_is_never_zero_and_never_above_one() -> None:
    sure = difference(0.9, 0.1, [0.9] * 99, [0.1] * 99)
    same = difference(0.4, 0.4, scattered(0.4, 0.1), scattered(0.4, 0.1))
    assert sure is not None
    assert same is not None
    assert sure.p == 2 / 100
    assert (same.delta, same.p, same.significant) == (0, 1, False)


def test_draws_in_which_one_is_undefined_are_left_out() -> None:
    a: list[float | None] = [0.5, None, 0.7, 0.6]
    b: list[float | None] = [0.4, 0.4, None, 0.6]
    found = difference(0.5, 0.4, a, b)
    assert found is not None
    assert found.resamples == 2
    assert difference(0.5, 0.4, [None], [0.1]) is None
    assert difference(0.5, 0.4, [], []) is None


def test_samples_of_other_draws_are_an_error_of_the_programmer() -> None:
    with pytest.raises(ValueError, match=r"Expected samples of the same draws, but got \[2, 3\] draws"):
        difference(0.5, 0.4, [0.1] * 2, [0.1] * 3)
    with pytest.raises(ValueError, match=r"Expected samples of the rows \['a'\], but got \['b'\]"):
        tie_groups({"a": 0.1}, {"b": [0.1]})


values = st.floats(0, 1)
draws = st.lists(st.tuples(values, values), min_size=1, max_size=120)


@settings(max_examples=100, deadline=None)
@given(values, values, draws)
def test_zero_lies_in_the_interval_exactly_where_p_is_above_5_percent(
    a: float, b: float, pairs: list[tuple[float, float]]
) -> None:
    forth = difference(a, b, [x for x, _ in pairs], [y for _, y in pairs])
    back = difference(b, a, [y for _, y in pairs], [x for x, _ in pairs])
    assert forth is not None
    assert back is not None
    if len(pairs) >= 39:  # with fewer draws no p can be as small
        assert (forth.low <= 0 <= forth.high) is (forth.p > 0.05)
    assert (back.delta, back.low, back.high) == pytest.approx((-forth.delta, -forth.high, -forth.low))
    assert back.p == pytest.approx(forth.p)


def board(rows: Sequence[float], sd: float) -> tuple[dict[int, float], dict[int, list[float]]]:
    return dict(enumerate(rows)), {row: scattered(value, sd, turn=row) for row, value in enumerate(rows)}


def test_rows_far_apart_have_sure_ranks_and_groups_of_their_own() -> None:
    rows, samples = board([0.5, 0.7, 0.6], sd=0.001)
    assert rank_intervals(rows, samples) == {
        0: RankInterval(3, 3, 3),
        1: RankInterval(1, 1, 1),
        2: RankInterval(2, 2, 2),
    }
    assert tie_groups(rows, samples) == [[1], [2], [0]]


def test_rows_that_the_draws_cannot_tell_apart_share_their_ranks() -> None:
    rows, samples = board([0.70, 0.69, 0.4, 0.41], sd=0.02)
    assert rank_intervals(rows, samples) == {
        0: RankInterval(1, 1, 2),
        1: RankInterval(2, 1, 2),
        2: RankInterval(4, 3, 4),
        3: RankInterval(3, 3, 4),
    }
    assert tie_groups(rows, samples) == [[0, 1], [3, 2]]


def test_a_group_is_what_its_leader_does_not_beat_so_chains_do_not_grow() -> None:
    # Each row is within reach of the next, but not of the one after.
    rows, samples = board([0.70, 0.64, 0.58, 0.52], sd=0.02)
    assert tie_groups(rows, samples) == [[0, 1], [2, 3]]
    assert [found.high for found in rank_intervals(rows, samples).values()] == [2, 3, 4, 4]


def test_where_lower_is_better_the_order_turns_round() -> None:
    rows, samples = board([0.5, 0.7, 0.6], sd=0.001)
    assert tie_groups(rows, samples, higher_is_better=False) == [[0], [2], [1]]
    assert rank_intervals(rows, samples, higher_is_better=False)[1] == RankInterval(3, 3, 3)


def test_equal_values_share_a_rank_and_identical_rows_a_group() -> None:
    sample = scattered(0.5, 0.01)
    rows, samples = {"a": 0.5, "b": 0.5, "c": 0.1}, {"a": sample, "b": sample, "c": sample}
    ranks = rank_intervals(rows, samples)
    assert (ranks["a"], ranks["b"]) == (RankInterval(1, 1, 2), RankInterval(1, 1, 2))
    assert tie_groups(rows, samples) == [["a", "b"], ["c"]]


def test_a_longer_board_asks_for_more_before_it_tells_rows_apart() -> None:
    # A lead of 2.5 standard deviations is enough for two rows (z = 1.96), not for ten (z = 3.26).
    pair, samples = board([0.7, 0.7 - 2.5 * math.sqrt(2) * 0.01], sd=0.01)
    assert len(tie_groups(pair, samples)) == 2
    for row in range(2, 10):
        pair[row], samples[row] = pair[1], scattered(pair[1], 0.01, turn=row)
    assert len(tie_groups(pair, samples)) == 1


def test_without_draws_nothing_is_sure() -> None:
    rows: dict[str, float] = {"a": 0.9, "b": 0.1}
    for samples in ({"a": [], "b": []}, {"a": [0.9, None], "b": [0.1, 0.1]}):
        assert tie_groups(rows, samples) == [["a", "b"]]
        assert rank_intervals(rows, samples)["b"] == RankInterval(2, 1, 2)
    assert tie_groups({}, {}) == []
    assert rank_intervals({}, {}) == {}


boards = st.dictionaries(
    st.integers(0, 30), st.tuples(values, st.lists(values, min_size=12, max_size=12)), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None)
@given(boards)
def test_every_rank_lies_in_its_interval_and_every_row_in_one_group(
    found: dict[int, tuple[float, list[float]]],
) -> None:
    rows = {key: value for key, (value, _) in found.items()}
    samples = {key: sample for key, (_, sample) in found.items()}
    ranks, groups = rank_intervals(rows, samples), tie_groups(rows, samples)
    assert all(1 <= rank.low <= rank.rank <= rank.high <= len(rows) for rank in ranks.values())
    listed = [key for group in groups for key in group]
    assert sorted(listed) == sorted(rows)
    assert [rows[key] for key in listed] == sorted(rows.values(), reverse=True)
    backwards = dict(reversed(rows.items()))
    assert rank_intervals(backwards, samples) == ranks


@given(st.lists(st.none() | st.floats(0, 1, width=32)))
def test_packed_samples_are_four_bytes_a_draw_and_unpack_to_the_same(sample: list[float | None]) -> None:
    packed = pack_samples(sample)
    assert len(packed) == 4 * len(sample)
    assert unpack_samples(packed) == sample


def test_packed_samples_are_the_same_bytes_on_every_machine() -> None:
    assert pack_samples([0.5, None]) == bytes.fromhex("0000003f 0000c07f")
    with pytest.raises(ValueError, match="Expected four bytes a draw, but got 7 bytes"):
        unpack_samples(b"1234567")


def test_the_site_can_compare_without_loading_numpy() -> None:
    script = "import evaluator.statistics.comparison, sys; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
