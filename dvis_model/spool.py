"""Stores tensors that grow with a video: in memory at first, then in a file without a name."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

MEMORY_BYTES: Final = 16 * 2**20


class TensorSpool:
    """Groups of tensors, kept in order. The first ones stay where they are, the others wait in a file.

    Memory so stays the same however long the video. What the system has to spare holds the file's pages.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._free_bytes = memory_bytes
        self._kept: list[tuple[Tensor, ...]] = []
        self._filed: list[list[_Span]] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._kept) + len(self._filed)

    def append(self, *tensors: Tensor) -> None:
        """Keep a group of tensors."""
        size = sum(tensor.nbytes for tensor in tensors)
        if not self._filed and size <= self._free_bytes:
            self._free_bytes -= size
            self._kept.append(tensors)
        else:
            self._filed.append([self._write(tensor) for tensor in tensors])

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Return a group, on the devices its tensors came from."""
        if index < len(self._kept):
            return self._kept[index]
        return tuple(self._read(span) for span in self._filed[index - len(self._kept)])

    def _write(self, tensor: Tensor) -> _Span:
        offset = self._file.seek(0, 2)
        self._file.write(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        return _Span(offset, tensor.shape, tensor.dtype, tensor.device)

    def _read(self, span: _Span) -> Tensor:
        tensor = torch.empty(span.shape, dtype=span.dtype)
        self._file.seek(span.offset)
        self._file.readinto(tensor.view(torch.uint8).numpy().data)
        return tensor.to(span.device)


class _Span:
    """The offset of a tensor in the file, and its shape, type and device."""

    __slots__ = ("device", "dtype", "offset", "shape")

    def __init__(self, offset: int, shape: torch.Size, dtype: torch.dtype, device: torch.device) -> None:
        self.offset, self.shape, self.dtype, self.device = offset, shape, dtype, device


class ResultArray:
    """A result that is written frame by frame: an ordinary array if small, else one that a file holds."""

    def __init__(self, shape: Sequence[int], dtype: DTypeLike, memory_bytes: int = MEMORY_BYTES) -> None:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self._pages: mmap.mmap | None = None
        if size <= memory_bytes:
            self.array: NDArray[Any] = np.zeros(shape, dtype)
            return
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            self._pages = mmap.mmap(file.fileno(), size)
        self.array = np.ndarray(shape, dtype, buffer=self._pages)

    def release(self) -> None:
        """Let go of the memory of what has been written; it stays in the file."""
        if self._pages is not None:
            self._pages.madvise(mmap.MADV_DONTNEED)
