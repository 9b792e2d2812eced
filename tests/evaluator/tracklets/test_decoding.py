"""The compiled decoder of masks agrees with the careful one, also on wrong masks."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.random import Generator
from numpy.typing import NDArray

from evaluator.tracklets.kernels import decode_tracklet
from evaluator.tracklets.rle import MaskInvalid, compress_runs, expand_counts

BACKSLASHES = 12  # a number whose low bits make its first character a backslash
HEIGHT = 1000


def decode(text: str, pixels: int, room: int | None = None) -> tuple[NDArray[np.int32], int] | None:
    """Return the bounds and the area of one mask of HEIGHT rows; None for the careful reader."""
    data = np.frombuffer(text.encode(), np.uint8)
    bounds = np.empty(len(data) if room is None else room, np.int32)
    first, runs, areas = np.zeros((3, 1), np.int64)
    used, _, frames = decode_tracklet(data, 0, HEIGHT, pixels // HEIGHT, bounds, first, runs, areas)
    return None if used < 0 or frames != 1 else (bounds[:used], int(areas[0]))


def tracklet(counts: str | list[int], pixels: int, after: int = 80) -> str:
    """Return JSON of one mask; `after` more bytes tell the decoder that it may look far ahead."""
    return json.dumps([{"size": [HEIGHT, pixels // HEIGHT], "counts": counts}]) + " " * after


def draw_runs(random: Generator, largest: int, count: int) -> list[int]:
    """Return lengths that differ by up to `largest` from those two before; they make whole columns."""
    changes = random.integers(-largest, largest + 1, count)
    changes[random.random(count) < 0.1] += 32 * BACKSLASHES + BACKSLASHES
    changes[random.random(count) < 0.05] = BACKSLASHES + 32 * random.integers(0, 40)
    runs = [int(random.integers(1, 200_000)), int(random.integers(1, 900))]
    for change in changes.tolist():
        runs.append(abs(runs[-2] + change) or 1)
    return [*runs, HEIGHT - sum(runs) % HEIGHT]


seeds = st.integers(0, 2**32 - 1)
spans = st.sampled_from([1, 15, 40, 600, 17_000, 500_000])


@settings(deadline=None, max_examples=300)
@given(seed=seeds, largest=spans, count=st.integers(0, 400), after=st.sampled_from([0, 80]))
def test_bounds_and_area_are_those_of_the_runs(seed: int, largest: int, count: int, after: int) -> None:
    runs = draw_runs(np.random.default_rng(seed), largest, count)
    assume(sum(runs) < 1 << 31)  # larger videos are refused before
    for counts in (compress_runs(runs), runs):
        decoded = decode(tracklet(counts, sum(runs), after), sum(runs))
        assert decoded is not None
        assert decoded[0].tolist() == np.cumsum(runs).tolist()
        assert decoded[1] == sum(runs[1::2])


@pytest.mark.parametrize("comma", [",", ", ", " , ", "  ,  ", ",\n", "\t,"])
def test_lists_may_be_spaced_in_any_way(comma: str) -> None:
    runs = draw_runs(np.random.default_rng(0), 600, 100)
    text = tracklet(runs, sum(runs)).replace(", ", comma)
    decoded = decode(text, sum(runs))
    assert decoded is not None
    assert decoded[0].tolist() == np.cumsum(runs).tolist()


@settings(deadline=None, max_examples=300)
@given(seed=seeds, largest=spans, character=st.integers(40, 120), keep=st.booleans())
def test_a_spoiled_string_is_taken_exactly_when_its_runs_still_fit(
    seed: int, largest: int, character: int, keep: bool
) -> None:
    random = np.random.default_rng(seed)
    runs = draw_runs(random, largest, 200)
    assume(sum(runs) < 1 << 31)
    counts = compress_runs(runs)
    place = int(random.integers(len(counts)))
    spoiled = counts[:place] + chr(character) + counts[place + keep :]
    decoded = decode(tracklet(spoiled, sum(runs)), sum(runs))
    try:
        expected = expand_counts(spoiled)
    except MaskInvalid:
        assert decoded is None
        return
    fits = min(expected, default=-1) >= 0 and sum(expected) == sum(runs)
    assert (decoded is not None) is fits
    if decoded is not None:
        assert decoded[0].tolist() == np.cumsum(expected).tolist()


@settings(deadline=None, max_examples=200)
@given(seed=seeds, change=st.sampled_from([*'\\",]0-.e x', "\\\\", "\\u0030"]), compressed=st.booleans())
def test_spoiled_json_is_never_taken_for_something_else(seed: int, change: str, compressed: bool) -> None:
    random = np.random.default_rng(seed)
    runs = draw_runs(random, 40, 100)
    text = tracklet(compress_runs(runs) if compressed else runs, sum(runs))
    place = int(random.integers(text.index(":", 10), text.index("}")))
    text = text[:place] + change + text[place:]
    try:
        (mask,) = json.loads(text)
        counts = mask["counts"]
        expected = expand_counts(counts) if isinstance(counts, str) else counts
    except (ValueError, TypeError):
        return  # not JSON, which the scanner refuses, or no mask
    decoded = decode(text, sum(runs))
    if decoded is not None:
        assert decoded[0].tolist() == np.cumsum(expected).tolist()


@pytest.mark.parametrize("compressed", [True, False])
def test_no_more_bounds_are_written_than_there_is_room_for(compressed: bool) -> None:
    runs = draw_runs(np.random.default_rng(0), 15, 300)
    text = tracklet(compress_runs(runs) if compressed else runs, sum(runs))
    assert decode(text, sum(runs), room=len(runs)) is not None
    assert decode(text, sum(runs), room=len(runs) - 1) is None
