"""The compiled scanner agrees with Python's json on what is JSON, and finds the values that json finds."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.files.json_text import JsonInvalid, JsonText, parse_value

KEYS = ("a", "score", "segmentations")
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
entries = st.lists(
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), values, max_size=5) | values, max_size=6
)


def scan(content: bytes) -> list[Any]:
    """Return the list that `content` holds, read through the places that the scanner finds."""
    text = JsonText("x.json", memoryview(content))
    found, end = text.list_entries(text.top(), KEYS)
    text.expect_end(end)
    return [parse_value(text.slice(place)) for place in found.whole]


def same(first: Any, second: Any) -> bool:
    return json.dumps(first) == json.dumps(second)  # NaN is not equal to itself


@settings(deadline=None)
@given(content=entries, indent=st.sampled_from([None, 0, 3]), ascii_only=st.booleans())
def test_what_json_writes_is_found_again(content: list[Any], indent: int | None, ascii_only: bool) -> None:
    written = json.dumps(content, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    text = JsonText("x.json", memoryview(written))
    found, _ = text.list_entries(text.top(), KEYS)
    assert len(found) == len(content)
    for row, entry in enumerate(json.loads(written)):
        assert same(parse_value(text.slice(found.whole[row])), entry)
        for key in KEYS:
            start, end = found.spans(key)[row]
            assert bool(start >= 0) is (isinstance(entry, dict) and key in entry) or found.escaped[row]
            if start >= 0:
                assert same(parse_value(text.slice((start, end))), entry[key])


@settings(deadline=None, max_examples=150)
@given(
    content=entries,
    change=st.sampled_from([*'[]{},:"\\0-.eE+ntfNI \n', ""]),
    place=st.floats(0, 1, exclude_max=True),
    width=st.integers(0, 3),
)
def test_a_spoiled_file_is_refused_exactly_when_json_refuses_it(
    content: list[Any], change: str, place: float, width: int
) -> None:
    written = json.dumps(content)
    at = int(place * len(written))
    spoiled = written[:at] + change + written[at + width :]
    try:
        expected = json.loads(spoiled)
    except ValueError:
        expected = None
    if not isinstance(expected, list) and not (expected is None and spoiled.lstrip()[:1] == "["):
        return  # only lists are scanned here
    try:
        found: list[Any] | None = scan(spoiled.encode())
    except (JsonInvalid, ValueError):
        found = None
    # The scanner lets pass what cannot mislead it: control characters and unknown escapes within strings.
    assert same(found, expected) or (expected is None and "\\" in spoiled) or "\n" in spoiled


@pytest.mark.parametrize("number", ["0", "-0", "12", "1.5", "1e5", "1E+5", "-1.25e-3", "NaN", "-Infinity"])
def test_numbers_of_every_form_are_values(number: str) -> None:
    assert same(scan(f"[{number}]".encode()), [json.loads(number)])


@pytest.mark.parametrize(
    "number", ["01", "1.", ".5", "+1", "1e", "--1", "-", "1_0", "0x1", "Inf", "nan", "1,"]
)
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(JsonInvalid):
        scan(f"[{number}]".encode())


@settings(deadline=None, max_examples=200)
@given(
    count=st.integers(1, 120),
    spoil=st.sampled_from([*"0,- .]e", ", ", " 1", "01", ",,", "\n", ""]),
    place=st.floats(0, 1, exclude_max=True),
    compact=st.booleans(),
)
def test_a_long_list_of_integers_is_refused_exactly_when_json_refuses_it(
    count: int, spoil: str, place: float, compact: bool
) -> None:
    written = json.dumps([[10**n for n in range(5)] * count], separators=(",", ":") if compact else None)
    at = 2 + int(place * (len(written) - 4))
    spoiled = written[:at] + spoil + written[at:]
    try:
        expected = json.loads(spoiled)
    except ValueError:
        expected = None
    try:
        found: list[Any] | None = scan(spoiled.encode())
    except JsonInvalid:
        found = None
    assert found == expected
