"""`dvis-bench checkpoints` and `dvis-bench receipt`, against the running site."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.client.test_commands import ROOT, UNKNOWN, DvisBench
from tests.support.davis import make_davis_split, write_davis_ground_truth, write_davis_results
from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from webapp.blobs.storage import blob_bytes
from webapp.checkpoints.models import Checkpoint


@pytest.fixture
def dvis_bench(live_site: LiveSite, tmp_path: Path) -> DvisBench:
    return DvisBench(live_site.url, make_token(make_user("alice")), tmp_path)


def test_a_checkpoint_is_uploaded_shared_and_listed(dvis_bench: DvisBench, tmp_path: Path) -> None:
    make_user("bob")
    file = tmp_path / "dvis [final].pth"
    file.write_bytes(b"weights")
    done = dvis_bench("checkpoints", "upload", str(file), "--share", "bob")
    assert done.returncode == 0, done.stderr
    assert "dvis [final]: Queued" in done.stdout
    checkpoint = Checkpoint.objects.get()
    assert (checkpoint.filename, blob_bytes(checkpoint.source)) == (file.name, b"weights")
    assert [user.username for user in checkpoint.shared_with.all()] == ["bob"]
    listed = dvis_bench("checkpoints", "list", "--mine")
    assert str(checkpoint.pk) in listed.stdout
    assert "dvis [final]" in listed.stdout
    [row] = json.loads(dvis_bench("checkpoints", "list", "--json").stdout)
    assert (row["id"], row["status"]) == (str(checkpoint.pk), "received")
    wrong = dvis_bench("checkpoints", "upload", str(file), "--share", "nobody-here")
    assert (wrong.returncode, "There is no user nobody-here" in wrong.stderr) == (2, True)


def test_a_receipt_of_the_running_site_is_verified_offline(
    dvis_bench: DvisBench, live_site: LiveSite, tmp_path: Path
) -> None:
    make_davis_split()
    results, truth = write_davis_results(tmp_path), write_davis_ground_truth(tmp_path)
    options = ("--split", "val", "--method", "RVOS", "--wait", "--json")
    id = json.loads(dvis_bench("submit", "davis", str(results), *options).stdout)["id"]
    receipt, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    assert dvis_bench("receipt", id, "-o", str(receipt)).returncode == 0
    assert json.loads(dvis_bench("receipt", id).stdout) == json.loads(receipt.read_text())
    keys.write_text(httpx.get(f"{live_site.url}/.well-known/dvis-bench-keys.json").text)
    words = ["verify", receipt, "--gt", truth, "--pred", results, "--key", keys]
    done = subprocess.run(
        [sys.executable, "-m", "evaluator", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"by DVIS-Bench, {live_site.url}" in done.stdout
    assert done.stderr == ""


def test_a_receipt_of_nothing_is_told_as_such(dvis_bench: DvisBench) -> None:
    done = dvis_bench("receipt", UNKNOWN)
    assert (done.returncode, "has no submission" in done.stderr) == (2, True)
