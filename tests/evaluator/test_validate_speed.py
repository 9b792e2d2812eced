"""How soon a bad file is refused, in processor time: other programs on the machine matter little."""

import gzip
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evaluator import validate
from tests.e2e.hostile_files import hostile_files

GOLDEN = Path(__file__).resolve().parent.parent / "parity" / "vis"
UNOPENED = {
    "empty.json", "gzip.json", "pickle.json", "html.json",
    "no_results.zip", "nothing.zip", "two_results.zip",
    "folder_and_file.zip", "results_empty.zip", "cut_short.zip", "climbs_out.zip", "absolute.zip",
    "windows_path.zip", "link.zip", "same_name_twice.zip", "encrypted.zip", "many_members.zip",
    "bomb.zip", "claims_terabytes.zip", "not_a_zip.zip",
}  # fmt: skip
"""Hostile files that are refused for what they are, before anything in them is read."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files by name, written to one folder."""
    folder = tmp_path_factory.mktemp("hostile")
    case = json.loads(gzip.decompress((GOLDEN / "plain.json.gz").read_bytes()))
    files = hostile_files(case["results"])
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in files}


def test_every_hostile_file_is_judged_within_a_second(hostile: dict[str, Path]) -> None:
    seconds = {}
    validate("ytvis2021", hostile["good.zip"])  # loads the kernels
    for name, path in hostile.items():
        begin = time.process_time()
        validate("ytvis2021", path)
        seconds[name] = time.process_time() - begin
    assert max(seconds.values()) < 1, max(seconds, key=lambda name: seconds[name])


def test_what_cannot_be_opened_is_refused_before_numpy_or_kernels_are_loaded(
    hostile: dict[str, Path],
) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom evaluator import validate\n"
        "for path in map(Path, sys.argv[1:]):\n"
        "    assert validate('ytvis2021', path), path\n"
        "    assert not {'numpy', 'numba'} & set(sys.modules), path\n"
    )
    files = [str(path) for name, path in hostile.items() if name in UNOPENED]
    assert len(files) == len(UNOPENED)
    done = subprocess.run([sys.executable, "-c", program, *files], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


CUT_SHORT = b'[{"video_id": 1, "score": 0.5, "category_id": 1, "segmentations": [{"size": [9, 9], "cou'


@pytest.mark.parametrize(
    ("benchmark", "content", "code"),
    [
        ("ovis", b"\x1f\x8b\x08", "file-not-recognised"),
        ("ovis", CUT_SHORT, "json-truncated"),
        ("vipseg", b"\x1f\x8b\x08", "file-not-recognised"),
        ("vspw", b"\x1f\x8b\x08", "file-not-recognised"),
    ],
)
def test_the_command_refuses_such_a_file_within_a_second(
    benchmark: str, content: bytes, code: str, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "evaluator", "validate", benchmark, "--pred", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 1
    assert f"[{code}]" in done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


def test_an_unknown_benchmark_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Expected one of .*ovis.*but got 'coco'"):
        validate("coco", tmp_path / "results.json")
