"""The memory limit of one job, so that a hostile file ends its job and not the machine."""

import os
import resource
from pathlib import Path

from django.conf import settings

# The rest is for PostgreSQL, the web server and the file cache.
SHARE_OF_MACHINE = 0.75
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory_for_one_job() -> int:
    """Bytes: JOB_MEMORY_BYTES, or an equal share of what the machine or its container has."""
    if settings.JOB_MEMORY_BYTES:
        return int(settings.JOB_MEMORY_BYTES)
    return int(machine_memory() * SHARE_OF_MACHINE / settings.EVALUATE_WORKERS)


def machine_memory() -> int:
    """Bytes of memory of this machine, or of the container where that is less."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(physical, int(CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no such limit, or "max"
        return physical


def limit_memory(size: int) -> None:
    """Make allocations beyond `size` bytes raise MemoryError in this process.

    RLIMIT_DATA counts private writable memory alone; RLIMIT_AS would count mapped files and the address
    space that threads and the compiler only reserve.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (size, resource.RLIM_INFINITY))
