"""The state of a training in a file: written whole or not at all, also if the machine stops."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import torch


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a new file, and give it its name when it is on the disk."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors, numbers and words."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_whole(path, buffer.getbuffer())


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read ({str(error).splitlines()[0][:200]}): delete it, and begin again"
        ) from error
    return state
