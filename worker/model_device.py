"""The device of this machine for the model: a GPU where there is one, else the processor."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from django.conf import settings

from worker import limits

CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Device:
    """The device that the model runs on.

    Attributes:
        kind: cuda or cpu, as torch names them.
        device: its name, for people.
        memory_bytes: of the GPU, or of the machine.
        threads: of the processor; on a GPU those that read frames.
    """

    kind: str
    device: str
    memory_bytes: int
    threads: int
    torch: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def prepare_device() -> Device:
    """Choose the device and set torch up for it, in the process that will use it: no fork after this."""
    threads = int(settings.MODEL_THREADS) or max(1, (os.cpu_count() or 1) // 2)
    torch.set_num_threads(threads)
    # The same inputs give the same results, also on a GPU.
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    version = str(torch.__version__)
    if torch.cuda.is_available():
        found = torch.cuda.get_device_properties(0)
        return Device("cuda", found.name, found.total_memory, threads, version)
    # On a GPU the driver reserves more than it uses, so that such a limit would stop it.
    limits.limit_memory(limits.memory_for_one_job())
    return Device("cpu", processor_name(), limits.machine_memory(), threads, version)


def processor_name() -> str:
    """Return the name that the kernel gives the processor, and its number of cores."""
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()} ({os.cpu_count()} cores)"
