"""Run-length strings agree with pycocotools, which defines them."""

import doctest
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from evaluator.tracklets import occlusion, rle
from evaluator.tracklets.rle import MaskInvalid, compress_runs, expand_counts


@given(runs=st.lists(st.integers(1, 3000), min_size=1, max_size=40), starts_set=st.booleans())
def test_strings_are_those_of_pycocotools(runs: list[int], starts_set: bool) -> None:
    lengths = [0, *runs] if starts_set else runs
    total = sum(lengths)
    official = coco_mask.frPyObjects({"size": [total, 1], "counts": lengths}, total, 1)["counts"].decode()
    assert compress_runs(lengths) == official
    assert expand_counts(official) == lengths


@given(runs=st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_empty_runs_within_leave_the_mask_as_it_is(runs: list[int]) -> None:
    def pixels(lengths: list[int]) -> list[bool]:
        return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).tolist()

    joined = expand_counts(compress_runs(runs))
    assert pixels(joined) == pixels(runs)
    assert 0 not in joined[1:]


def test_a_string_that_is_wrong_says_how() -> None:
    for counts, code in (("/", "rle-characters"), ("p", "rle-characters"), ("0P", "rle-truncated")):
        with pytest.raises(MaskInvalid) as invalid:
            expand_counts(counts)
        assert invalid.value.code == code


@pytest.mark.parametrize("module", [rle, occlusion])
def test_the_examples_in_the_documentation_hold(module: ModuleType) -> None:
    assert doctest.testmod(module) == doctest.TestResults(failed=0, attempted=len(_examples(module)))


def _examples(module: ModuleType) -> list[doctest.Example]:
    found = [example for test in doctest.DocTestFinder().find(module) for example in test.examples]
    assert found
    return found
