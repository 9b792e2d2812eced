"""Child processes that do not outlive their parent, and finding those that did."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from webapp.embedded.privileges import Account, drop_to

# Every process of the site carries it, with its `var` folder as value: so a later start finds what was left.
# The name is our own: a shell that exports DVIS_BENCH_VAR must never be taken for a child.
MARK = "DVIS_BENCH_CHILD_OF"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Program:
    """One child process: how it is started and stopped."""

    name: str
    argv: list[str]
    log: Path
    """File to which standard error is appended, and standard output too unless `output` is set."""
    output: Path | None = None
    environment: Mapping[str, str]
    cwd: Path | None = None
    account: Account | None = None
    """The account to change to; None stays with ours."""
    signals: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    """Signals that ask it to stop, in order, each with its seconds of grace; SIGKILL follows."""
    orphaned: signal.Signals | None = signal.SIGTERM
    """Signal that the kernel sends when we die without stopping it; None for nothing."""
    descriptors: tuple[int, ...] = ()
    """Open files that it inherits."""
    before: Callable[[], None] | None = None
    """Called before every start, to remove the remains of a killed predecessor."""
    is_server: bool = False
    """True where other programs need it, so that it is stopped last."""


def start(program: Program) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own: a Ctrl-C on our terminal reaches it only through us."""
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        log = files.enter_context(program.log.open("ab"))
        output = files.enter_context(program.output.open("wb")) if program.output else log
        return subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            env=dict(program.environment),
            cwd=program.cwd,
            pass_fds=program.descriptors,
            start_new_session=True,
            preexec_fn=_before_exec(program),
        )


def _before_exec(program: Program) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        if program.account:
            drop_to(program.account, libc)
        # After the change of account, which would clear it.
        end_with_parent(program.orphaned, parent, libc)

    return prepare


def end_with_parent(number: signal.Signals | None, parent: int, libc: ctypes.CDLL | None = None) -> None:
    """Have the kernel send us a signal, if any, when our parent dies; end at once where it has died."""
    (libc or ctypes.CDLL(None, use_errno=True)).prctl(_PR_SET_PDEATHSIG, int(number or 0), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def stop(running: Iterable[tuple[Program, subprocess.Popen[bytes]]]) -> None:
    """Ask all to stop at once, then see each of them off, with whatever it left in its process group."""
    running = list(running)
    for program, process in running:
        _send(process, program.signals[0][0])
    for program, process in running:
        _see_off(program, process)
        kill_group(process)


def _see_off(program: Program, process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that has got its first signal; the other signals follow when it takes its time."""
    (_, seconds), *others = program.signals
    for number, next_seconds in [*others, (signal.SIGKILL, 0.0)]:
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            _send(process, number)
            seconds = next_seconds


def _send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a child's process group, and the child itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def leftovers(var: Path) -> list[int]:
    """Living processes that an earlier parent started for `var`, by their environment, not by pid files."""
    mark = os.fsencode(f"{MARK}={var}")
    return [pid for pid in _pids() if pid != os.getpid() and mark in _read(pid, "environ").split(b"\0")]


def running_with(program: str, argument: Path) -> list[int]:
    """Living processes of a program that were started with `argument` as one of their arguments."""
    found = []
    for pid in _pids():
        argv = _read(pid, "cmdline").split(b"\0")
        if Path(os.fsdecode(argv[0])).name == program and os.fsencode(argument) in argv[1:]:
            found.append(pid)
    return found


def working_in(program: str, folder: Path) -> list[int]:
    """Living processes of a program with this working folder: also those that changed their command line."""
    found = []
    for pid in _pids():
        with suppress(OSError):  # gone, or somebody else's
            executable = Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
            if executable == program and Path(f"/proc/{pid}/cwd").samefile(folder):
                found.append(pid)
    return found


def end(pids: Iterable[int], number: signal.Signals, seconds: float) -> None:
    """Signal processes that are not our children; SIGKILL those that are there `seconds` later."""
    pids = list(pids)
    signal_all(pids, number)
    deadline = time.monotonic() + seconds
    while any(map(_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    signal_all(filter(_exists, pids), signal.SIGKILL)


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    """A file of a process, empty where the process is gone or somebody else's."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _exists(pid: int) -> bool:
    """Return whether the process lives: a zombie, which has no command line any more, does not."""
    return _read(pid, "cmdline") != b""
