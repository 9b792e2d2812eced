"""Each thing that can be wrong with results.json: its own sentence, with the place and what to do."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evaluator import SubmissionRejected, evaluate, validate
from evaluator.problems import LISTED_PER_CODE, LISTED_PROBLEMS, PROBLEMS, Problem
from tests.evaluator.vis_files import HEIGHT, WIDTH, column, ground_truth, prediction, rle, write

IN_VIDEO = 'results.json, entry 0 (video 7 "seven")'
IN_FRAME = f"{IN_VIDEO}, frame 1"


def masks(middle: Any) -> list[Any]:
    return [column(0), middle, None]


def counts(value: Any) -> dict[str, Any]:
    return prediction(segmentations=masks({"size": [HEIGHT, WIDTH], "counts": value}))


def without(field: str) -> dict[str, Any]:
    return {key: value for key, value in prediction().items() if key != field}


FILES: list[tuple[str, object, str, str]] = [
    ("empty file", "", "file-empty", "results.json: The file has 0 bytes."),
    ("blank", " \n", "file-empty", "results.json: The file has 2 bytes and nothing but white space."),
    ("prose", "hello", "json-syntax", "results.json: line 1, column 1: this is not JSON, found 'hello'."),
    (
        "trailing comma",
        "[\n 1,\n]",
        "json-syntax",
        "results.json: line 3, column 1: this is not JSON, found ']'.",
    ),
    ("two values", "[] []", "json-syntax", "results.json: line 1, column 4: this is not JSON, found '[]'."),
    ("leading zero", "[01]", "json-syntax", "results.json: line 1, column 2: this is not JSON, found '01]'."),
    (
        "bare key",
        "[{a: 1}]",
        "json-syntax",
        "results.json: line 1, column 3: this is not JSON, found 'a: 1}]'.",
    ),
    (
        "cut in a list",
        '[{"video_id": 7',
        "json-truncated",
        "results.json: The file ends after 15 bytes in the middle of a value.",
    ),
    (
        "cut in a string",
        '[{"video_id',
        "json-truncated",
        "results.json: The file ends after 11 bytes in the middle of a value.",
    ),
    (
        "a string without its end",
        '[{"video_id: 7}]',
        "json-truncated",
        "results.json: The file ends after 16 bytes in the middle of a value (line 1, column 3).",
    ),
    (
        "nesting bomb",
        "[" * 100_000,
        "json-nesting",
        "results.json: line 1, column 66: lists and objects are nested more than 64 deep.",
    ),
    (
        "object",
        {"results": []},
        "not-a-list",
        "results.json: The top level is an object, expected a list of predictions. Its fields are `results`. "
        "It looks like a list in an object: write the value of `results` alone.",
    ),
    (
        "number",
        "3",
        "not-a-list",
        "results.json: The top level is a single value, expected a list of predictions.",
    ),
    ("item", [3], "entry-type", "results.json, entry 0: The item is 3, expected an object."),
    (
        "no score",
        [without("score")],
        "field-missing",
        f"{IN_VIDEO}: The prediction has no `score`; it has `video_id`, `category_id`, `segmentations`.",
    ),
    (
        "video name",
        [prediction(video_id="seven")],
        "video-id-type",
        "results.json, entry 0: `video_id` is the string 'seven', expected an integer; the video "
        "of this name "
        "has the id 7.",
    ),
    (
        "unknown video",
        [prediction(video_id=8)],
        "video-unknown",
        "results.json, entry 0 (video 8): The ground truth has no video 8; its 2 ids are 7 to 9.",
    ),
    (
        "category name",
        [prediction(category_id="cat")],
        "category-id-type",
        f"{IN_VIDEO}: `category_id` is the string 'cat', expected an integer.",
    ),
    (
        "score string",
        [prediction(score="0.5")],
        "score-type",
        f"{IN_VIDEO}: `score` is the string '0.5', expected a number.",
    ),
    (
        "score true",
        [prediction(score=True)],
        "score-type",
        f"{IN_VIDEO}: `score` is true, expected a number.",
    ),
    (
        "score NaN",
        [prediction(score=float("nan"))],
        "score-not-finite",
        f"{IN_VIDEO}: `score` is nan, expected a finite number.",
    ),
    (
        "score infinite",
        json.dumps([prediction()]).replace("0.5", "1e999"),
        "score-not-finite",
        f"{IN_VIDEO}: `score` is inf, expected a finite number.",
    ),
    (
        "score of 5000 digits",
        json.dumps([prediction()]).replace("0.5", "9" * 5000),
        "score-not-finite",
        f"{IN_VIDEO}: `score` is inf, expected a finite number.",
    ),
    (
        "unknown escape",
        json.dumps([prediction()]).replace("0.5", r'"\q"'),
        "json-syntax",
        "results.json, entry 0: A string is not JSON: Invalid \\escape: line 1 column 2 (char 1).",
    ),
    (
        "null masks",
        [prediction(segmentations=None)],
        "segmentations-type",
        f"{IN_VIDEO}: `segmentations` is null, expected a list.",
    ),
    (
        "two frames",
        [prediction(segmentations=[None, None])],
        "tracklet-length",
        f"{IN_VIDEO}: `segmentations` has 2 items, but the video has 3 frames.",
    ),
    (
        "mask number",
        [prediction(segmentations=masks(1))],
        "mask-type",
        f"{IN_FRAME}: A mask is 1, expected an RLE object or null.",
    ),
    (
        "no size",
        [prediction(segmentations=masks({"counts": "h0"}))],
        "mask-size-type",
        f"{IN_FRAME}: The mask has no `size`, expected [height, width].",
    ),
    (
        "size of floats",
        [prediction(segmentations=masks({"size": [4.5, 6], "counts": "h0"}))],
        "mask-size-type",
        f"{IN_FRAME}: `size` is [4.5, 6], expected [height, width].",
    ),
    (
        "half size",
        [prediction(segmentations=masks(rle(size=(2, 3))))],
        "mask-size",
        f"{IN_FRAME}: The mask has size [2, 3], but the video has [4, 6].",
    ),
    (
        "transposed",
        [prediction(segmentations=masks(rle(size=(6, 4))))],
        "mask-size",
        f"{IN_FRAME}: The mask has size [6, 4], but the video has [4, 6] (height and width are swapped).",
    ),
    (
        "no counts",
        [prediction(segmentations=masks({"size": [4, 6]}))],
        "rle-counts-type",
        f"{IN_FRAME}: `counts` is missing, expected a string or a list of integers.",
    ),
    (
        "counts of floats",
        [counts([4.0, 20.0])],
        "rle-counts-type",
        f"{IN_FRAME}: `counts` is a list, expected a string or a list of integers.",
    ),
    (
        "base64",
        [counts("4=/")],
        "rle-characters",
        f"{IN_FRAME}: `counts` holds the character '/', expected only '0' to 'o'.",
    ),
    (
        "cut number",
        [counts("4P")],
        "rle-truncated",
        f"{IN_FRAME}: `counts` ends in the middle of a number.",
    ),
    (
        "huge number",
        [counts("oooooooo0")],
        "rle-range",
        f"{IN_FRAME}: `counts` holds a number of more than 32 bits.",
    ),
    (
        "negative run",
        [counts("O")],
        "rle-range",
        f"{IN_FRAME}: Run 0 of the mask is -1, expected 0..24 (4 x 6).",
    ),
    (
        "negative run in a list",
        [counts([30, -6])],
        "rle-range",
        f"{IN_FRAME}: Run 0 of the mask is 30, expected 0..24 (4 x 6).",
    ),
    (
        "too short",
        [counts("43")],
        "rle-total",
        f"{IN_FRAME}: The runs of the mask add up to 7, expected 24 (4 x 6).",
    ),
    (
        "too long",
        [counts([20, 20])],
        "rle-total",
        f"{IN_FRAME}: The runs of the mask add up to 40, expected 24 (4 x 6).",
    ),
    (
        "no runs",
        [counts("")],
        "rle-total",
        f"{IN_FRAME}: The runs of the mask add up to 0, expected 24 (4 x 6).",
    ),
    (
        "two points",
        [prediction(segmentations=masks([[0, 0, 3, 3]]))],
        "polygon-invalid",
        f"{IN_FRAME}: A polygon has 4 numbers, expected x, y of at least three points.",
    ),
    (
        "polygon of strings",
        [prediction(segmentations=masks([["a"] * 6]))],
        "polygon-invalid",
        f"{IN_FRAME}: A polygon holds something other than finite numbers below a million.",
    ),
]


def errors(problems: Sequence[Problem]) -> list[Problem]:
    """Those that are no warnings, of which a file with errors has some as well."""
    return [problem for problem in problems if problem.severity == "error"]


@pytest.mark.parametrize(
    ("content", "code", "sentence"), [row[1:] for row in FILES], ids=[row[0] for row in FILES]
)
def test_the_problem_is_named_with_place_and_advice(
    content: object, code: str, sentence: str, tmp_path: Path
) -> None:
    truth = write(tmp_path / "gt.json", ground_truth())
    results = write(tmp_path / "results.json", content)
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate("ovis", truth, results)
    (problem,) = errors(rejected.value.problems)
    assert str(problem) == f"{sentence}\n  -> {PROBLEMS[code].hint}   [{code}]"
    assert problem.severity == "error"
    assert validate("ovis", results, truth) == list(rejected.value.problems)


KNOWN_WITHOUT_GROUND_TRUTH = [
    row for row in FILES if row[2] not in ("video-unknown", "tracklet-length", "mask-size")
]


@pytest.mark.parametrize(
    ("content", "code"),
    [row[1:3] for row in KNOWN_WITHOUT_GROUND_TRUTH],
    ids=[row[0] for row in KNOWN_WITHOUT_GROUND_TRUTH],
)
def test_what_needs_no_ground_truth_is_found_without_it(content: object, code: str, tmp_path: Path) -> None:
    found = validate("ovis", write(tmp_path / "results.json", content))
    assert [problem.code for problem in errors(found)] == [code]


def test_utf_16_is_named(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_bytes(json.dumps([prediction()]).encode("utf-16"))
    (problem,) = validate("ovis", results)
    assert problem.code == "json-encoding"
    assert problem.message == "The file begins with the bytes b'\\xff\\xfe[\\x00', as UTF-16 or UTF-32 do."


@pytest.mark.parametrize(
    ("field", "code"),
    [("video_id", "video-id-type"), ("category_id", "category-id-type"), ("score", "score-type")],
)
def test_bytes_that_are_no_utf_8_are_rejected_like_other_text(field: str, code: str, tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth())
    results = tmp_path / "results.json"
    results.write_bytes(json.dumps([prediction(**{field: "!"})]).encode().replace(b'"!"', b'"\xff"'))
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate("ovis", truth, results)
    assert [problem.code for problem in errors(rejected.value.problems)] == [code]


def test_a_list_of_more_than_a_million_entries_is_refused(tmp_path: Path) -> None:
    results = write(tmp_path / "results.json", "[" + "{}," * 1_000_000 + "{}]")
    (problem,) = validate("ovis", results)
    assert problem.code == "entries-too-many"
    assert problem.message == "The list has more than 1,000,000 entries."


def test_a_prediction_that_takes_too_much_memory_to_read_is_refused(tmp_path: Path) -> None:
    entry = '{"video_id": 7, "category_id": 2, "score": 1, "segmentations": [' + "[]," * 6_000_000 + "[]]}"
    (problem,) = validate("ovis", write(tmp_path / "results.json", f"[{entry}]"))
    assert problem.code == "entry-too-large"
    assert problem.message == "The prediction takes 18,000,068 bytes, at most 16,777,216 are read."


def test_every_problem_of_a_prediction_is_reported_at_once(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth())
    bad = prediction(category_id="cat", score=None, segmentations=[1, {"size": [4, 6], "counts": "4"}, None])
    found = validate("ovis", write(tmp_path / "results.json", [bad]), truth)
    assert [problem.code for problem in errors(found)] == [
        "category-id-type",
        "score-type",
        "mask-type",
        "rle-total",
    ]


def test_a_long_group_ends_with_a_line_that_counts_the_rest(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth())
    results = write(tmp_path / "results.json", [prediction(score="high")] * 40 + [prediction(video_id=8)])
    found = errors(validate("ovis", results, truth))
    assert [problem.code for problem in found] == ["score-type"] * (LISTED_PER_CODE + 1) + ["video-unknown"]
    rest = found[LISTED_PER_CODE]
    assert (rest.count, rest.message) == (30, "30 more of this kind (a score is not a number).")
    assert rest.where.to_json() == {"file": "results.json"}


def test_never_more_than_a_hundred_problems_are_listed(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt.json", ground_truth())
    spoiled = [row[1][0] for row in FILES if isinstance(row[1], list)]
    found = errors(validate("ovis", write(tmp_path / "results.json", spoiled * 20), truth))
    assert len(found) <= LISTED_PROBLEMS
    assert {problem.code for problem in found} == {row[2] for row in FILES if isinstance(row[1], list)}
    assert sum(problem.count for problem in found) >= len(spoiled) * 20


def test_problems_say_nothing_of_the_ground_truth_but_ids_names_lengths_and_sizes(tmp_path: Path) -> None:
    secret = ground_truth()
    secret["annotations"][0]["areas"] = [12345, 54321, None]
    truth = write(tmp_path / "gt.json", secret)
    spoiled = [row[1][0] for row in FILES if isinstance(row[1], list)]
    told = "\n".join(str(problem) for problem in validate("ovis", write(tmp_path / "r.json", spoiled), truth))
    for kept in ("12345", "54321", "severe_occlusion"):
        assert kept not in told
