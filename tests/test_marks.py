"""What `make fast` leaves out, seen by collecting some tests as it does."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_make_fast_leaves_out_what_needs_a_server() -> None:
    expression = re.search(r'-q -m "([^"]+)"', (ROOT / "Makefile").read_text())
    assert expression is not None
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    files = ("tests/webapp/jobs/test_attempts.py", "tests/platform", "tests/chaos", "tests/webapp/charts")
    done = subprocess.run(
        [*command, "-m", expression[1], *files], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "tests/webapp/charts" in done.stdout
    assert not re.search("test_attempts.py|tests/platform|tests/chaos", done.stdout)
