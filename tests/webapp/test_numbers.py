"""Texts of people on pages."""

from webapp.pages.templatetags.numbers import backticks, paragraphs, percent, words


def test_fractions_are_shown_in_percent_and_undefined_ones_as_a_dash() -> None:
    assert (percent(0.3456), percent(0.0), percent(None)) == ("34.6", "0.0", "\N{EN DASH}")


def test_what_stands_between_backticks_is_code_and_the_rest_is_text() -> None:
    assert backticks("write `<a>` & go") == "write <code>&lt;a&gt;</code> &amp; go"


def test_paragraphs_are_parted_by_empty_lines_alone() -> None:
    assert paragraphs("one\ntwo\n\n<b>three</b>") == "<p>one two</p><p>&lt;b&gt;three&lt;/b&gt;</p>"


def test_keys_are_read_as_words() -> None:
    assert words("mode_inferred") == "mode inferred"
