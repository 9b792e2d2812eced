"""Processor time of this process and of its PostgreSQL session."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection


@dataclass
class Spent:
    """Seconds."""

    site: float = 0.0
    postgres: float = 0.0
    wall: float = 0.0


@contextmanager
def spent() -> Iterator[Spent]:
    """Measure what is done inside."""
    found = Spent()
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    before = time.process_time(), _cpu_seconds(pid), time.perf_counter()
    yield found
    found.site, found.wall = time.process_time() - before[0], time.perf_counter() - before[2]
    found.postgres = _cpu_seconds(pid) - before[1]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
