"""Spreads work over the videos of a split, with results in the order of the videos."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def each_video(work: Callable[[int], Result], videos: int, workers: int) -> Iterator[Result]:
    """Yield work(0), work(1) ... in this order; a few videos at most are done ahead, so memory stays bounded.

    Args:
        work: called with the place of a video, from several threads at once if `workers` is more than 1.
        workers: number of threads; the heavy parts are compiled and hold no lock.
    """
    if workers == 1:
        yield from map(work, range(videos))
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for index in range(videos):
                waiting.append(pool.submit(work, index))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
