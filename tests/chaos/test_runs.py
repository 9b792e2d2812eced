"""Reference runs on a whole product: started by curl-like calls, watched, scored, on the board; and what no
accident may do to them: compute a video twice, or lose one."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from safetensors.torch import save_file

from dvis_model import build
from tests.chaos.conftest import a_free_port
from tests.support.product import ROOT, Product, wait_until
from webapp.blobs.storage import sha256_of
from webapp.embedded import database_url

pytestmark = pytest.mark.chaos

# A worker that was killed is missed sooner than in production, and the tests ask often.
SETTINGS = {
    "MODEL_WORKERS": "1",
    "JOB_LEASE_S": "6",
    "JOB_HEARTBEAT_S": "2",
    "JOB_SWEEP_S": "2",
    "API_THROTTLE_USER": "6000/m",
}
# What docs/runs.md tells people to send, to another benchmark.
IN_DOCS = re.search(r"-d '(\{.*\})'", (ROOT / "docs" / "runs.md").read_text())
assert IN_DOCS
BODY = {**json.loads(IN_DOCS[1]), "benchmark": "drawn"}
# Frames at full size take the tiny model long enough to be killed in the middle.
SLOW = {"short_side": 0}


@dataclass(frozen=True)
class RunSite:
    """`manage.py up` with a model worker and a benchmark that has frames."""

    product: Product
    api: httpx.Client

    def start(self, method: str = "", **options: Any) -> str:
        answer = self.api.post("/runs", json={**BODY, "method": method, "options": options})
        assert answer.status_code == 202, answer.text
        assert answer.headers["Location"].endswith(f"/api/v1/runs/{answer.json()['id']}")
        return str(answer.json()["id"])

    def read(self, run: str) -> dict[str, Any]:
        answer = self.api.get(f"/runs/{run}")
        assert answer.is_success, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def log(self, run: str) -> str:
        return self.api.get(f"/runs/{run}/log", params={"format": "text"}).text

    def scored(self, run: str, seconds: float = 180) -> dict[str, Any]:
        """Wait until the submission of a run is scored."""
        ended = ("failed", "cancelled")
        wait_until(
            lambda: (now := self.read(run))["submission_status"] == "scored" or now["status"] in ended,
            seconds,
        )
        document = self.read(run)
        assert document["submission_status"] == "scored", f"{document}\n{self.product.logs()}"
        return document

    def model_workers(self) -> list[int]:
        return self.product.pids_of("worker.tasks_model")


@pytest.fixture(scope="module")
def run_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunSite]:
    folder = tmp_path_factory.mktemp("runs")
    drawn = folder / "drawn"
    size = ("--videos", "4", "--frames", "8", "--size", "240x320")
    subprocess.run(
        [sys.executable, "-m", "evaluator", "synth", "vis", *size, "--out", str(drawn)], cwd=ROOT, check=True
    )
    product = Product(folder / "var", SETTINGS)
    try:
        product.start(a_free_port())
        product.wait_for("is ready on", 180)
        given = ("--open", f"--gt={drawn / 'annotations.json'}", f"--frames={drawn / 'frames'}")
        product.manage("import_benchmark", "drawn", "--benchmark=ovis", "--split=val", *given)
        token = product.manage("create_token", "alice").strip()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{product.url}/api/v1", headers=headers, timeout=30) as api:
            yield RunSite(product, api)
    finally:
        product.clean_up()


def test_a_run_started_by_a_request_is_watched_scored_and_on_the_board(run_site: RunSite) -> None:
    # Under a name of its own: a board shows one submission of each variant.
    done = run_site.scored(run_site.start(method="Watched"))
    assert (done["status"], done["videos_done"], done["frames_done"]) == ("succeeded", 4, 32)
    assert done["frames_per_second"] > 0
    assert done["device"]
    assert done["provenance"]["checkpoint"] == {"built_in": True, "seed": 0}
    board = run_site.api.get("/benchmarks/drawn/leaderboard").json()
    row = next(row for row in board["rows"] if row["submission"] == done["submission"])
    assert row["origin"] == "run"
    page = httpx.get(f"{run_site.product.url}/benchmarks/drawn/").text
    assert f"/runs/{done['id']}/" in page
    assert done["device"] in page

    warm = run_site.start()
    wait_until(lambda: run_site.read(warm)["submission_status"] == "scored", 120)
    document = run_site.read(warm)
    created, started = (datetime.fromisoformat(document[key]) for key in ("created_at", "started_at"))
    seconds = (started - created).total_seconds() + document["provenance"]["first_frame_s"]
    print(f"\nwarm worker, POST to first frames: {seconds:.2f} s")
    assert seconds < 2
    assert "was in memory" in run_site.log(warm)
    first, second = (
        run_site.api.get(f"/submissions/{run_site.read(run)['submission']}").json()
        for run in (done["id"], warm)
    )
    assert first["digest"] == second["digest"]
    estimate = run_site.api.get("/runs/estimate", params=BODY).json()
    assert estimate["frames"] == 32
    assert estimate["seconds"] == pytest.approx(32 * estimate["ms_per_frame"] / 1000)


def test_a_model_worker_killed_in_the_middle_computes_no_video_twice(run_site: RunSite) -> None:
    run = run_site.start(**SLOW)
    wait_until(lambda: 1 <= run_site.read(run)["videos_done"] < 4, 120)
    for pid in run_site.model_workers():
        os.kill(pid, signal.SIGKILL)
    kept = run_site.read(run)["videos_done"]
    begin = time.monotonic()
    done = run_site.scored(run, 240)
    print(
        f"\nkill -9 of the model worker with {kept} videos done to scored: {time.monotonic() - begin:.1f} s"
    )
    log = run_site.log(run)
    assert done["videos_done"] == 4
    assert "Queued again after worker-lost." in log
    assert f"{kept} video{' is' if kept == 1 else 's are'} there already" in log
    assert [log.count(f"Video {number} of 4") for number in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert computed_by(run_site, run) == [1] * kept + [2] * (4 - kept)


def computed_by(site: RunSite, run: str) -> list[int]:
    """The attempt that computed each video, in order: attempts ran in processes of their own."""
    with psycopg.connect(database_url(site.product.var), autocommit=True) as database:
        rows = database.execute(
            "SELECT a.number FROM runs_runvideo v JOIN jobs_job j ON j.run_id = v.run_id JOIN jobs_attempt a "
            "ON a.job_id = j.id AND a.worker = v.worker WHERE v.run_id = %s ORDER BY v.id",
            [run],
        )
        return [number for (number,) in rows.fetchall()]


def test_cancelling_frees_the_worker_within_5_seconds(run_site: RunSite) -> None:
    run = run_site.start(**SLOW)
    wait_until(lambda: run_site.read(run)["frames_done"] > 0, 120)
    begin = time.monotonic()
    answer = run_site.api.post(f"/runs/{run}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    following = run_site.start()
    wait_until(lambda: run_site.read(following)["status"] == "running", 30)
    seconds = time.monotonic() - begin
    print(f"\ncancelled until the worker had the next run: {seconds:.1f} s")
    assert seconds < 5
    assert run_site.read(run)["submission"] is None
    run_site.scored(following)


def test_the_command_line_uploads_a_checkpoint_and_waits_for_the_score(
    run_site: RunSite, tmp_path: Path
) -> None:
    weights = tmp_path / "mine.safetensors"
    save_file(build("tiny_shapes").state_dict(), weights)
    token = str(run_site.api.headers["Authorization"]).removeprefix("Bearer ")
    environment = {**os.environ, "DVIS_BENCH_SERVER": run_site.product.url, "DVIS_BENCH_TOKEN": token}
    command = [sys.executable, "-m", "webapp.client", "runs", "start", "drawn", "--model", "tiny_shapes"]
    done = subprocess.run(
        [*command, "--checkpoint", str(weights), "--mode", "minvis", "--wait", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)
    assert (document["status"], document["submission_status"]) == ("succeeded", "scored")
    assert document["provenance"]["checkpoint"]["sha256"] == sha256_of(weights)
    refused = subprocess.run([*command, "--short-side", "-1"], cwd=ROOT, env=environment, capture_output=True)
    assert refused.returncode == 2
    assert b"short_side is -1." in refused.stderr


def test_a_killed_supervisor_leaves_no_process_after_10_seconds_though_a_model_is_at_work(
    run_site: RunSite,
) -> None:
    run = run_site.start(**SLOW)
    wait_until(lambda: run_site.read(run)["frames_done"] > 0, 120)
    assert run_site.read(run)["status"] == "running"
    supervisor = run_site.product.process
    assert supervisor is not None
    supervisor.kill()
    supervisor.wait()
    begin = time.monotonic()
    wait_until(lambda: run_site.product.pids() == [], 10)
    assert run_site.product.pids() == []
    print(f"\nkill -9 of the supervisor until every process had ended: {time.monotonic() - begin:.1f} s")
    # The next test finds the site as this one did.
    port = int(run_site.product.url.rpartition(":")[2])
    run_site.product.start(port).wait_for("is ready on", 120)
    run_site.api.post(f"/runs/{run}/cancel").raise_for_status()
