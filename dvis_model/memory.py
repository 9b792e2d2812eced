"""Memory: kept for the next tensor while a model runs, and the error when there is not enough."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from dvis_model.spool import MEMORY_BYTES
from dvis_model.words import counted

# As glibc's malloc.h numbers them, and the values that its own adaptation ends at.
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
USUAL: Final = {M_TRIM_THRESHOLD: 2**26, M_MMAP_THRESHOLD: 2**25}
PHRASES = ("out of memory", "not enough memory", "can't allocate memory")
WANTED = re.compile(r"tried to allocate ([\d.]+ ?(?:[KMG]iB|bytes))", re.IGNORECASE)


class OutOfMemory(MemoryError):
    """There is not enough memory for one window, however small."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an allocation failed, on whichever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in PHRASES)


def out_of_memory(error: BaseException, num_frames: int, height: int, width: int) -> OutOfMemory:
    """Return the error that says what was asked for and what can be done."""
    wanted = WANTED.search(str(error))
    asked = f", when {_readable(wanted[1])} more were needed" if wanted else ""
    return OutOfMemory(
        f"Memory ran out while segmenting {counted(num_frames, 'frame')} of {width}x{height} pixels{asked}. "
        "Use smaller frames (short_side) or a machine with more memory."
    )


def _readable(wanted: str) -> str:
    count = wanted.removesuffix("bytes").strip()
    return f"{int(count) / 2**20:,.0f} MiB" if wanted.endswith("bytes") else wanted


def spool_bytes(device: torch.device) -> int:
    """Return how many bytes of a video's features may stay in memory: on a GPU, half of what is free."""
    if device.type != "cuda":
        return MEMORY_BYTES
    free, _ = torch.cuda.mem_get_info(device)
    return free // 2


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let the C library keep the memory that tensors give back, for the next ones.

    Else it returns large pieces at once, and the system clears each page again: on a CPU a tenth of a
    prediction's time at 360p, nearly a fifth at 720p. It takes up to a fifth more memory meanwhile; at the
    end what is free is returned. Where the library is not glibc, nothing happens.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        yield
        return
    for parameter in USUAL:
        library.mallopt(parameter, 2**31 - 1)
    try:
        yield
    finally:
        for parameter, value in USUAL.items():
            library.mallopt(parameter, value)
        library.malloc_trim(0)
