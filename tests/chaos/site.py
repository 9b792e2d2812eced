"""A whole product to break: submitting to it, asking its database, finding its processes."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import valkey

from tests.support.product import ROOT, Product
from tests.support.slow_benchmark import write_slow_benchmark
from webapp.embedded import database_url, valkey_socket

FINISHED = ("scored", "rejected", "failed", "withdrawn")


@dataclass(frozen=True)
class ChaosSite:
    """`manage.py up` with one benchmark, `slow`, whose `predictions` take several seconds to evaluate."""

    product: Product
    predictions: Path
    token: str

    @classmethod
    def start(cls, product: Product, port: int, folder: Path, *, tracklets: int) -> "ChaosSite":
        folder.mkdir(exist_ok=True)
        truth, predictions = write_slow_benchmark(folder, videos=60, tracklets=tracklets)
        product.start(port)
        product.wait_for("is ready on", 120)
        site = cls(product, predictions, product.manage("create_token", "chaos").strip())
        benchmark = ("slow", "--benchmark=ytvis2019", "--split=val", f"--gt={truth}")
        free = ("--open", "--details", "--no-quota-per-day", "--no-quota-total")
        site.manage("import_benchmark", *benchmark, *free)
        return site

    def manage(self, *arguments: str) -> None:
        """Run a management command beside the product."""
        self._run("manage.py", *arguments)

    def _run(self, *arguments: str, **environment: str) -> str:
        """Run Python with the product's settings; what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**self.product.environment, **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def submit(self, *contents: bytes, **environment: str) -> tuple[list[str], float]:
        """Submit files, made different from all others by a space; their ids, and the seconds it took."""
        files = []
        for content in contents or (self.predictions.read_bytes(),):
            file = self.predictions.with_name(f"{time.monotonic_ns()}.json")
            file.write_bytes(content + b" " * (time.monotonic_ns() % 997))
            files.append(str(file))
        answer = json.loads(self._run("-m", "tests.chaos.submit", "slow", *files, **environment))
        return answer["ids"], answer["seconds"]

    def submit_slow(self) -> str:
        return self.submit()[0][0]

    def withdraw(self, submission: str) -> None:
        """Withdraw a submission as its author does it, by the REST API."""
        answer = httpx.delete(
            f"{self.product.url}/api/v1/submissions/{submission}",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.is_success, answer.text

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url(self.product.var), autocommit=True) as database:
            return database.execute(sql.encode(), values).fetchall()

    def status(self, submission: str) -> str:
        return str(self.query("SELECT status FROM submissions_submission WHERE id = %s", submission)[0][0])

    def outcomes(self, submission: str) -> list[str]:
        """What became of each attempt, in order."""
        rows = self.query(
            "SELECT a.outcome FROM jobs_attempt a JOIN jobs_job j ON a.job_id = j.id "
            "WHERE j.submission_id = %s ORDER BY a.number",
            submission,
        )
        return [outcome for (outcome,) in rows]

    def failure(self, submission: str) -> str:
        """The code of a failed job."""
        rows = self.query("SELECT failure_code FROM jobs_job WHERE submission_id = %s", submission)
        return str(rows[0][0])

    def score_rows(self, submission: str) -> int:
        rows = self.query("SELECT count(*) FROM submissions_score WHERE submission_id = %s", submission)
        return int(rows[0][0])

    def wait_for_progress(self, submission: str) -> None:
        """Wait until some videos are done, and more are to come."""
        self._wait(submission, "running", 60, "progress_done BETWEEN 2 AND progress_total / 2")

    def wait_for_status(self, submission: str, status: str, seconds: float) -> float:
        """Wait for a status; the seconds it took. Fails with the logs where it does not come."""
        return self._wait(submission, status, seconds, "true")

    def _wait(self, submission: str, status: str, seconds: float, condition: str) -> float:
        begin, found = time.monotonic(), "nothing"
        while time.monotonic() - begin < seconds:
            try:
                found, is_so = self.query(
                    f"SELECT s.status, {condition} FROM submissions_submission s "
                    "JOIN jobs_job j ON j.submission_id = s.id WHERE s.id = %s",
                    submission,
                )[0]
            except psycopg.OperationalError:  # PostgreSQL is just being restarted
                found, is_so = "no database", False
            if found == status and is_so:
                return time.monotonic() - begin
            if found in FINISHED:
                break
            time.sleep(0.1)
        raise AssertionError(
            f"Expected {status} ({condition}) within {seconds} s, but found {found}, attempts "
            f"{self.outcomes(submission)}\n{self.product.logs()}"
        )

    def workers(self) -> list[int]:
        """Process ids of the evaluating worker, its children among them."""
        return self.product.pids_of("evaluate")

    def broker(self) -> valkey.Valkey:
        return valkey.Valkey(unix_socket_path=str(valkey_socket(self.product.var)))
