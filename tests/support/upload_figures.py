"""How fast a large file is uploaded, and how much memory the site takes meanwhile."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import httpx

from tests.support.live import LiveSite

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class UploadFigures:
    """`peak_rss_mb` is the most that any process of the site took while the file came in."""

    megabytes: int
    seconds: float
    peak_rss_mb: float

    def __str__(self) -> str:
        speed = self.megabytes / self.seconds
        return f"{self.megabytes} MB in one request: {speed:.0f} MB/s, peak RSS {self.peak_rss_mb:.0f} MB"


def measure(site: LiveSite, token: str, megabytes: int) -> UploadFigures:
    """Send a file of `megabytes` to the site, as one request."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(megabytes * MEGABYTE),
        "Content-Length": str(megabytes * MEGABYTE),
        "Content-Type": "application/offset+octet-stream",
    }
    with _PeakRss(processes_of(site)) as peak:
        started = time.perf_counter()
        answer = httpx.post(
            f"{site.url}/api/v1/uploads", content=_pieces(megabytes), headers=headers, timeout=600
        )
        seconds = time.perf_counter() - started
    answer.raise_for_status()
    if answer.headers["Upload-Offset"] != headers["Upload-Length"]:
        raise RuntimeError(f"Only {answer.headers['Upload-Offset']} bytes arrived")
    return UploadFigures(megabytes, seconds, peak.megabytes)


def _pieces(megabytes: int) -> Iterator[bytes]:
    """Different bytes each time, so that every upload is a file of its own."""
    head = str(time.time_ns()).encode().ljust(64)
    rest = bytes(MEGABYTE)
    yield head + rest[len(head) :]
    for _ in range(megabytes - 1):
        yield rest


class _PeakRss:
    """Looks every 20 ms at the memory of some processes, while it is entered."""

    def __init__(self, pids: list[int]) -> None:
        self.pids, self.megabytes, self.done = pids, 0.0, Event()
        self.thread = Thread(target=self._watch)

    def __enter__(self) -> "_PeakRss":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.done.set()
        self.thread.join()

    def _watch(self) -> None:
        while True:
            self.megabytes = max(self.megabytes, *map(rss_mb, self.pids))
            if self.done.wait(0.02):
                return


def processes_of(site: LiveSite) -> list[int]:
    """The web server's processes."""
    master = site.web.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [master, *map(int, children)]


def rss_mb(pid: int) -> float:
    """Resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
