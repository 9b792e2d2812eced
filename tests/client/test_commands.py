"""`dvis-bench` as people run it, against the running site."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from evaluator.problems import Where, problem
from tests.support.cutting_proxy import CuttingProxy
from tests.support.davis import make_davis_split, write_davis_results
from tests.support.drawn import make_drawn
from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from webapp.benchmarks.models import Split
from webapp.client import show
from webapp.methods.models import Variant
from webapp.submissions.models import Submission
from webapp.uploads.models import Upload

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = "00000000-0000-0000-0000-000000000000"


class DvisBench:
    """The command line of one person in a home of their own."""

    def __init__(self, server: str, token: str, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVIS_", "XDG_"))}
        self.environment = kept | {"HOME": str(home), "COLUMNS": "200"}
        self.access = {"DVIS_BENCH_SERVER": server, "DVIS_BENCH_TOKEN": token}

    def __call__(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "webapp.client", *arguments],
            cwd=ROOT,
            env=self.environment | self.access | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def dvis_bench(live_site: LiveSite, tmp_path: Path) -> DvisBench:
    make_davis_split()
    return DvisBench(live_site.url, make_token(make_user("alice")), tmp_path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_davis_results(tmp_path)


def submit(file: Path, *options: str) -> list[str]:
    return ["submit", "davis", str(file), "--split", "val", "--method", "RVOS", *options]


def test_a_file_is_submitted_waited_for_and_its_numbers_shown(dvis_bench: DvisBench, results: Path) -> None:
    options = ["--variant", "R101", "--factor", "backbone=ResNet-101", "--note", "by the client"]
    done = dvis_bench(*submit(results, *options, "--wait"))
    assert done.returncode == 0, done.stderr
    assert "RVOS (R101), davis val: Scored" in done.stdout
    assert re.search(r"AP\s+│\s+9\.5", done.stdout)
    assert Variant.objects.get().factors == {"backbone": "ResNet-101"}
    assert Submission.objects.get().note == "by the client"


def test_json_is_the_apis_object_and_nothing_else(dvis_bench: DvisBench, results: Path) -> None:
    done = dvis_bench(*submit(results, "--private", "--wait", "--json"))
    document: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, document["status"], document["public"]) == (0, "scored", False)
    again = dvis_bench("status", document["id"], "--json")
    # What comes after scoring may be there by now.
    later = {name: json.loads(again.stdout)[name] for name in ("analysis", "diagnosis")}
    assert (again.returncode, json.loads(again.stdout)) == (0, document | later)


def test_without_waiting_it_is_accepted_and_can_be_followed(dvis_bench: DvisBench, results: Path) -> None:
    accepted = dvis_bench(*submit(results, "--json"))
    assert accepted.returncode == 0
    page = json.loads(accepted.stdout)["links"]["page"]
    followed = dvis_bench("status", page, "--wait")  # the address of the page will do
    assert followed.returncode == 0
    assert "Scored" in followed.stdout


def test_a_rejected_file_ends_with_1_and_all_its_problems(dvis_bench: DvisBench, results: Path) -> None:
    results.write_text('[{"video_id": 99999, "category_id": 1, "score": 0.5, "segmentations": [null]}]')
    done = dvis_bench(*submit(results, "--wait"))
    assert done.returncode == 1
    assert "Rejected" in done.stdout
    assert re.search(r"results\.json, entry 0.*99999", done.stderr)
    assert re.search(r"  -> .+   \[[a-z-]+\]", done.stderr)


def test_a_hint_is_printed_once_however_many_entries_have_the_problem(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [problem("score-type", Where(entry=n), f"`score` {n} is null.").to_json() for n in range(3)]
    other = problem("not-a-list", Where(), "The top level is an object.").to_json()
    show.problems([*found, other])
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "->" in line] == [said[3], said[5]]
    assert (said[0], said[2]) == ("entry 0: `score` 0 is null.", "entry 2: `score` 2 is null.")


def board_document(**fields: Any) -> dict[str, Any]:
    row = {"rank": 1, "method": "M", "variant": "v", "origin": "upload", "values": {"AP": 0.5}}
    column = {"key": "AP", "label": "AP", "higher_is_better": True}
    rows = [{**row, "stale": None, "public": True}, {**row, "stale": "Old.", "public": False}]
    return {"scores_hidden": False, "columns": [column], "rows": rows, **fields}


def test_a_printed_leaderboard_marks_outdated_and_private_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show, "out", Console(width=120))
    show.leaderboard(board_document())
    first, second = (line for line in capsys.readouterr().out.splitlines() if "scored here" in line)
    assert ("outdated" in first, "only you" in first) == (False, False)
    assert "scored here, outdated, only you" in second


def test_a_blind_phase_is_said_at_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show.leaderboard(board_document(scores_hidden=True, rows=[]))
    assert "Scores of this split are hidden until its organisers show them" in capsys.readouterr().err
    names = {"method": "M", "variant": "v", "benchmark": "davis", "split": "val", "links": {"page": "/p"}}
    scored = {**names, "status": "scored", "status_text": "Scored", "problems": [], "metrics": None}
    show.submission(scored)
    assert "Scores of this split are hidden until its organisers show them" in capsys.readouterr().out
    show.submission({**scored, "hidden": True, "metrics": {"AP": 0.5}, "digest": ""})
    said = capsys.readouterr()
    assert "Scores of this split" not in said.out
    assert "Hidden by the organisers: only they can publish it." in said.err


def test_an_upload_cut_in_the_middle_goes_on_by_itself(
    live_site: LiveSite, dvis_bench: DvisBench, tmp_path: Path
) -> None:
    big = tmp_path / "big.json"
    big.write_bytes(b"[" + b" " * 20_000_000 + b"]")
    with CuttingProxy.before(live_site.url, cuts=[12_000_000, 1_000_000]) as proxy:
        done = dvis_bench(*submit(big, "--wait"), DVIS_BENCH_SERVER=proxy.url)
    assert done.returncode == 0, done.stderr
    assert Upload.objects.get().length == 20_000_002


def test_an_upload_that_a_dead_network_ended_is_resumed_by_the_same_command(
    live_site: LiveSite, dvis_bench: DvisBench, tmp_path: Path
) -> None:
    big = tmp_path / "big.json"
    big.write_bytes(b"[" + b" " * 20_000_000 + b"]")
    with CuttingProxy.before(live_site.url, cuts=[10_000_000, *[1] * 100]) as proxy:
        port = proxy.listener.getsockname()[1]
        first = dvis_bench(*submit(big), DVIS_BENCH_SERVER=proxy.url)
        assert (first.returncode, "cannot be reached" in first.stderr) == (4, True)
        begun = Upload.objects.get()
        assert begun.offset > 0
        proxy.cuts.clear()
        assert f":{port}" in proxy.url
        assert dvis_bench(*submit(big), DVIS_BENCH_SERVER=proxy.url).returncode == 0
    assert Upload.objects.get().pk == begun.pk


def test_a_log_in_serves_later_commands(live_site: LiveSite, dvis_bench: DvisBench) -> None:
    access, dvis_bench.access = dvis_bench.access, {}
    nobody = dvis_bench("status", "x")
    assert nobody.returncode == 2
    assert "dvis-bench login" in nobody.stderr
    wrong = dvis_bench("login", "--server", live_site.url, "--token", "dvb_wrong")
    assert wrong.returncode == 4
    right = dvis_bench("--server", live_site.url, "login", "--token", access["DVIS_BENCH_TOKEN"])
    assert right.returncode == 0
    assert dvis_bench("leaderboard", "davis").returncode == 0


def test_a_leaderboard_is_printed_in_every_format(dvis_bench: DvisBench, results: Path) -> None:
    dvis_bench(*submit(results, "--wait"))
    assert "RVOS" in dvis_bench("leaderboard", "davis").stdout
    assert json.loads(dvis_bench("leaderboard", "davis", "--json").stdout)["rows"][0]["method"] == "RVOS"
    assert dvis_bench("leaderboard", "davis", "--format", "csv").stdout.startswith('"rank","method"')
    assert "\\begin{tabular}" in dvis_bench("leaderboard", "davis", "--format", "latex").stdout
    assert "| RVOS |" in dvis_bench("leaderboard", "davis", "--split", "val", "--format", "markdown").stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["submit", "davis", "missing.json", "--method", "M"], 2, "does not exist"),
        (["submit", "nothing", "README.md", "--method", "M"], 2, "has no benchmark nothing"),
        (["submit", "davis", "README.md", "--method", "M", "--split", "x"], 2, "no split 'x'. It has val"),
        (["submit", "davis", "README.md"], 2, "--method"),
        (["submit", "davis", "README.md", "--method", "M", "--factor", "x"], 2, "NAME=VALUE"),
        (["leaderboard", "davis", "--format", "pdf"], 2, "pdf"),
        (["compare", UNKNOWN], 2, "Expected 2 to 5 different submissions, but got 1"),
        (["status", UNKNOWN], 2, "has no submission"),
        (["status", UNKNOWN, "--token", "dvb_wrong"], 4, "unknown, revoked or expired"),
        (["leaderboard", "davis", "--server", "ftp://bench"], 2, "'ftp://bench'"),
        (["fly"], 2, "fly"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_status(
    dvis_bench: DvisBench, arguments: list[str], status: int, said: str
) -> None:
    done = dvis_bench(*arguments)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr


def test_submissions_are_compared_in_a_sentence_and_a_table_or_as_json(dvis_bench: DvisBench) -> None:
    split = Split.objects.get()
    ids = [str(make_drawn(split, name, ap).id) for name, ap in (("Strong", 0.5), ("Close", 0.48))]
    done = dvis_bench("compare", *ids)
    assert done.returncode == 0, done.stderr
    assert "Strong is better than Close: AP is 2.0 points higher" in done.stdout
    assert re.search(r"AP\s+│\s+50\.0\s+│\s+48\.0\s+│\s+\+2\.0", done.stdout)
    document: dict[str, Any] = json.loads(dvis_bench("compare", *ids, "--json").stdout)
    assert document["comparisons"][0]["metrics"]["AP"]["significant"] is True


def test_it_needs_no_django() -> None:
    code = "import sys; sys.modules['django'] = None; import webapp.client; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
