"""Two processes that do the same: one that dies is replaced, and all end together."""

import mmap
import os
import signal
import time
import traceback
from collections.abc import Callable
from typing import Final

from webapp.embedded.processes import end_with_parent

PROCESSES: Final = 2
# Seconds a request may take to finish when the site is stopped.
GRACE_S: Final = 5
_LONGER_S: Final = 2.0
_PAUSE_S: Final = 1.0
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
Serve = Callable[[int, "memoryview[int]"], None]


def run_pair(serve: Serve) -> None:
    """Run `serve(index, counts)` in each process until a signal asks us to stop.

    `counts` is one number per process, in memory that all share; it is zero where a process begins.
    """
    counts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q")[:PROCESSES]
    signals = {*_STOPPING, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    children = {_begin(serve, index, counts): index for index in range(PROCESSES)}
    while True:
        number = signal.sigwait(signals)
        if number in _STOPPING:
            _end(set(children))
            return
        for pid in [pid for pid in children if os.waitpid(pid, os.WNOHANG)[0]]:
            index = children.pop(pid)
            time.sleep(_PAUSE_S)  # what fails at its start does not do so a hundred times per second
            children[_begin(serve, index, counts)] = index


def _begin(serve: Serve, index: int, counts: "memoryview[int]") -> int:
    counts[index] = 0
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        end_with_parent(signal.SIGTERM, parent)
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)  # until the server has its own, and once it has finished
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_STOPPING, signal.SIGCHLD})
        serve(index, counts)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)  # a thread that is still computing keeps nobody waiting


def _end(pids: set[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S + _LONGER_S
    while pids and time.monotonic() < deadline:
        time.sleep(0.05)
        pids -= {pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0]}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
