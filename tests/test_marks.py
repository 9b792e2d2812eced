"""What `make fast` leaves out, seen by collecting a folder as it does."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def collected(expression: str) -> str:
    """Return what pytest says of the tests of one folder that a mark expression chooses."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-m", expression, "tests/webapp/jobs"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    return done.stdout


def test_make_fast_leaves_out_what_needs_a_server() -> None:
    expression = re.search(r'-q -m "([^"]+)"', (ROOT / "Makefile").read_text())
    assert expression is not None
    assert "test_attempts.py" in collected("server")
    assert "test_attempts.py" not in collected(expression[1])
