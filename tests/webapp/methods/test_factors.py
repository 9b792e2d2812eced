"""The vocabulary of factors."""

import json

import pytest

from webapp.checkpoints.zoo import models
from webapp.methods.factors import WORDS, canonical
from webapp.methods.models import Variant
from webapp.published.rows import DATA, published_rows


def test_the_words_of_the_published_results_are_canonical_and_all_are_known() -> None:
    used = {
        (factor, word) for row in published_rows() for factor, word in row.factors.items() if factor in WORDS
    }
    assert len(used) > 30
    for factor, word in used:
        assert canonical(factor, word) == word
    assert not {word for factor, word in used if factor != "extra_data"} - {
        word for words in WORDS.values() for word in words
    }


def test_backbones_as_papers_print_them_are_aliases_of_their_canonical_words() -> None:
    rows = json.loads((DATA / "published_results.json").read_text(encoding="utf-8"))
    printed = {(row["backbone_printed"], row["backbone"]) for row in rows if row["backbone"]}
    assert {(was, word) for was, word in printed if canonical("backbone", was) != word} == {
        ("Swin-L (200 queries)", "Swin-L")  # says more than the backbone
    }


def test_reference_runs_use_words_of_the_published_rows() -> None:
    runnable = [spec for spec in models().values() if not spec.has_built_in_weights]
    for spec in runnable:
        for mode in spec.modes:
            assert all(word in WORDS[factor] for factor, word in spec.factors(mode).items())


def test_every_typed_factor_has_words_and_no_spelling_stands_for_two() -> None:
    assert list(WORDS) == list(Variant.FACTORS)
    for factor, words in WORDS.items():
        for word, others in words.items():
            assert {canonical(factor, spelling) for spelling in (word, *others)} == {word}


@pytest.mark.parametrize("word", ["MyNet", "mynet ", "", "R500"])
def test_unknown_words_are_kept_as_they_are(word: str) -> None:
    assert canonical("backbone", word) == word
    assert canonical("no_such_factor", "R50") == "R50"
