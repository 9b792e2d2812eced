"""Keeps child processes running until it is told to stop, and leaves none behind."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from webapp.embedded import processes
from webapp.embedded.processes import Program

_POLL_S = 0.1
_CHORES_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
# A child that ran this long was well: its next death starts with the first pause again.
_WELL_S = 60.0


class Stopped(Exception):
    """Somebody asked us to stop while something was being waited for."""


@dataclass
class Child:
    """A program that is to run, with the process that runs it now."""

    program: Program
    process: subprocess.Popen[bytes]
    started_at: float
    pause_s: float = _FIRST_PAUSE_S
    restart_at: float | None = None
    """Time at which a dead process is started again; None while it runs."""


class Supervisor:
    """Starts programs, restarts those that die, stops all.

    Args:
        say: takes one line for the operator.
        chores: what is done every few seconds while it watches.
    """

    def __init__(self, say: Callable[[str], None], chores: Iterable[Callable[[], None]] = ()) -> None:
        self._say = say
        self._chores, self._chores_at = tuple(chores), 0.0
        self._children: list[Child] = []
        self._stopping = threading.Event()

    def say(self, line: str) -> None:
        """Say something to the operator, if it can be heard: a full disk must not end us."""
        with suppress(OSError):
            self._say(line)

    def stop_on_signals(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as the wish to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ask_to_stop()

    def ask_to_stop(self) -> None:
        """End whatever waits here, from a signal handler or another thread."""
        self._stopping.set()

    def start(self, program: Program) -> Child:
        """Start a program that is to run until we stop."""
        child = Child(program, _start(program), time.monotonic())
        self._children.append(child)
        return child

    def forget(self, child: Child) -> None:
        """Stop a child and keep it stopped."""
        self._children.remove(child)
        processes.stop([(child.program, child.process)])

    def run(self, program: Program) -> int:
        """Run a program to its end; its exit status. Raises Stopped."""
        process = processes.start(program)
        try:
            while process.poll() is None:
                self._tend()
        finally:
            processes.stop([(program, process)])
        return process.returncode

    def wait(self, child: Child, is_ready: Callable[[], bool], seconds: float) -> bool:
        """Wait for a child that was just started; False when it died or took longer. Raises Stopped."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and child.process.poll() is None:
            if is_ready():
                return True
            self.pause(_POLL_S)
        return False

    def pause(self, seconds: float) -> None:
        """Sleep. Raises Stopped at once when asked to stop."""
        if self._stopping.wait(seconds):
            raise Stopped

    def watch(self) -> None:
        """Restart what dies until asked to stop. Raises Stopped."""
        while True:
            self._tend()

    def _tend(self) -> None:
        for child in self._children:
            self._look_after(child)
        if time.monotonic() >= self._chores_at:
            for chore in self._chores:
                chore()
            self._chores_at = time.monotonic() + _CHORES_S
        self.pause(_POLL_S)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.restart_at is None:
            if child.process.poll() is not None:
                self._bury(child, now)
        elif now >= child.restart_at:
            try:
                child.process = _start(child.program)
            except OSError as problem:  # no room for a log, no memory for a process
                self._put_off(child, now, f"cannot be started ({problem.strerror})")
            else:
                child.started_at, child.restart_at = now, None

    def _bury(self, child: Child, now: float) -> None:
        processes.kill_group(child.process)
        if now - child.started_at > _WELL_S:
            child.pause_s = _FIRST_PAUSE_S
        self._put_off(child, now, f"ended ({_status(child.process.returncode)})")

    def _put_off(self, child: Child, now: float, why: str) -> None:
        child.restart_at = now + child.pause_s
        self.say(
            f"{child.program.name} {why}, starting it again in {child.pause_s:.0f} s; "
            f"its log is {child.program.log}"
        )
        child.pause_s = min(2 * child.pause_s, _LONGEST_PAUSE_S)

    def stop(self) -> None:
        """Stop all children: those that use the servers first, then the servers."""
        for is_server in (False, True):
            layer = [child for child in self._children if child.program.is_server == is_server]
            processes.stop((child.program, child.process) for child in layer)
        self._children.clear()


def _start(program: Program) -> subprocess.Popen[bytes]:
    if program.before:
        program.before()
    return processes.start(program)


def _status(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
