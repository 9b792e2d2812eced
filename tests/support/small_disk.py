"""A small disk that tests fill up to the last byte, and empty again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SmallDisk:
    """A folder with a file system of its own; without the right to mount one, no byte is for uploads."""

    folder: Path
    is_real: bool

    @property
    def environment(self) -> dict[str, str]:
        return {"DISK_RESERVE_PERCENT": "5" if self.is_real else "100"}

    @classmethod
    @contextmanager
    def mounted(cls, folder: Path, size: str) -> Iterator["SmallDisk"]:
        """Mount one of a size such as 600m on a new folder."""
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
        is_real = os.getuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
        try:
            yield cls(folder, is_real)
        finally:
            if is_real:
                subprocess.run(["umount", "--lazy", str(folder)], check=True)

    def fill(self) -> None:
        if not self.is_real:
            return
        with (self.folder / "full").open("wb", buffering=0) as file:
            for size in (1024**2, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def empty(self) -> None:
        (self.folder / "full").unlink(missing_ok=True)
