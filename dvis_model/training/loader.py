"""Makes the batches of the next steps while the network computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Loader(Generic[T]):
    """What a function returns for step after step, a few steps ahead, from threads.

    Batches are known by the number of their step alone, so a training that goes on at some step sees what it
    would have seen without the interruption.
    """

    def __init__(self, make: Callable[[int], T], *, threads: int = 1, ahead: int = 3) -> None:
        self._make, self._threads, self._ahead = make, threads, ahead

    def __call__(self, first: int, end: int) -> Iterator[T]:
        """Yield what is made for the steps from `first` to `end - 1`."""
        with ThreadPoolExecutor(self._threads, "batches") as pool:
            waiting: list[Future[T]] = []
            try:
                for step in range(first, end):
                    while len(waiting) < self._ahead and step + len(waiting) < end:
                        waiting.append(pool.submit(self._make, step + len(waiting)))
                    yield waiting.pop(0).result()
            finally:
                for future in waiting:
                    future.cancel()
