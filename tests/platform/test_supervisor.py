"""The supervisor with small programs, without servers."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.product import wait_until
from webapp.embedded import processes
from webapp.embedded.processes import Program
from webapp.embedded.supervisor import Stopped, Supervisor


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    one = Supervisor(said.append)
    yield one
    one.stop()


def program(tmp_path: Path, code: str) -> Program:
    """A Python program of one or a few statements."""
    return Program(
        name="part",
        argv=[sys.executable, "-c", code],
        log=tmp_path / "part.log",
        environment=os.environ | {"FOLDER": str(tmp_path)},
    )


COUNT_AND_DIE = """
import os, pathlib
with open(pathlib.Path(os.environ["FOLDER"], "starts"), "a") as file: file.write("x")
raise SystemExit(3)
"""


IGNORE_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell that starts the tests in the background ignores it
print("up", flush=True)
time.sleep(60)
"""


def test_a_program_that_keeps_dying_is_started_after_ever_longer_pauses(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    supervisor.start(program(tmp_path, COUNT_AND_DIE))
    threading.Thread(target=lambda: (wait_until(lambda: len(said) == 3), supervisor.ask_to_stop())).start()
    with pytest.raises(Stopped):
        supervisor.watch()
    log = tmp_path / "part.log"
    assert said == [
        f"part ended (exit status 3), starting it again in {pause} s; its log is {log}" for pause in (1, 2, 4)
    ]
    assert (tmp_path / "starts").read_text() == "xxx"


def test_a_program_that_ignores_the_first_signal_gets_the_next(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    stubborn = program(tmp_path, IGNORE_SIGTERM)
    child = supervisor.start(replace(stubborn, signals=((signal.SIGTERM, 0.2), (signal.SIGQUIT, 60.0))))
    wait_until(lambda: "up" in (tmp_path / "part.log").read_text())
    supervisor.stop()
    assert child.process.returncode == -signal.SIGQUIT


def test_what_a_program_leaves_in_its_process_group_is_ended_with_it(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    parent = (
        "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    )
    supervisor.start(program(tmp_path, parent))
    log = tmp_path / "part.log"
    wait_until(lambda: log.read_text().endswith("\n"))
    grandchild = Path("/proc", log.read_text().strip(), "cmdline")
    assert b"sleep" in grandchild.read_bytes()
    supervisor.stop()
    wait_until(lambda: not grandchild.exists() or not grandchild.read_bytes(), 5)
    assert not grandchild.exists() or grandchild.read_bytes() == b""


def test_what_cannot_be_started_again_is_tried_again_and_what_cannot_be_said_ends_nothing(
    tmp_path: Path,
) -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        raise OSError(28, "No space left on device")

    def look() -> None:
        if len(said) == 3:
            supervisor.ask_to_stop()

    def make_log_unwritable() -> None:
        one.log.unlink()
        one.log.mkdir()

    supervisor = Supervisor(say, [look])
    one = program(tmp_path, COUNT_AND_DIE)
    supervisor.start(one)
    wait_until(lambda: (tmp_path / "starts").exists())
    make_log_unwritable()
    with pytest.raises(Stopped):
        supervisor.watch()
    supervisor.stop()
    assert [line.partition(",")[0] for line in said] == [
        "part ended (exit status 3)",
        *["part cannot be started (Is a directory)"] * 2,
    ]


@pytest.mark.chaos
def test_what_ignores_the_death_of_the_supervisor_is_ended_within_10_seconds(tmp_path: Path) -> None:
    code = """
import os, sys
from dataclasses import replace
from pathlib import Path
from webapp.embedded import programs
from webapp.embedded.processes import MARK, Program
from webapp.embedded.supervisor import Supervisor
var, ignore = Path(sys.argv[1]), sys.argv[2]
supervisor = Supervisor(print)
supervisor.start(programs.guard(var))
environment = os.environ | {MARK: str(var)}
stubborn = [sys.executable, "-c", ignore]
supervisor.start(Program(name="part", argv=stubborn, log=var / "part.log", environment=environment))
print("ready", flush=True)
supervisor.watch()
"""
    ignore = IGNORE_SIGTERM.replace("signal.SIG_DFL", "signal.SIG_IGN")
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), ignore], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    parent.stdout.close()
    wait_until(lambda: (tmp_path / "part.log").exists() and "up" in (tmp_path / "part.log").read_text())
    parent.kill()
    parent.wait()
    assert len(processes.leftovers(tmp_path)) == 2
    wait_until(lambda: processes.leftovers(tmp_path) == [], 10)
    assert processes.leftovers(tmp_path) == []


def test_the_output_of_a_command_is_kept_apart_from_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import sys; print('result'); print('detail', file=sys.stderr); sys.exit(4)"
    assert supervisor.run(replace(program(tmp_path, code), output=tmp_path / "result")) == 4
    assert (tmp_path / "result").read_text() == "result\n"
    assert (tmp_path / "part.log").read_text() == "detail\n"
