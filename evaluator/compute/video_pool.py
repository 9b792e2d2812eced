"""Spreads work over the videos of a split, among processes, with results in the order of the videos.

Processes and not threads: compiled code holds no interpreter lock, but a video takes thousands of short
calls, and two threads lose a third of their time handing the lock to each other between them. Processes are
forked, so they start at once, with the ground truth and the kernels loaded, and what is only read is shared.
"""

from __future__ import annotations

import contextlib
import importlib
import mmap
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

Result = TypeVar("Result")
Work = Callable[[int], Any]

_TICKETS: Final = 1024  # of 4 bytes each: a pipe holds at least this many
_STATM: Final = Path("/proc/self/statm")


def each_video(work: Callable[[int], Result], videos: int, workers: int) -> Iterator[Result]:
    """Yield work(0), work(1) ... in this order.

    Args:
        work: called with the index of a video. With several workers its result travels between processes,
            and of what it changes elsewhere only arrays of `shared_array` are seen by the caller.
        workers: number of processes, this one included. Systems that cannot fork use this one alone.

    Raises:
        What `work` raises; of several videos the first one's.
        MemoryError: the system ended a process.
    """
    workers = min(workers, videos)
    if workers <= 1 or not hasattr(os, "fork"):
        yield from map(work, range(videos))
        return
    tickets = _Tickets.print(videos)
    helpers: list[_Helper] = []
    try:
        for _ in range(workers - 1):
            helpers.append(_start(work, tickets, workers, helpers))
        yield from _collect(work, tickets, [helper.line for helper in helpers])
    finally:
        for helper in helpers:
            helper.end()
        os.close(tickets.pipe)


def shared_array(shape: tuple[int, ...], fill: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return an array that processes write to together."""
    size = int(np.prod(shape))
    pages = mmap.mmap(-1, max(1, size * np.dtype(dtype).itemsize))
    array = np.frombuffer(pages, dtype, size).reshape(shape)
    array[...] = fill
    return array


@dataclass(frozen=True, slots=True)
class _Tickets:
    """The videos that no process has taken yet: numbers in a pipe, each for `block` videos."""

    pipe: int
    block: int
    videos: int

    @classmethod
    def print(cls, videos: int) -> _Tickets:
        block = -(-videos // _TICKETS)
        pipe, end = os.pipe()
        os.write(end, np.arange(0, videos, block, dtype=np.int32).tobytes())
        os.close(end)
        return cls(pipe, block, videos)

    def take(self) -> Iterator[int]:
        """Yield videos, one after another, until none is left."""
        while ticket := os.read(self.pipe, 4):
            first = int.from_bytes(ticket, sys.byteorder)
            yield from range(first, min(first + self.block, self.videos))


@dataclass(frozen=True, slots=True)
class _Helper:
    """A child process and the connection on which its results arrive."""

    process: int
    line: Connection

    def end(self) -> None:
        self.line.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        # The system takes long to free its memory, as long as scoring some videos: do not wait.
        threading.Thread(target=self._bury, daemon=True).start()

    def _bury(self) -> None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.process, 0)


def _start(work: Work, tickets: _Tickets, processes: int, earlier: list[_Helper]) -> _Helper:
    ours, theirs = Pipe(duplex=False)
    process = os.fork()
    if process:
        theirs.close()
        return _Helper(process, ours)
    try:
        # Without other readers, a child that outlives the parent fails to send, and ends.
        for line in (ours, *(helper.line for helper in earlier)):
            line.close()
        _share_memory_limit(processes)
        for video in tickets.take():
            result, error = _attempt(work, video)
            if error is not None:
                error.add_note(f"In another process:\n{''.join(traceback.format_exception(error))}")
            theirs.send((video, result, error))
    finally:
        os._exit(0)  # skip what the parent has buffered or registered to run at exit


def _attempt(work: Work, video: int) -> tuple[Any, Exception | None]:
    try:
        return work(video), None
    except Exception as error:  # raised again when it is the video's turn
        return None, error


def _collect(work: Work, tickets: _Tickets, lines: list[Connection]) -> Iterator[Any]:
    """Score videos as the children do, and yield all results in the order of the videos."""
    own = tickets.take()
    answers: dict[int, tuple[Any, Exception | None]] = {}
    for video in range(tickets.videos):
        while video not in answers:
            mine = next(own, None)
            if mine is not None:
                answers[mine] = _attempt(work, mine)
            elif not lines:
                message = "A process that scored videos was ended, most likely for lack of memory"
                raise MemoryError(f"{message}. Use fewer workers.")
            _listen(lines, answers, 0 if mine is not None else None)
        result, error = answers.pop(video)
        if error is not None:
            raise error
        yield result


def _listen(
    lines: list[Connection], answers: dict[int, tuple[Any, Exception | None]], patience_s: float | None
) -> None:
    """Take the answers that have come; closed `lines` leave the list."""
    while lines and (ready := wait(lines, patience_s)):
        for line in ready:
            assert isinstance(line, Connection)
            try:
                video, result, error = line.recv()
                answers[video] = result, error
            except EOFError:
                lines.remove(line)
        patience_s = 0


def _share_memory_limit(processes: int) -> None:
    """Give this process its share of the remaining memory limit, so that all processes together keep it."""
    resource = importlib.import_module("resource")  # which systems that cannot fork lack
    limit, most = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY and _STATM.exists():
        used = int(_STATM.read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + max(0, limit - used) // processes, most))
