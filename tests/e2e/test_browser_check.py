"""The check in the browser says what the server says: same verdict, same codes, same places."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser

from evaluator import validate
from tests.e2e.checker import Checker, lines, split_of
from tests.e2e.hostile_files import hostile_files
from tests.support.map_benchmarks import MAKERS, MapBenchmark
from webapp.pages.templatetags.numbers import size

GOLDEN = Path(__file__).parents[1] / "parity/vis"
NAMES = {path.name.removesuffix(".json.gz") for path in GOLDEN.iterdir()}
# Such a ground truth cannot be imported, so there is no page to submit to.
GROUND_TRUTH_REFUSED = {"duplicate_gt_ids", "gt_id_zero", "gt_length_differs_from_masks"}
# Told by the server alone: the browser keeps no prediction and no ground truth.
SERVER_ONLY = {
    "predictions-duplicate",
    "predictions-without-pixels",
    "masks-row-by-row",
    "categories-mixed-up",
    "gt-category-unlisted",
}
# The server quotes more of the file, or Python says what is wrong with it.
OWN_WORDS = {
    *("json-syntax", "json-encoding", "json-nesting", "file-not-recognised", "archive-damaged"),
    *("not-a-list", "entry-type", "field-missing", "score-not-finite", "segmentations-type"),
    *("video-unknown", "category-unknown", "mask-size-type", "polygon-invalid"),
    *("rle-characters", "rle-range", "rle-counts-type"),
}
Plain = tuple[Path, list[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def checker(browser: Browser) -> Iterator[Checker]:
    with Checker.running(browser) as running:
        yield running


def _golden(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / f"{name}.json.gz").read_bytes()))
    return case


def _codes(problems: list[dict[str, Any]]) -> set[str]:
    return {problem["code"] for problem in problems}


def _server(benchmark: str, path: Path, ground_truth: Path) -> list[dict[str, Any]]:
    problems = [problem.to_json() for problem in validate(benchmark, path, ground_truth)]
    return [problem for problem in problems if problem["code"] not in SERVER_ONLY]


@pytest.mark.parametrize("name", sorted(NAMES - GROUND_TRUTH_REFUSED))
def test_golden_file_has_the_same_problems_in_browser_and_evaluator(
    name: str, checker: Checker, tmp_path: Path
) -> None:
    case = _golden(name)
    predictions, ground_truth = tmp_path / "results.json", tmp_path / "annotations.json"
    predictions.write_text(json.dumps(case["results"]))
    ground_truth.write_text(json.dumps(case["gt"]))
    server = _server("ytvis2021", predictions, ground_truth)
    [verdict] = checker.check(split_of("ytvis2021", ground_truth), predictions)
    assert _codes(verdict["problems"]) == _codes(server)
    assert lines(verdict["problems"]) == lines(server)
    assert verdict["ok"] == (not any(problem["severity"] == "error" for problem in server))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    """A ground truth, good predictions for it, and what the page hands over."""
    case = _golden("plain")
    ground_truth = tmp_path_factory.mktemp("plain") / "annotations.json"
    ground_truth.write_text(json.dumps(case["gt"]))
    return ground_truth, case["results"], split_of("ytvis2021", ground_truth)


def test_hostile_files_get_the_same_verdict_codes_and_words(
    plain: Plain, checker: Checker, tmp_path: Path
) -> None:
    ground_truth, good, split = plain
    files = hostile_files(good)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    verdicts = dict(zip(files, checker.check(split, *(tmp_path / name for name in files)), strict=True))
    differences: dict[str, tuple[list[str], ...]] = {}
    for name, verdict in verdicts.items():
        found = (_server("ytvis2021", tmp_path / name, ground_truth), verdict["problems"])
        server, browser = map(_codes, found)
        if verdict["checked"] and server != browser:
            differences[name] = (sorted(server), sorted(browser))
        for code in (server & browser) - OWN_WORDS:
            said = [[one["message"] for one in problems if one["code"] == code] for problems in found]
            if said[0] != said[1]:
                differences[name] = tuple(said)
    assert differences == {}


@pytest.mark.parametrize(
    ("known", "used"),
    [
        ((1, 2, 3), (0, 1, 2)),
        ((2, 3, 4), (1, 2, 3)),
        ((3, 5, 9), (0, 1)),
        (tuple(range(2, 30, 2)), (1, 2, 3)),
    ],
)
def test_other_category_ids_and_file_names_are_told_in_the_words_of_the_server(
    known: tuple[int, ...], used: tuple[int, ...], plain: Plain, checker: Checker, tmp_path: Path
) -> None:
    truth = json.loads(plain[0].read_text())
    truth["categories"] = [{"id": id, "name": f"c{id}"} for id in known]
    for annotation in truth["annotations"]:
        annotation["category_id"] = known[0]
    ground_truth, path = tmp_path / "annotations.json", tmp_path / "mine.txt"
    ground_truth.write_text(json.dumps(truth))
    path.write_text(json.dumps([{**plain[1][0], "category_id": id} for id in used]))
    [verdict] = checker.check(split_of("ytvis2021", ground_truth), path)
    mine, server = (
        [(one["code"], one["where"], one["message"]) for one in problems if one["code"].startswith("categor")]
        for problems in (verdict["problems"], _server("ytvis2021", path, ground_truth))
    )
    assert mine == server
    assert [code for code, _, _ in server] == ["category-unknown", "categories-counted-otherwise"]
    assert server[0][1]["file"] == "mine.txt"


def test_sizes_are_said_in_units_that_fit_and_pages_say_the_same(checker: Checker) -> None:
    sizes = [1, 200, 999, 1000, 999_499, 999_500, 12_345_678, 3_210_000_000]
    script = (
        "async (sizes) => { const {size} = await import('./check_problems.js'); return sizes.map(size); }"
    )
    said = checker.page.evaluate(script, sizes)
    assert said == ["1 byte", "200 bytes", "999 bytes", "1 kB", "999 kB", "1.0 MB", "12.3 MB", "3.21 GB"]
    assert [size(number) for number in sizes] == said


def test_a_damaged_file_is_never_refused_by_the_browser_alone(
    plain: Plain, checker: Checker, tmp_path: Path
) -> None:
    """A good file with one random change: what the server would score, the browser lets pass."""
    ground_truth, good, split = plain
    text = json.dumps(good[:6]).encode()
    dice = random.Random(7)
    pieces = [b"0", b"9", b"\\", b'"', b",", b"]", b"}", b"-", b".5", b" ", b"null", b"[1]", b"e3"]
    files = []
    for index in range(150):
        at, kind = dice.randrange(len(text)), dice.randrange(3)
        piece = dice.choice(pieces)
        path = tmp_path / f"{index}.json"
        path.write_bytes(text[:at] + (b"" if kind == 0 else piece) + text[at + (kind < 2) :])
        files.append(path)
    refused_alone = [
        (path.read_bytes(), verdict["problems"][0])
        for path, verdict in zip(files, checker.check(split, *files), strict=True)
        if not verdict["ok"]
        and not any(p["severity"] == "error" for p in _server("ytvis2021", path, ground_truth))
    ]
    assert refused_alone == []


def test_fifty_megabytes_are_checked_without_reading_the_file_whole(
    plain: tuple[Path, list[dict[str, Any]], dict[str, Any]],
    checker: Checker,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, good, split = plain
    speed, verdict, largest = checker.page.evaluate(
        """
        async ([text, split]) => {
          const {checkFile} = await import('./check_file.js');
          const body = text.slice(1, -1);
          const copies = Math.ceil(5e7 / body.length);
          const file = new File(['[', ...Array(copies).fill(body + ','), body, ']'], 'results.json');
          let largest = 0;
          const {slice} = file;
          file.slice = (from, to) => {
            largest = Math.max(largest, to - from);
            return slice.call(file, from, to);
          };
          const begin = performance.now();
          const verdict = await checkFile(file, split);
          return [file.size / 1e3 / (performance.now() - begin), verdict, largest];
        }
        """,
        [json.dumps(good), split],
    )
    with capsys.disabled():
        print(f"\nin-browser check: {speed:.0f} MB/s")
    assert verdict["ok"]
    assert largest <= 4 * 2**20
    assert speed > 5


def test_a_bad_file_shows_its_warnings_after_its_errors(
    plain: Plain, checker: Checker, tmp_path: Path
) -> None:
    _, good, split = plain
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{**good[0], "category_id": 999}, {**good[1], "score": None}]))
    [verdict] = checker.check(split, path)
    codes = [problem["code"] for problem in verdict["problems"]]
    assert codes[0] == "score-type"
    assert "category-unknown" in codes[1:]
    [message] = [p["message"] for p in verdict["problems"] if p["code"] == "category-unknown"]
    assert message.startswith("1 prediction has a category")


def _picture(mode: str, width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def _changed_archives(made: MapBenchmark, folder: Path) -> Iterator[Path]:
    """Write archives with one change each to a good one of maps."""
    with zipfile.ZipFile(made.good) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    maps = [name for name in files if name.endswith(".png")]
    first, video = maps[0], maps[0].rsplit("/", 1)[0]
    mode, other = ("RGB", "L") if made.evaluator == "vipseg" else ("L", "RGB")
    with Image.open(io.BytesIO(files[first])) as picture:
        width, height = picture.size
    damaged = bytearray(files[first])
    damaged[18] ^= 1
    changes: dict[str, dict[str, bytes | None]] = {
        "good": {},
        "litter": {f"__MACOSX/{first}": b"x", f"{video}/.DS_Store": b"x", f"{video}/._x.png": b"x"},
        "map-lacks": {maps[3]: None},
        "video-lacks": {name: None for name in maps if name.startswith(f"{video}/")},
        "transposed": {first: _picture(mode, height, width)},
        "another-kind": {maps[1]: _picture(other, width, height)},
        "huge": {first: _picture("1", 20_000, 1)},
        "no-png": {first: b"a text"},
        "empty": {first: b""},
        "header-damaged": {maps[2]: bytes(damaged)},
        "header-cut": {maps[2]: bytes(damaged[:20])},
        "another-video": {f"{video}-b/1.png": files[first]},
        "more-frames": {f"{video}/zzz.png": b"never read"},
        "of-windows": {
            **dict.fromkeys(files),
            **{"x\\" + name.replace("/", "\\"): content for name, content in files.items()},
        },
        "upper-case": {first: None, f"{first[:-4]}.PNG": files[first]},
        "unsafe": {"../x.png": b"x"},
        "another-file": {**dict.fromkeys(files), "readme.txt": b"x"},
    }
    for name, change in changes.items():
        for root in ("", "two/folders/"):
            path = folder / f"{name}{'-in-folders' if root else ''}.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for member, content in {**files, **change}.items():
                    if content is not None:
                        archive.writestr(root + member, content)
            yield path


def _places(problems: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Where the errors are; the browser does not know the names of the frames that are missing."""
    return [(code, place) for code, place in lines(problems) if code != "map-missing"]


@pytest.mark.parametrize("kind", MAKERS)
def test_archives_of_maps_get_the_same_verdict_codes_and_places(
    kind: str, checker: Checker, tmp_path: Path
) -> None:
    made = MAKERS[kind](tmp_path)
    paths = [*_changed_archives(made, tmp_path), made.bad]
    (tmp_path / "maps.rar").write_bytes(b"Rar!\x1a\x07")
    (tmp_path / "empty.zip").write_bytes(b"")
    paths += [tmp_path / "maps.rar", tmp_path / "empty.zip"]
    differences = {}
    verdicts = checker.check(split_of(made.evaluator, made.truth), *paths)
    for path, verdict in zip(paths, verdicts, strict=True):
        server, browser = _server(made.evaluator, path, made.truth), verdict["problems"]
        if path == made.bad and kind == "vipseg":
            assert not verdict["ok"]  # by another code: the browser does not read pred.json
        elif (_codes(server), _places(server)) != (_codes(browser), _places(browser)):
            differences[path.name] = [(_codes(found), _places(found)) for found in (server, browser)]
    assert differences == {}
    assert verdicts[0]["ok"]
    assert verdicts[0]["entries"] == 18
