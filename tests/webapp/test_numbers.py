"""Texts of people on pages."""

from dataclasses import replace

from evaluator.statistics.comparison import Difference
from webapp.numbers import change
from webapp.pages.templatetags.numbers import backticks, paragraphs, percent, words


def test_fractions_are_shown_in_percent_and_undefined_ones_as_a_dash() -> None:
    assert (percent(0.3456), percent(0.0), percent(None)) == ("34.6", "0.0", "\N{EN DASH}")


def test_a_difference_is_that_of_the_two_numbers_beside_it() -> None:
    assert (percent(0.72649), percent(0.62451), change(0.72649, 0.62451)) == ("72.6", "62.5", "+10.1")
    assert (change(0.30, 0.31), change(0.3, None)) == ("\N{MINUS SIGN}1.0", "\N{EN DASH}")


def test_p_is_no_smaller_than_the_draws_can_show() -> None:
    sure = Difference(0.1, 0.05, 0.15, 2 / 1001, 1000)
    assert (sure.p_text, replace(sure, p=4 / 1001).p_text, replace(sure, p=0.4).p_text) == (
        "< 0.002",
        "0.004",
        "0.4",
    )
    assert sure.p_phrase == "p < 0.002"


def test_what_stands_between_backticks_is_code_and_the_rest_is_text() -> None:
    assert backticks("write `<a>` & go") == "write <code>&lt;a&gt;</code> &amp; go"


def test_paragraphs_are_parted_by_empty_lines_alone() -> None:
    assert paragraphs("one\ntwo\n\n<b>three</b>") == "<p>one two</p><p>&lt;b&gt;three&lt;/b&gt;</p>"


def test_keys_are_read_as_words() -> None:
    assert words("mode_inferred") == "mode inferred"
