"""Running out of memory: how it shows, and what to tell the user."""

from __future__ import annotations

import re

import torch

from dvis_model.spool import MEMORY_BYTES

PHRASES = ("out of memory", "not enough memory", "can't allocate memory")
WANTED = re.compile(r"tried to allocate ([\d.]+ ?(?:[KMG]iB|bytes))", re.IGNORECASE)


class OutOfMemory(MemoryError):
    """There is not enough memory for one window, however small."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an allocation failed, on whichever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in PHRASES)


def out_of_memory(error: BaseException, num_frames: int, height: int, width: int) -> OutOfMemory:
    """Return the error that says what was asked for and what can be done."""
    wanted = WANTED.search(str(error))
    asked = f", when {_readable(wanted[1])} more were needed" if wanted else ""
    frames = "1 frame" if num_frames == 1 else f"{num_frames} frames"
    return OutOfMemory(
        f"Memory ran out while segmenting {frames} of {width}x{height} pixels{asked}. "
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
