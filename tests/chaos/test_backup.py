"""A site that is destroyed while it works, and comes back from its backup."""

import hashlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.conftest import a_free_port
from tests.chaos.site import ChaosSite
from tests.support.product import Product

pytestmark = pytest.mark.chaos


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ChaosSite]:
    product = Product(tmp_path / "var", {})
    try:
        yield ChaosSite.start(product, a_free_port(), tmp_path / "files", tracklets=25)
    finally:
        product.clean_up()


def answers(site: ChaosSite, submission: str) -> list[Any]:
    """All that the author of a scored submission can read of it, and the board that everybody sees."""
    headers = {"Authorization": f"Bearer {site.token}"}
    with httpx.Client(base_url=site.product.url, timeout=30) as http:
        address = f"/api/v1/submissions/{submission}"
        own = [
            http.get(path, headers=headers) for path in (address, f"{address}/receipt", f"{address}/result")
        ]
        board = http.get("/api/v1/benchmarks/slow/leaderboard")
        assert [row["submission"] for row in board.json()["rows"]] == [submission]
        found = [*own, board, http.get("/.well-known/dvis-bench-keys.json")]
        assert {answer.status_code for answer in found} == {200}
        return [answer.json() for answer in found]


def test_every_score_receipt_file_and_token_is_there_and_waiting_work_is_done(
    site: ChaosSite, tmp_path: Path
) -> None:
    product, backup = site.product, tmp_path / "backup"
    (scored,), _ = site.submit(b"[]")
    site.wait_for_status(scored, "scored", 60)
    # What is waiting to be scored goes before its analysis, which would come only after the restore.
    deadline = time.monotonic() + 60
    while answers(site, scored)[0]["analysis"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    running = site.submit_slow()
    site.wait_for_progress(running)
    # A backup takes longer than the rest of its evaluation, which is to be under way in the copy.
    for worker in site.workers():
        os.kill(worker, signal.SIGSTOP)
    # Whenever it is scored, the public board stays as it is.
    site.query("UPDATE submissions_submission SET is_public = false WHERE id = %s RETURNING id", running)
    before = answers(site, scored)
    masks = product.var / "playback" / ("0" * 64)
    masks.parent.mkdir(exist_ok=True)
    masks.write_bytes(b"made again when somebody looks")

    said = product.manage("backup", str(backup))
    assert "is complete in" in said
    assert backup.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in backup.rglob("*")} == {0}
    assert masks.name not in {path.name for path in backup.rglob("*")}
    assert site.status(running) in ("running", "queued")
    product.kill_everything()
    shutil.rmtree(product.var)

    assert "it sends no mail until" in product.manage("restore", str(backup))
    product.start(int(product.url.rpartition(":")[2])).wait_for("is ready on", 120)
    product.wait_for("This is a restored copy: it sends no mail", 5)
    assert answers(site, scored) == before
    site.wait_for_status(running, "scored", 180)
    assert answers(site, scored) == before
    assert site.outcomes(running)[-1] == "succeeded"
    blobs = [path for path in (product.var / "blobs").rglob("*") if path.is_file()]
    assert blobs
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in blobs] == [path.name for path in blobs]
    assert "Mails are sent from the next start on" in product.manage("restore", "--live")
