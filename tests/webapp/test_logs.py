"""What the site writes to its logs."""

import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from tests.support.product import ROOT
from webapp.embedded import logs
from webapp.embedded.logs import rotate_logs

VISIT = """
import sys
import django
django.setup()
from django.test import Client
for _ in range(3):
    assert Client(SERVER_NAME="localhost").get("/robots.txt").status_code == 200
sys.exit(42)
"""


def test_a_traceback_in_the_log_shows_no_values(caplog: pytest.LogCaptureFixture) -> None:
    def fail(password: str) -> None:
        raise RuntimeError(f"{len(password)} characters")

    try:
        fail("correct horse 9")
    except RuntimeError:
        structlog.get_logger().exception("request_failed")
    written = caplog.text
    assert "request_failed" in written
    assert "RuntimeError: 15 characters" in written
    assert "correct horse 9" not in written.replace('fail("correct horse 9")', "")


def test_a_log_line_that_cannot_be_written_costs_no_answer() -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123  a device, on which every write fails
        done = subprocess.run([sys.executable, "-c", VISIT], cwd=ROOT, stdout=full, stderr=full, check=False)
    assert done.returncode == 42


def test_a_large_log_goes_on_empty_and_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST_BYTES", 10)
    log, older = tmp_path / "web.log", tmp_path / "web.log.1"
    with log.open("ab", buffering=0) as program:
        for text in (b"first line\n", b"second line\n", b"short\n"):
            program.write(text)
            rotate_logs(tmp_path)
    assert (log.read_bytes(), older.read_bytes()) == (b"short\n", b"second line\n")


def test_a_large_log_is_emptied_where_there_is_no_room_for_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST_BYTES", 10)
    (tmp_path / "web.log").write_bytes(b"a long line\n")
    (tmp_path / "web.log.1").mkdir()  # in the way of the copy
    rotate_logs(tmp_path)
    assert (tmp_path / "web.log").read_bytes() == b""
