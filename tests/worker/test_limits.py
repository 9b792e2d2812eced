"""How much memory a job may take."""

import os
import subprocess
import sys
from typing import Any

from worker import limits

MEBIBYTE = 1024**2


def test_beyond_the_limit_python_gets_a_memory_error_and_goes_on() -> None:
    program = (
        "import django; django.setup()\n"
        "from worker.limits import limit_memory\n"
        "limit_memory(300 * 1024**2)\n"
        "import numpy\n"
        "try:\n"
        "    numpy.ones(400 * 1024**2, dtype=numpy.uint8)\n"
        "except MemoryError:\n"
        "    print('refused, alive')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "refused, alive\n"


def test_jobs_that_run_at_once_share_three_quarters_of_the_machine(settings: Any) -> None:
    settings.JOB_MEMORY_BYTES, settings.EVALUATE_WORKERS = 0, 3
    assert limits.memory_for_one_job() == int(limits.machine_memory() / 4)
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 64 * MEBIBYTE < limits.machine_memory() <= physical


def test_operators_set_another_limit(settings: Any) -> None:
    settings.JOB_MEMORY_BYTES = 700 * MEBIBYTE
    assert limits.memory_for_one_job() == 700 * MEBIBYTE
